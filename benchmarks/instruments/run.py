"""One installation that is measured: at rest, under a full backlog, and at a steady rate."""

import asyncio
import contextlib
import sys
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.instruments import names
from benchmarks.instruments.disk import topic_bytes, wal_bytes
from benchmarks.instruments.exposition import Exposition, events_a_batch, exposed, latency_quantile
from benchmarks.instruments.figures import Figures
from benchmarks.instruments.processes import cpu_seconds, memory_megabytes, pids_of, used
from benchmarks.instruments.progress import Progress, following, reached
from benchmarks.instruments.references import copy_rates
from benchmarks.instruments.workload import messages_of, push, trickle
from deploy.embedded.installation import Installation, installation
from shared.events.record import Message

WARM_DATASETS, STEADY_DATASETS = 500, 800
WARM = 10**7
"""The number from which the datasets are made that warm everything up."""
PER_SECOND = 50.0
PAUSE_SECONDS, REST_SECONDS = 2.0, 8.0


@dataclass(frozen=True)
class Sample:
    """What an installation has used and written so far."""

    cpu: Mapping[str, float]
    topics: Mapping[str, int]
    wal: int
    exposition: Exposition


@dataclass(frozen=True)
class Run:
    """A running installation with its progress."""

    running: Installation
    progress: Progress
    seed: int

    async def measured(self, first: int, datasets: int) -> Figures:
        """All figures, with datasets whose numbers begin here."""
        messages = messages_of(first, datasets, self.seed)
        at_rest = await self._at_rest()
        under_backlog = await self._under_backlog(messages)
        copied = await copy_rates(self.running.settings.database.url, messages)
        cores, latency = await self._at_steady_rate(messages_of(first + datasets, STEADY_DATASETS, self.seed + 1))
        searchable = under_backlog[names.RATE][names.SEARCHABLE]
        return {
            **under_backlog,
            names.CORES: {names.AT_REST: at_rest, names.STEADY: cores},
            names.LATENCY: latency,
            names.COPY: copied,
            names.RATIO: {name: searchable / rate for name, rate in copied.items()},
        }

    async def flow(self, messages: Sequence[Message]) -> tuple[float, float]:
        """Send all as fast as possible. It returns the seconds until all were committed, and searchable."""
        committed, searchable = await self.progress.committed(), await self.progress.searchable()
        began = time.monotonic()
        _, all_committed, all_searchable = await asyncio.gather(
            push(self.running.settings.kafka, messages),
            reached(self.progress.committed, committed + len(messages)),
            reached(self.progress.searchable, searchable + len(messages)),
        )
        await self.progress.settled()
        return all_committed - began, all_searchable - began

    async def _at_rest(self) -> float:
        """The cores that everything uses while nothing happens."""
        await asyncio.sleep(PAUSE_SECONDS)
        began, before = time.monotonic(), self._cpu()
        await asyncio.sleep(REST_SECONDS)
        return used(before, self._cpu(), 1 / (time.monotonic() - began))[names.ALL]

    async def _under_backlog(self, messages: Sequence[Message]) -> Figures:
        """What a dataset costs while many wait."""
        before = await self._sample()
        committed, searchable = await self.flow(messages)
        after, count = await self._sample(), len(messages)
        topics = {topic: (size - before.topics.get(topic, 0)) / count for topic, size in after.topics.items()}
        return {
            names.RATE: {names.COMMITTED: count / committed, names.SEARCHABLE: count / searchable},
            names.CPU: used(before.cpu, after.cpu, 1e6 / count),
            names.BATCHES: events_a_batch(before.exposition, after.exposition),
            names.WRITTEN: {
                **{topic: size for topic, size in topics.items() if size},
                names.TOPICS: sum(topics.values()),
                names.WAL: (after.wal - before.wal) / count,
            },
            names.MEMORY: memory_megabytes(self.running),
        }

    async def _at_steady_rate(self, messages: Sequence[Message]) -> tuple[float, Mapping[str, float]]:
        """The cores that everything uses at a steady rate, and the quantiles of the latency in milliseconds."""
        searchable = await self.progress.searchable()
        earlier = await exposed([self.running.urls["search"]])
        before = self._cpu()
        await trickle(self.running.settings.kafka, messages, PER_SECOND)
        await reached(self.progress.searchable, searchable + len(messages))
        cores = used(before, self._cpu(), PER_SECOND / len(messages))[names.ALL]
        later = await exposed([self.running.urls["search"]])
        shares = {names.P50: 0.5, names.P99: 0.99}
        return cores, {name: latency_quantile(earlier, later, share) * 1000 for name, share in shares.items()}

    def _cpu(self) -> dict[str, float]:
        return cpu_seconds(pids_of(self.running))

    async def _sample(self) -> Sample:
        exposition = await exposed(self.running.urls.values())
        wal = await wal_bytes(self.progress.connection)
        return Sample(self._cpu(), topic_bytes(self.running.directory / "kafka"), wal, exposition)


@contextlib.asynccontextmanager
async def warmed_up(form: Mapping[str, Any], seed: int, directory: Path) -> AsyncIterator[Run]:
    """Start an installation with these arguments, and send some datasets through it."""
    async with installation(directory, say=partial(print, file=sys.stderr), **form) as running:
        settings = running.settings
        async with following(settings.kafka, settings.database.url) as progress:
            run = Run(running, progress, seed)
            await run.flow(messages_of(WARM, WARM_DATASETS, seed))
            yield run

"""`make bench-stages`: what every stage costs alone, in µs of CPU a dataset.

One service at a time works off a full backlog, which the services before it have prepared. The cost is that of its own
process, of PostgreSQL and of Kafka, from the moment at which it is ready until it has settled everything. Datasets
without inputs go through all services first, so that none of the others has to wait for its input.
"""

import argparse
import asyncio
import contextlib
import json
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from operator import add, sub
from pathlib import Path
from typing import NamedTuple

import httpx

from benchmarks.instruments.disk import wal_bytes
from benchmarks.instruments.processes import family_cpu_seconds
from benchmarks.instruments.progress import Progress, following, reached
from benchmarks.instruments.workload import messages_of, push
from deploy.embedded.forked import Nursery, ServiceProcess
from deploy.embedded.installation import FEW_PARTITIONS
from deploy.embedded.ports import LOOPBACK, any_free_port
from deploy.embedded.stack import Stack, embedded_stack
from deploy.embedded.supervisor import supervised
from shared.access.tokens import create_token
from shared.events.record import Message
from shared.events.topics import COMMITTED, LINKED, SUBMITTED, TRACKED, VALIDATED, Topic
from shared.kafka.settings import KafkaSettings, TopicSettings
from shared.kafka.topic_admin import apply_topics
from shared.postgres.migrations import migrate
from shared.runtime.facility import FacilitySettings

WARM, WARM_DATASETS = 10**7, 500
READY_SECONDS, PAUSE_SECONDS = 60.0, 0.01
MICROSECONDS = 1e6


class Step(NamedTuple):
    """A service that works off the backlog of some of its stages."""

    name: str
    service: str
    reads: Mapping[str, Topic]
    """The stages, and what each of them consumes."""
    writes: Topic | None = None
    """The topic that gets one record for each record of the backlog."""


STEPS = (
    Step("validator", "validator", {"validator": SUBMITTED}, VALIDATED),
    Step("linker", "linker", {"linker": VALIDATED}, LINKED),
    Step("sample_tracking", "sample_tracking", {"sample_tracking": LINKED}, TRACKED),
    Step("catalog_writer", "catalog_writer", {"catalog_writer": TRACKED}, COMMITTED),
    Step("search", "search", {"search": COMMITTED, "search-receipts": SUBMITTED}),
    Step("linker-commits", "linker", {"linker-commits": COMMITTED}),
)


class Cost(NamedTuple):
    """What was used: seconds of CPU by process, and bytes of PostgreSQL's log."""

    python: float = 0.0
    postgres: float = 0.0
    kafka: float = 0.0
    wal: float = 0.0

    def plus(self, other: "Cost") -> "Cost":
        """Both together."""
        return Cost(*map(add, self, other))

    def since(self, earlier: "Cost") -> "Cost":
        """What was used in between."""
        return Cost(*map(sub, self, earlier))

    @property
    def cpu(self) -> float:
        """The CPU of all processes."""
        return self.python + self.postgres + self.kafka


def line(name: str, cost: Cost, datasets: int) -> str:
    """The cost of a dataset in one step."""
    python, postgres, kafka, cpu = (
        round(seconds / datasets * MICROSECONDS) for seconds in (cost.python, cost.postgres, cost.kafka, cost.cpu)
    )
    wal = round(cost.wal / datasets)
    return f"{name:18} python {python:5}  postgres {postgres:5}  kafka {kafka:5}  sum {cpu:5}   wal {wal:6} B"


@dataclass
class Bench:
    """The servers, on which one service runs at a time."""

    stack: Stack
    nursery: Nursery
    progress: Progress
    environment: Mapping[str, str]
    logs: Path

    async def work_off(self, step: Step, count: int) -> Cost:
        """Run the service until it has settled its backlog of so many datasets, and what it writes is in Kafka."""
        written = await self.progress.written(step.writes) if step.writes else 0
        port = any_free_port()
        environment = {**self.environment, "BEAMCAT_HTTP_HOST": LOOPBACK, "BEAMCAT_HTTP_PORT": str(port)}
        process = ServiceProcess(step.service, self.nursery, environment, self.logs / f"{step.name}.log")
        async with supervised([process]) as supervisor:
            pid = supervisor.pid(step.service)
            await _ready(f"http://{LOOPBACK}:{port}/ready")
            before = await self._used(pid)
            for stage, topic in step.reads.items():
                await reached(partial(self.progress.read, stage, topic), await self.progress.written(topic))
            if step.writes is not None:
                await reached(partial(self.progress.written, step.writes), written + count)
            return (await self._used(pid)).since(before)

    async def _used(self, pid: int) -> Cost:
        wal = await wal_bytes(self.progress.connection)
        python, postgres, kafka = map(family_cpu_seconds, (pid, self.stack.pid("postgres"), self.stack.pid("kafka")))
        return Cost(python, postgres, kafka, wal)


@contextlib.asynccontextmanager
async def servers(directory: Path) -> AsyncIterator[tuple[Bench, KafkaSettings]]:
    """Start Kafka and PostgreSQL with topics and tables, and no service."""
    say = partial(print, file=sys.stderr)
    nursery, tokens = Nursery(directory / "nursery.log"), directory / "tokens.json"
    async with contextlib.AsyncExitStack() as ends:
        ends.push_async_callback(nursery.stop)
        stack = await ends.enter_async_context(embedded_stack(directory, say=say, meanwhile=nursery.start))
        kafka = KafkaSettings(bootstrap_servers=stack.bootstrap_servers)
        await migrate(stack.database_url)
        await apply_topics(kafka, TopicSettings(), partitions=FEW_PARTITIONS)
        create_token(tokens, "bench", ["*"])
        progress = await ends.enter_async_context(following(kafka, stack.database_url))
        facility = FacilitySettings().name
        environment = {**stack.environment, "BEAMCAT_FACILITY": facility, "BEAMCAT_TOKENS_FILE": str(tokens)}
        yield Bench(stack, nursery, progress, environment, directory), kafka


async def bench(datasets: int, only: Sequence[str], seed: int, directory: Path) -> None:
    """Warm everything up, then measure every step, or those that were named, and print their costs."""
    wanted = [step.name for step in STEPS if not only or step.name in only]
    steps = STEPS[: 1 + max(place for place, step in enumerate(STEPS) if step.name == wanted[-1])]
    async with servers(directory) as (bench, kafka):
        for messages in by_inputs(messages_of(WARM, WARM_DATASETS, seed)):
            await push(kafka, messages)
            for step in STEPS:
                await bench.work_off(step, len(messages))
        first, second = by_inputs(messages_of(0, datasets, seed))
        await push(kafka, first)
        costs = {step.name: await bench.work_off(step, len(first)) for step in STEPS}
        await push(kafka, second)
        for step in steps:
            costs[step.name] = costs[step.name].plus(await bench.work_off(step, len(second)))
            if step.name in wanted:
                print(line(step.name, costs[step.name], datasets), flush=True)
        print("all", round(sum(costs[name].cpu for name in wanted) / datasets * MICROSECONDS))


def by_inputs(messages: Sequence[Message]) -> tuple[list[Message], list[Message]]:
    """Those without inputs, and those with some."""
    parts: tuple[list[Message], list[Message]] = ([], [])
    for message in messages:
        parts[bool(json.loads(message.value)["submission"].get("input"))].append(message)
    return parts


async def _ready(url: str) -> None:
    async with asyncio.timeout(READY_SECONDS), httpx.AsyncClient() as client:
        while True:
            with contextlib.suppress(httpx.TransportError):
                if (await client.get(url)).is_success:
                    return
            await asyncio.sleep(PAUSE_SECONDS)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="make bench-stages --", description=__doc__)
    parser.add_argument("--datasets", type=int, default=10_000)
    parser.add_argument("--only", help="steps, separated by commas; those before them run, too")
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    names = chosen.only.split(",") if chosen.only else []
    if unknown := set(names) - {step.name for step in STEPS}:
        parser.error(f"there is no step {', '.join(unknown)}; there are {', '.join(step.name for step in STEPS)}")
    with tempfile.TemporaryDirectory() as temporary:
        asyncio.run(bench(chosen.datasets, names, chosen.seed, Path(temporary)))

"""Held submissions that the linker's relays take, in memory."""

from collections.abc import Collection, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext

from services.linker.held.batches import new_links
from services.linker.held.ports import NO_MORE_SEARCHES
from services.linker.held.settlement import Settled
from services.linker.inputs.near import Near
from services.linker.inputs.submissions import HeldSubmission
from services.linker.known import Known
from services.linker.storage.memory.tables import MemoryTables
from shared.events.dataset import DatasetFacts
from shared.events.identity import Identities


class MemoryDueBatch:
    """Held submissions that can be settled."""

    def __init__(self, tables: MemoryTables, identities: Identities, submissions: Sequence[HeldSubmission]) -> None:
        self.submissions = submissions
        self._tables = tables
        self._identities = identities
        self._known = Known()

    async def load(self, datasets: Sequence[DatasetFacts]) -> Known:
        """Everything there is."""
        self._known = self._tables.with_openings(datasets, self._tables.known(datasets, ()), self._identities)
        return self._known

    def kept_awake(self) -> AbstractAsyncContextManager[None]:
        """There is no server to keep awake."""
        return nullcontext()

    async def finish(self, settled: Sequence[Settled]) -> None:
        """Delete what was linked, and keep a tombstone of what was refused."""
        passed = ((each.submission.summary.id, each.passed) for each in settled if each.passed is not None)
        self._tables.bring_links(new_links(passed, self._known))
        for each in settled:
            key = each.submission.summary.key
            if each.refusal is None:
                del self._tables.held[key]
            else:
                self._tables.held[key] = each.submission.refused(each.refusal)


class MemorySearchBatch:
    """Held submissions whose search for near paths is repeated."""

    def __init__(self, tables: MemoryTables, submissions: Sequence[HeldSubmission]) -> None:
        self.submissions = submissions
        self._tables = tables

    def kept_awake(self) -> AbstractAsyncContextManager[None]:
        """There is no server to keep awake."""
        return nullcontext()

    async def near(self, paths: Collection[str]) -> Near:
        """The catalogued paths that may be meant by some paths that are not catalogued."""
        return self._tables.near(paths)

    async def finish(self, found: Collection[str]) -> None:
        """Count one search for each submission. Those with these keys are not searched for again."""
        for submission in self.submissions:
            key = submission.summary.key
            searches = self._tables.searches.get(key, 0) + 1
            self._tables.searches[key] = NO_MORE_SEARCHES if key in found else searches

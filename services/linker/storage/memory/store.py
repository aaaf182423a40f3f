"""The linker's store in memory."""

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from datetime import datetime

from services.linker.held.limits import MOST_AWAITED
from services.linker.held.ports import MOST_AT_ONCE, DueBatch, SearchBatch, StageStore, WaitingTotals
from services.linker.inputs.near import Near
from services.linker.inputs.submissions import HeldSummary, LinkerView, State
from services.linker.known import Known
from services.linker.plan.announcements import PlanContext
from services.linker.plan.commits import CommitContext, CommittedView
from services.linker.plan.rejections import RejectedView
from services.linker.storage.memory.announcements import AnnouncementsTransaction
from services.linker.storage.memory.commits import CommitsTransaction
from services.linker.storage.memory.due import MemoryDueBatch, MemorySearchBatch
from services.linker.storage.memory.linking import LinkingTransaction
from services.linker.storage.memory.rejections import RejectionsTransaction
from services.linker.storage.memory.tables import MemoryTables
from shared.events.dataset import DatasetFacts
from shared.events.identity import Identities
from shared.events.investigation import InvestigationAnnounced
from shared.vocabulary.relations import NO_DEMANDS, InputDemands


class MemoryLinks:
    """Everything that the linker remembers, in this process. One transaction runs at a time."""

    def __init__(
        self, identities: Identities, demands: InputDemands = NO_DEMANDS, most_awaited: int = MOST_AWAITED
    ) -> None:
        self._identities = identities
        self._tables = MemoryTables(demands=demands)
        self._turn = asyncio.Lock()
        self.linking: StageStore[LinkerView, Known] = StageStore(
            self._begin, lambda tables: LinkingTransaction(tables, identities, most_awaited)
        )
        self.commits: StageStore[CommittedView, CommitContext] = StageStore(self._begin, CommitsTransaction)
        self.announcements: StageStore[InvestigationAnnounced, PlanContext] = StageStore(
            self._begin, AnnouncementsTransaction
        )
        self.rejections: StageStore[RejectedView, None] = StageStore(self._begin, RejectionsTransaction)

    @asynccontextmanager
    async def _begin(self) -> AsyncIterator[MemoryTables]:
        async with self._turn:
            tables = self._tables.snapshot()
            yield tables
            self._tables = tables

    @asynccontextmanager
    async def due(self, most: int, now: datetime) -> AsyncIterator[DueBatch]:
        """Held submissions that can be settled."""
        async with self._begin() as tables:
            tables.resubmit_affected(most, now)
            yield MemoryDueBatch(tables, self._identities, list(tables.due())[:most])

    @asynccontextmanager
    async def due_searches(self, waited_since: Sequence[datetime], most: int) -> AsyncIterator[SearchBatch]:
        """Held submissions whose search for near paths is due."""
        async with self._begin() as tables:
            yield MemorySearchBatch(tables, list(tables.due_for_search(waited_since))[:most])

    async def peek(self, datasets: Sequence[DatasetFacts]) -> Known:
        """What is known about the datasets and their inputs."""
        return self._tables.known(datasets, (), include_inputs=True)

    async def near(self, paths: Collection[str]) -> Near:
        """The catalogued paths that may be meant by some paths that are not catalogued."""
        return self._tables.near(paths)

    async def expire(self, now: datetime) -> int:
        """Give up some of what has waited past its deadline."""
        async with self._begin() as tables:
            return tables.expire(now, MOST_AT_ONCE)

    async def release_overlooked(self) -> int:
        """Nothing is overlooked, because no other version writes here."""
        return 0

    async def waiting(self) -> WaitingTotals:
        """How much waits for inputs, and since when."""
        since = [each.summary.since for each in self._tables.held.values() if each.summary.state is State.WAITING]
        return WaitingTotals(len(since), min(since, default=None))

    async def pending(self, most: int) -> Sequence[HeldSummary]:
        """What is held and not settled, oldest first."""
        summaries = (submission.summary for submission in self._tables.held.values())
        return [summary for summary in summaries if summary.state is not State.REFUSED][:most]

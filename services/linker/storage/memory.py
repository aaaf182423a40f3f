"""The linker's memory in a dictionary: the twin of `store.py`, for tests and to read the rules without SQL."""

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from dataclasses import replace
from datetime import datetime
from itertools import islice

from services.linker.held.holdings import Settled, holdings_of, new_links, passed_of, readmitted, submissions_of
from services.linker.held.limits import MOST_AWAITED, over_limit
from services.linker.held.ports import MOST_AT_ONCE, NO_MORE_SEARCHES, DueBatch, SearchBatch, StageStore, WaitingTotals
from services.linker.inputs.near import Near
from services.linker.inputs.submissions import HeldSubmission, HeldSummary, LinkerView, State
from services.linker.known import Known
from services.linker.plan.announcements import (
    CommittedView,
    PlanContext,
    Planned,
    RejectedView,
    last_lost,
    newest_of,
    place_of,
    repeatable,
)
from services.linker.plan.revisits import CommitContext
from services.linker.storage.memory_tables import MemoryTables
from shared.events.dataset import DatasetFacts
from shared.events.identity import Identities
from shared.events.investigation import InvestigationAnnounced
from shared.events.wire import Received
from shared.stages.outcomes import Outcome
from shared.stages.stage import Store
from shared.vocabulary.relations import NO_DEMANDS, InputDemands


class MemoryLinks:
    """All that the linker remembers, in this process. One transaction at a time."""

    def __init__(
        self, identities: Identities, demands: InputDemands = NO_DEMANDS, most_awaited: int = MOST_AWAITED
    ) -> None:
        self._identities = identities
        self._tables = MemoryTables(demands=demands)
        self._turn = asyncio.Lock()
        self.linking: Store[LinkerView, Known] = StageStore(
            self._begin, lambda tables: _Linking(tables, identities, most_awaited)
        )
        self.commits: Store[CommittedView, CommitContext] = StageStore(self._begin, _Commits)
        self.announcements: Store[InvestigationAnnounced, PlanContext] = StageStore(self._begin, _Announcements)

        self.rejections: Store[RejectedView, None] = StageStore(self._begin, _Rejections)

    @asynccontextmanager
    async def _begin(self) -> AsyncIterator[MemoryTables]:
        async with self._turn:
            tables = self._tables.snapshot()
            yield tables
            self._tables = tables

    @asynccontextmanager
    async def due(self, most: int, now: datetime) -> AsyncIterator[DueBatch]:
        """What may be settled now."""
        async with self._begin() as tables:
            tables.send_revisits(most, now)
            yield _Lot(tables, self._identities, list(tables.due())[:most])

    @asynccontextmanager
    async def due_searches(self, waited_since: Sequence[datetime], most: int) -> AsyncIterator[SearchBatch]:
        """What is to be looked at once more."""
        async with self._begin() as tables:
            yield _Looks(tables, list(tables.to_look_at(waited_since))[:most])

    async def peek(self, datasets: Sequence[DatasetFacts]) -> Known:
        """What is known of the datasets and their inputs."""
        return self._tables.known(datasets, (), include_inputs=True)

    async def near(self, paths: Collection[str]) -> Near:
        """The catalogued paths that may be meant by some that are not."""
        return self._tables.near(paths)

    async def expire(self, now: datetime) -> int:
        """Give up on what has waited past its deadline."""
        async with self._begin() as tables:
            late = [
                (key, holding)
                for key, holding in tables.held.items()
                if holding.summary.state is State.WAITING
                and holding.summary.deadline is not None
                and holding.summary.deadline <= now
            ][:MOST_AT_ONCE]
            for key, holding in late:
                expired = replace(holding.summary, state=State.EXPIRED)
                tables.held[key] = replace(holding, summary=expired)
            return len(late)

    async def release_overlooked(self) -> int:
        """Nothing: no other version writes here."""
        return 0

    async def waiting(self) -> WaitingTotals:
        """What waits for inputs, all in all."""
        submissions = [each.summary for each in self._tables.held.values() if each.summary.state is State.WAITING]
        return WaitingTotals(len(submissions), min((each.since for each in submissions), default=None))

    async def pending(self, most: int) -> Sequence[HeldSummary]:
        """What is held and not settled, oldest first."""
        unsettled = (each.summary for each in self._tables.held.values())
        return [submission for submission in unsettled if submission.state is not State.REFUSED][:most]


class _Linking:
    """One transaction of the stage that links."""

    def __init__(self, tables: MemoryTables, identities: Identities, most_awaited: int) -> None:
        self._tables = tables
        self._identities = identities
        self._most_awaited = most_awaited
        self._known = Known()

    async def load(self, events: Sequence[Received[LinkerView]]) -> Known:
        """Everything."""
        datasets = [event.event.dataset for event in events]
        known = self._tables.known(datasets, submissions_of(events))
        known = self._tables.opened(datasets, known, self._identities)
        crowded = over_limit(events, known, self._tables.awaited(), self._most_awaited)
        self._known = replace(known, over_limit=crowded)
        return self._known

    async def save(self, events: Sequence[Received[LinkerView]], outcomes: Sequence[Outcome]) -> None:
        """Keep what did not pass."""
        self._tables.hold(holdings_of(events, outcomes, self._known))
        self._tables.bring(new_links(passed_of(events, outcomes), self._known))
        self._tables.readmit(readmitted(events, outcomes, self._known))


class _Commits:
    """One transaction of the stage that learns of commits."""

    def __init__(self, tables: MemoryTables) -> None:
        self._tables = tables

    async def load(self, events: Sequence[Received[CommittedView]]) -> CommitContext:
        """Every investigation and every dataset."""
        del events
        catalogued = self._tables.catalogued()
        return CommitContext(list(self._tables.slots.values()), catalogued, catalogued)

    async def save(self, events: Sequence[Received[CommittedView]], outcomes: Sequence[Outcome]) -> None:
        """The datasets, what they free, where they belong, and whom they concern."""
        facts = newest_of(outcomes)
        self._tables.note_answered(repeatable(events))
        for fact in facts:
            self._tables.learn(fact)
        for fact in facts:
            self._tables.note_revisits(fact)
        self._tables.send(move for fact in facts for move in fact.moves)


class _Rejections:
    """One transaction of the stage that learns of rejections."""

    def __init__(self, tables: MemoryTables) -> None:
        self._tables = tables

    async def load(self, events: Sequence[Received[RejectedView]]) -> None:
        """Nothing is needed."""

    async def save(self, events: Sequence[Received[RejectedView]], outcomes: Sequence[Outcome]) -> None:
        """The datasets that are lost, and what that ends."""
        del events
        for lost in last_lost(outcomes).values():
            self._tables.lose(lost)


class _Announcements:
    """One transaction of the stage that learns of investigations."""

    def __init__(self, tables: MemoryTables) -> None:
        self._tables = tables

    async def load(self, events: Sequence[Received[InvestigationAnnounced]]) -> PlanContext:
        """Every dataset and every investigation."""
        placed = [fact.placed for fact in self._tables.datasets.values()]
        strays = [each for each in placed if each.in_placeholder]
        numbers = list(islice(self._tables.numbers, len(events)))
        return PlanContext(list(self._tables.slots.values()), strays, placed, numbers, self._tables.announcements)

    async def save(self, events: Sequence[Received[InvestigationAnnounced]], outcomes: Sequence[Outcome]) -> None:
        """The investigations, and the moves of their datasets."""
        self._tables.announcements = self._tables.announcements | {place_of(event) for event in events}
        for outcome in outcomes:
            if isinstance(outcome, Planned):
                self._tables.slots[outcome.slot.investigation_id] = outcome.slot
                self._tables.send(outcome.moves)


class _Looks:
    """Holdings to be looked at once more."""

    def __init__(self, tables: MemoryTables, holdings: Sequence[HeldSubmission]) -> None:
        self.holdings = holdings
        self._tables = tables

    def kept_awake(self) -> AbstractAsyncContextManager[None]:
        """Nobody listens."""
        return nullcontext()

    async def near(self, paths: Collection[str]) -> Near:
        """The catalogued paths that may be meant by some that are not."""
        return self._tables.near(paths)

    async def finish(self, told: Collection[str]) -> None:
        """All were looked at; these are not looked at again."""
        for holding in self.holdings:
            key = holding.summary.key
            looks = self._tables.looks.get(key, 0) + 1
            self._tables.looks[key] = NO_MORE_SEARCHES if key in told else looks


class _Lot:
    """Holdings that may be settled now."""

    def __init__(self, tables: MemoryTables, identities: Identities, holdings: Sequence[HeldSubmission]) -> None:
        self.holdings = holdings
        self._tables = tables
        self._identities = identities
        self._known = Known()

    async def load(self, datasets: Sequence[DatasetFacts]) -> Known:
        """Everything."""
        self._known = self._tables.opened(datasets, self._tables.known(datasets, ()), self._identities)
        return self._known

    def kept_awake(self) -> AbstractAsyncContextManager[None]:
        """Nobody listens."""
        return nullcontext()

    async def finish(self, settled: Sequence[Settled]) -> None:
        """Forget what was linked; keep a tombstone of what was refused."""
        passed = ((each.holding.summary.id, each.passed) for each in settled if each.passed is not None)
        self._tables.bring(new_links(passed, self._known))
        for each in settled:
            key = each.holding.summary.key
            if each.refusal is None:
                del self._tables.held[key]
            else:
                self._tables.held[key] = each.holding.refused(each.refusal)

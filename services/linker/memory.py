"""The linker's memory in a dictionary: the twin of `store.py`, for tests and to read the rules without SQL."""

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from dataclasses import replace
from datetime import datetime
from itertools import islice

from services.linker.crowding import MOST_AWAITED, crowded_out
from services.linker.handler import HeldSubmission, Known, LinkerView, State
from services.linker.holding import Holding, Settled, holdings_of, new_links, readmitted, submissions_of
from services.linker.learning import (
    CommittedView,
    Diary,
    Planned,
    RejectedView,
    last_lost,
    newest_of,
    place_of,
)
from services.linker.near import Near
from services.linker.ports import MOST_AT_ONCE, NO_MORE_LOOKS, Looks, Lot, Queue, Side
from services.linker.revisiting import Surroundings
from services.linker.shelf import Shelf
from shared.events.dataset import DatasetFacts
from shared.events.identity import Identities
from shared.events.investigation import InvestigationAnnounced
from shared.events.wire import Received
from shared.stages.outcomes import Outcome, Passed
from shared.stages.stage import Store
from shared.vocabulary.relations import NO_DEMANDS, InputDemands


class MemoryLinks:
    """All that the linker remembers, in this process. One transaction at a time."""

    def __init__(
        self, identities: Identities, demands: InputDemands = NO_DEMANDS, most_awaited: int = MOST_AWAITED
    ) -> None:
        self._identities = identities
        self._shelf = Shelf(demands=demands)
        self._turn = asyncio.Lock()
        self.linking: Store[LinkerView, Known] = Side(
            self._begin, lambda shelf: _Linking(shelf, identities, most_awaited)
        )
        self.commits: Store[CommittedView, Surroundings] = Side(self._begin, _Commits)
        self.announcements: Store[InvestigationAnnounced, Diary] = Side(self._begin, _Announcements)

        self.rejections: Store[RejectedView, None] = Side(self._begin, _Rejections)

    @asynccontextmanager
    async def _begin(self) -> AsyncIterator[Shelf]:
        async with self._turn:
            shelf = self._shelf.snapshot()
            yield shelf
            self._shelf = shelf

    @asynccontextmanager
    async def lot(self, most: int, now: datetime) -> AsyncIterator[Lot]:
        """What may be settled now."""
        async with self._begin() as shelf:
            shelf.send_revisits(most, now)
            yield _Lot(shelf, self._identities, list(shelf.due())[:most])

    @asynccontextmanager
    async def looks(self, waited_since: Sequence[datetime], most: int) -> AsyncIterator[Looks]:
        """What is to be looked at once more."""
        async with self._begin() as shelf:
            yield _Looks(shelf, list(shelf.to_look_at(waited_since))[:most])

    async def peek(self, datasets: Sequence[DatasetFacts]) -> Known:
        """What is known of the datasets and their inputs."""
        return self._shelf.known(datasets, (), include_inputs=True)

    async def near(self, paths: Collection[str]) -> Near:
        """The catalogued paths that may be meant by some that are not."""
        return self._shelf.near(paths)

    async def expire(self, now: datetime) -> int:
        """Give up on what has waited past its deadline."""
        async with self._begin() as shelf:
            late = [
                (key, holding)
                for key, holding in shelf.held.items()
                if holding.submission.state is State.WAITING
                and holding.submission.deadline is not None
                and holding.submission.deadline <= now
            ][:MOST_AT_ONCE]
            for key, holding in late:
                expired = replace(holding.submission, state=State.EXPIRED)
                shelf.held[key] = replace(holding, submission=expired)
            return len(late)

    async def release_overlooked(self) -> int:
        """Nothing: no other version writes here."""
        return 0

    async def waiting(self) -> Queue:
        """What waits for inputs, all in all."""
        submissions = [each.submission for each in self._shelf.held.values() if each.submission.state is State.WAITING]
        return Queue(len(submissions), min((each.since for each in submissions), default=None))

    async def pending(self, most: int) -> Sequence[HeldSubmission]:
        """What is held and not settled, oldest first."""
        unsettled = (each.submission for each in self._shelf.held.values())
        return [submission for submission in unsettled if submission.state is not State.REFUSED][:most]


class _Linking:
    """One transaction of the stage that links."""

    def __init__(self, shelf: Shelf, identities: Identities, most_awaited: int) -> None:
        self._shelf = shelf
        self._identities = identities
        self._most_awaited = most_awaited
        self._known = Known()

    async def load(self, events: Sequence[Received[LinkerView]]) -> Known:
        """Everything."""
        datasets = [event.event.dataset for event in events]
        known = self._shelf.known(datasets, submissions_of(events))
        known = self._shelf.opened(datasets, known, self._identities)
        crowded = crowded_out(events, known, self._shelf.awaited(), self._most_awaited)
        self._known = replace(known, crowded=crowded)
        return self._known

    async def save(self, events: Sequence[Received[LinkerView]], outcomes: Sequence[Outcome]) -> None:
        """Keep what did not pass."""
        self._shelf.hold(holdings_of(events, outcomes, self._known))
        passed = (
            event.event.dataset for event, outcome in zip(events, outcomes, strict=True) if isinstance(outcome, Passed)
        )
        self._shelf.bring(new_links(passed, self._known))
        self._shelf.readmit(readmitted(events, outcomes, self._known))


class _Commits:
    """One transaction of the stage that learns of commits."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf

    async def load(self, events: Sequence[Received[CommittedView]]) -> Surroundings:
        """Every investigation and every dataset."""
        del events
        catalogued = self._shelf.catalogued()
        return Surroundings(list(self._shelf.slots.values()), catalogued, catalogued)

    async def save(self, events: Sequence[Received[CommittedView]], outcomes: Sequence[Outcome]) -> None:
        """The datasets, what they free, where they belong, and whom they concern."""
        del events
        facts = newest_of(outcomes)
        for fact in facts:
            self._shelf.learn(fact)
        for fact in facts:
            self._shelf.note_revisits(fact)
        self._shelf.send(move for fact in facts for move in fact.moves)


class _Rejections:
    """One transaction of the stage that learns of rejections."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf

    async def load(self, events: Sequence[Received[RejectedView]]) -> None:
        """Nothing is needed."""

    async def save(self, events: Sequence[Received[RejectedView]], outcomes: Sequence[Outcome]) -> None:
        """The datasets that are lost, and what that ends."""
        del events
        for lost in last_lost(outcomes).values():
            self._shelf.lose(lost)


class _Announcements:
    """One transaction of the stage that learns of investigations."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf

    async def load(self, events: Sequence[Received[InvestigationAnnounced]]) -> Diary:
        """Every dataset and every investigation."""
        placed = [fact.placed for fact in self._shelf.datasets.values()]
        strays = [each for each in placed if each.is_stray]
        numbers = list(islice(self._shelf.numbers, len(events)))
        return Diary(list(self._shelf.slots.values()), strays, placed, numbers, self._shelf.announcements)

    async def save(self, events: Sequence[Received[InvestigationAnnounced]], outcomes: Sequence[Outcome]) -> None:
        """The investigations, and the moves of their datasets."""
        self._shelf.announcements = self._shelf.announcements | {place_of(event) for event in events}
        for outcome in outcomes:
            if isinstance(outcome, Planned):
                self._shelf.slots[outcome.slot.investigation_id] = outcome.slot
                self._shelf.send(outcome.moves)


class _Looks:
    """Holdings to be looked at once more."""

    def __init__(self, shelf: Shelf, holdings: Sequence[Holding]) -> None:
        self.holdings = holdings
        self._shelf = shelf

    def kept_awake(self) -> AbstractAsyncContextManager[None]:
        """Nobody listens."""
        return nullcontext()

    async def near(self, paths: Collection[str]) -> Near:
        """The catalogued paths that may be meant by some that are not."""
        return self._shelf.near(paths)

    async def finish(self, told: Collection[str]) -> None:
        """All were looked at; these are not looked at again."""
        for holding in self.holdings:
            key = holding.submission.key
            looks = self._shelf.looks.get(key, 0) + 1
            self._shelf.looks[key] = NO_MORE_LOOKS if key in told else looks


class _Lot:
    """Holdings that may be settled now."""

    def __init__(self, shelf: Shelf, identities: Identities, holdings: Sequence[Holding]) -> None:
        self.holdings = holdings
        self._shelf = shelf
        self._identities = identities
        self._known = Known()

    async def load(self, datasets: Sequence[DatasetFacts]) -> Known:
        """Everything."""
        self._known = self._shelf.opened(datasets, self._shelf.known(datasets, ()), self._identities)
        return self._known

    def kept_awake(self) -> AbstractAsyncContextManager[None]:
        """Nobody listens."""
        return nullcontext()

    async def finish(self, settled: Sequence[Settled]) -> None:
        """Forget what was linked; keep a tombstone of what was refused."""
        self._shelf.bring(new_links((each.passed for each in settled if each.passed is not None), self._known))
        for each in settled:
            key = each.holding.submission.key
            if each.refusal is None:
                del self._shelf.held[key]
            else:
                self._shelf.held[key] = each.holding.refused(each.refusal)

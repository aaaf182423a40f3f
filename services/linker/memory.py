"""The linker's memory in a dictionary: the twin of `store.py`, for tests and to read the rules without SQL."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from copy import copy
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import count, islice
from uuid import UUID

from services.linker.handler import HeldSubmission, Known, LinkerView, State
from services.linker.holding import Holding, Settled, holdings_of, new_links
from services.linker.investigations import FIRST_OWN_NUMBER, Plan, Slot, open_for
from services.linker.learning import Catalogued, CommittedView, Diary, Planned, Rescheduled, newest_of
from services.linker.lineage import Node
from services.linker.moving import Move
from services.linker.ports import Lot, Queue, Side
from shared.events import DatasetFacts, InvestigationAnnounced
from shared.identity import Identities
from shared.stage import Outcome, Passed, Store
from shared.wire import Received

DUE = (State.RELEASED, State.EXPIRED)


@dataclass
class _Shelf:
    """What the tables hold. Holdings lie in the order of arrival."""

    datasets: dict[UUID, Catalogued] = field(default_factory=dict)
    links: dict[UUID, frozenset[UUID]] = field(default_factory=dict)
    held: dict[str, Holding] = field(default_factory=dict)
    slots: dict[UUID, Slot] = field(default_factory=dict)
    numbers: Iterator[int] = field(default_factory=lambda: count(FIRST_OWN_NUMBER))
    awaiting_completion: frozenset[str] = frozenset()

    def snapshot(self) -> "_Shelf":
        """A shelf that changes by itself; what lies on it never does."""
        return replace(
            self, datasets=copy(self.datasets), links=copy(self.links), held=copy(self.held), slots=copy(self.slots)
        )

    def known(
        self, datasets: Iterable[DatasetFacts], receipts: Iterable[str], *, include_inputs: bool = False
    ) -> Known:
        """All there is to know; what the batch does not touch does no harm."""
        own = {dataset.dataset_id for dataset in datasets}
        if include_inputs:
            own |= {declared.dataset_id for dataset in datasets for declared in dataset.inputs}
        asked = set(receipts)
        return Known(
            catalogued={key: replace(fact.as_input, inputs=self.links[key]) for key, fact in self.datasets.items()},
            held=[
                holding.submission
                for receipt_id, holding in self.held.items()
                if receipt_id in asked
                or (holding.submission.dataset_id in own and holding.submission.state is not State.REFUSED)
            ],
            ancestry=self._ancestry(),
            plan=Plan(self.slots.values()),
            awaiting_completion=self.awaiting_completion,
        )

    def _ancestry(self) -> dict[UUID, Node]:
        ancestry = {key: Node(fact.as_input.path, self.links[key]) for key, fact in self.datasets.items()}
        for holding in self.held.values():
            key, path = holding.submission.dataset_id, holding.submission.path
            before = ancestry.get(key, Node(path, frozenset()))
            ancestry[key] = Node(path, before.inputs | holding.inputs)
        return ancestry

    def hold(self, holdings: Iterable[Holding]) -> None:
        """Keep what is not kept already."""
        for holding in holdings:
            self.held.setdefault(holding.submission.receipt_id, holding)

    def bring(self, links: dict[UUID, frozenset[UUID]]) -> None:
        """Remember inputs that are under way to the catalogue."""
        for key, inputs in links.items():
            self.links[key] = self.links[key] | inputs

    def opened(self, datasets: Iterable[DatasetFacts], known: Known, identities: Identities) -> Known:
        """The same, with an investigation for each dataset that the plan has no place for."""
        new = open_for(map(known.addressed, datasets), known.plan, identities, self.numbers)
        self.slots |= {slot.investigation_id: slot for slot in new}
        return known

    def send(self, moves: Iterable[Move]) -> None:
        """Send datasets to their investigations, but for those that another revision has overtaken meanwhile."""
        for move in moves:
            if self.datasets[move.placed.facts.dataset_id].revision == move.placed.revision:
                self.hold([move.holding])

    def due(self) -> Iterator[Holding]:
        """What is released or expired and has nothing waiting before it."""
        blocked: set[UUID] = set()
        for holding in self.held.values():
            if holding.submission.state is State.WAITING:
                blocked.add(holding.submission.dataset_id)
            elif holding.submission.state in DUE and holding.submission.dataset_id not in blocked:
                yield holding

    def learn(self, fact: Catalogued) -> None:
        """A newer revision, and what it frees."""
        before = self.datasets.get(fact.dataset_id)
        if before is None or before.revision < fact.revision:
            self.datasets[fact.dataset_id] = fact
            self.links[fact.dataset_id] = fact.as_input.inputs
        for receipt_id, holding in self.held.items():
            if holding.submission.state is State.WAITING and (fact.as_input.complete or not holding.awaits_completion):
                self.held[receipt_id] = self._without(holding, fact.dataset_id)

    def _without(self, holding: Holding, dataset_id: UUID) -> Holding:
        places = [place for place, missing in enumerate(holding.missing) if missing != dataset_id]
        submission = replace(
            holding.submission,
            waits_for=tuple(holding.submission.waits_for[place] for place in places),
            state=State.WAITING if places else State.RELEASED,
        )
        return replace(holding, submission=submission, missing=tuple(holding.missing[place] for place in places))


class MemoryLinks:
    """All that the linker remembers, in this process. One transaction at a time."""

    def __init__(self, identities: Identities, awaiting_completion: frozenset[str] = frozenset()) -> None:
        self._identities = identities
        self._shelf = _Shelf(awaiting_completion=awaiting_completion)
        self._turn = asyncio.Lock()
        self.linking: Store[LinkerView, Known] = Side(self._begin, lambda shelf: _Linking(shelf, identities))
        self.commits: Store[CommittedView, Sequence[Slot]] = Side(self._begin, _Commits)
        self.announcements: Store[InvestigationAnnounced, Diary] = Side(self._begin, _Announcements)

    @asynccontextmanager
    async def _begin(self) -> AsyncIterator[_Shelf]:
        async with self._turn:
            shelf = self._shelf.snapshot()
            yield shelf
            self._shelf = shelf

    @asynccontextmanager
    async def lot(self, most: int) -> AsyncIterator[Lot]:
        """What may be settled now."""
        async with self._begin() as shelf:
            yield _Lot(shelf, self._identities, list(shelf.due())[:most])

    async def peek(self, datasets: Sequence[DatasetFacts]) -> Known:
        """What is known of the datasets and their inputs."""
        return self._shelf.known(datasets, (), include_inputs=True)

    async def expire(self, now: datetime) -> int:
        """Give up on what has waited past its deadline."""
        async with self._begin() as shelf:
            late = [
                (receipt_id, holding)
                for receipt_id, holding in shelf.held.items()
                if holding.submission.state is State.WAITING
                and holding.submission.deadline is not None
                and holding.submission.deadline <= now
            ]
            for receipt_id, holding in late:
                expired = replace(holding.submission, state=State.EXPIRED)
                shelf.held[receipt_id] = replace(holding, submission=expired)
            return len(late)

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

    def __init__(self, shelf: _Shelf, identities: Identities) -> None:
        self._shelf = shelf
        self._identities = identities
        self._known = Known()

    async def load(self, events: Sequence[Received[LinkerView]]) -> Known:
        """Everything."""
        datasets = [event.event.dataset for event in events]
        known = self._shelf.known(datasets, [event.receipt_id for event in events])
        self._known = self._shelf.opened(datasets, known, self._identities)
        return self._known

    async def save(self, events: Sequence[Received[LinkerView]], outcomes: Sequence[Outcome]) -> None:
        """Keep what did not pass."""
        self._shelf.hold(holdings_of(events, outcomes, self._known))
        passed = (
            event.event.dataset for event, outcome in zip(events, outcomes, strict=True) if isinstance(outcome, Passed)
        )
        self._shelf.bring(new_links(passed, self._known))


class _Commits:
    """One transaction of the stage that learns of commits."""

    def __init__(self, shelf: _Shelf) -> None:
        self._shelf = shelf

    async def load(self, events: Sequence[Received[CommittedView]]) -> Sequence[Slot]:
        """Every investigation."""
        del events
        return list(self._shelf.slots.values())

    async def save(self, events: Sequence[Received[CommittedView]], outcomes: Sequence[Outcome]) -> None:
        """The datasets, what they free, and where they belong."""
        del events
        facts = newest_of(outcomes)
        for fact in facts:
            self._shelf.learn(fact)
        self._shelf.send(move for fact in facts for move in fact.moves)


class _Announcements:
    """One transaction of the stage that learns of investigations."""

    def __init__(self, shelf: _Shelf) -> None:
        self._shelf = shelf

    async def load(self, events: Sequence[Received[InvestigationAnnounced]]) -> Diary:
        """Every dataset and every investigation."""
        placed = [fact.placed for fact in self._shelf.datasets.values()]
        strays = [each for each in placed if each.is_stray]
        return Diary(list(self._shelf.slots.values()), strays, placed, list(islice(self._shelf.numbers, len(events))))

    async def save(self, events: Sequence[Received[InvestigationAnnounced]], outcomes: Sequence[Outcome]) -> None:
        """The investigations, and the moves of their datasets."""
        del events
        for outcome in outcomes:
            if isinstance(outcome, Planned):
                self._shelf.slots[outcome.slot.investigation_id] = outcome.slot
            if isinstance(outcome, (Planned, Rescheduled)):
                self._shelf.send(outcome.moves)


class _Lot:
    """Holdings that may be settled now."""

    def __init__(self, shelf: _Shelf, identities: Identities, holdings: Sequence[Holding]) -> None:
        self.holdings = holdings
        self._shelf = shelf
        self._identities = identities
        self._known = Known()

    async def load(self, datasets: Sequence[DatasetFacts]) -> Known:
        """Everything."""
        self._known = self._shelf.opened(datasets, self._shelf.known(datasets, ()), self._identities)
        return self._known

    async def finish(self, settled: Sequence[Settled]) -> None:
        """Forget what was linked; keep a tombstone of what was refused."""
        self._shelf.bring(new_links((each.passed for each in settled if each.passed is not None), self._known))
        for each in settled:
            receipt_id = each.holding.submission.receipt_id
            if each.refusal is None:
                del self._shelf.held[receipt_id]
            else:
                self._shelf.held[receipt_id] = each.holding.refused(each.refusal)

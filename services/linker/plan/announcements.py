"""How announced, started and rescheduled investigations change the plan and move datasets: pure."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from services.linker.plan.investigations import Plan
from services.linker.plan.moves import Move, Placed, move, moves_to_announced
from services.linker.plan.slots import Slot, office_number, opened, opening, reference
from shared.events.codes import Code, Refusal
from shared.events.identity import Identities, proposal_key
from shared.events.investigation import (
    Investigation,
    InvestigationAnnounced,
    InvestigationRegistered,
    RescheduledInvestigation,
    StartedInvestigation,
)
from shared.events.wire import Received
from shared.foundation.storable import storable
from shared.stages.outcomes import Learned, Outcome, Published


@dataclass(frozen=True)
class Planned(Published):
    """An investigation that was announced, started or rescheduled, and the datasets that move because of it."""

    slot: Slot
    moves: Sequence[Move]


RecordPosition = tuple[int, int, int]
"""A record's partition, offset and time, which identify the record when it is read again."""


def position_of(event: Received[InvestigationAnnounced]) -> RecordPosition:
    """Where an announcement was read."""
    record = event.record
    return record.partition, record.offset, record.timestamp_ms


@dataclass(frozen=True)
class PlanContext:
    """The part of the plan, and the datasets, that a batch of announcements may concern."""

    slots: Sequence[Slot] = ()
    in_placeholders: Sequence[Placed] = ()
    """The datasets in placeholders that the batch's investigations may take over."""
    in_rescheduled: Sequence[Placed] = ()
    """The datasets of the investigations that the batch reschedules."""
    numbers: Sequence[int] = ()
    """Numbers reserved for new investigations, one for each event."""
    learned: Collection[RecordPosition] = ()
    """The records of the batch that were learned before."""


def slot_of(announced: Investigation, identities: Identities, number: int | None = None) -> Slot:
    """An announced investigation, with proposal and beamline spelled as datasets spell them."""
    of_office = office_number(announced.facility_id)
    return Slot(
        investigation_id=identities.investigation(announced.facility_id),
        facility_id=announced.facility_id,
        number=number if of_office is None else of_office,
        proposal=proposal_key(announced.proposal),
        beamline=announced.beamline.lower(),
        start=announced.start,
        end=announced.end,
        title=announced.title,
        proposal_name=announced.proposal.strip(),
    )


@dataclass(frozen=True)
class UserOffice:
    """Learns the plan of a facility, and what its beamlines change in it."""

    identities: Identities

    def learn(
        self, events: Sequence[Received[InvestigationAnnounced]], context: PlanContext, now: datetime
    ) -> list[Outcome]:
        """One outcome for each event. Each event sees the plan as the events before it left it.

        A record that was learned before changes nothing, because the plan has gone on since. Its investigation is
        published as it is now.
        """
        changes = _PlanChanges(self.identities, context, now)
        return [
            changes.current(event.event)
            if position_of(event) in context.learned
            else _wrong_key(event) or changes.outcome(event.event, number)
            for event, number in zip(events, context.numbers, strict=True)
        ]


def _registered(slot: Slot) -> Published:
    event = InvestigationRegistered(investigation=reference(slot))
    return Published(event, str(slot.investigation_id).encode())


def _wrong_key(event: Received[InvestigationAnnounced]) -> Refusal | None:
    """Why the key of a record is wrong: it names another proposal.

    Such a record is in another partition, so its order among the records of the investigation is left to chance. A
    rescheduled investigation names no proposal, so any key will do.
    """
    said, key = event.event.investigation, (event.record.key or b"").decode(errors="replace")
    if not key or isinstance(said, RescheduledInvestigation) or proposal_key(key) == proposal_key(said.proposal):
        return None
    message = f"the record's key is {storable(key)[:100]!r}, but the investigation belongs to proposal {said.proposal}"
    return Refusal.because(Code.KEY_WRONG, message, f"give {proposal_key(said.proposal)} as the key, or no key")


@dataclass
class _PlanChanges:
    """The plan while a batch is learned. A dataset moves at most once in a batch."""

    identities: Identities
    context: PlanContext
    now: datetime
    plan: Plan = field(init=False)
    moved: set[UUID] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.plan = Plan(self.context.slots)

    def outcome(self, event: InvestigationAnnounced, number: int) -> Outcome:
        match event.investigation:
            case Investigation() as announced:
                return self._announced(announced, number)
            case StartedInvestigation() as started:
                return self._started(started, number)
            case RescheduledInvestigation() as rescheduled:
                return self._rescheduled(rescheduled)

    def current(self, event: InvestigationAnnounced) -> Outcome:
        """The investigation of an event as it is now, if it exists."""
        said = event.investigation
        if isinstance(said, Investigation):
            slot = self.plan.known(self.identities.investigation(said.facility_id))
        elif isinstance(said, StartedInvestigation):
            slot = self.plan.at((proposal_key(said.proposal), said.beamline.lower()), said.start)
        else:
            slot = self.plan.named(said.facility_id)
        return Learned() if slot is None else _registered(slot)

    def _announced(self, announced: Investigation, number: int) -> Outcome:
        """A later announcement replaces an earlier one of the same id, but keeps its number and its actual dates."""
        slot = slot_of(announced, self.identities, number)
        before = self.plan.known(slot.investigation_id)
        if before is not None:
            slot = replace(slot, number=before.number, actual=before.actual)
        self.plan.add(slot)
        return self._planned(slot, self._moves_from_placeholders())

    def _started(self, started: StartedInvestigation, number: int) -> Outcome:
        """A start that the plan covers opens nothing: the answer is the investigation that covers it."""
        home = proposal_key(started.proposal), started.beamline.lower()
        slot = self.plan.at(home, started.start)
        if slot is None:
            slot = opened(home, started.start, self.identities, number)
            self.plan.add(slot)
        return self._planned(slot, ())

    def _rescheduled(self, rescheduled: RescheduledInvestigation) -> Outcome:
        """Each dataset goes where a new one would go, unless it named its investigation.

        Nothing happens if the investigation is unknown.
        """
        slot = self.plan.named(rescheduled.facility_id)
        if slot is None:
            return Learned()
        if rescheduled.at is not None:
            slot = slot.rescheduled(rescheduled.at)
            self.plan.add(slot)
        moves = self._moves_from_placeholders()
        self._remember(moves)
        for dataset in self._unmoved(self.context.in_rescheduled):
            if dataset.investigation_id != slot.investigation_id or dataset.facts.investigation_id:
                continue
            target = self.plan.of(dataset.facts) or opening(dataset.facts, self.identities)
            if target.investigation_id != slot.investigation_id:
                moves.append(move(dataset, target.investigation_id, self.now))
        return self._planned(slot, moves)

    def _planned(self, slot: Slot, moves: Sequence[Move]) -> Outcome:
        self._remember(moves)
        registered = _registered(slot)
        return Planned(registered.event, registered.key, slot, moves)

    def _moves_from_placeholders(self) -> list[Move]:
        return moves_to_announced(self._unmoved(self.context.in_placeholders), self.plan, self.now)

    def _unmoved(self, datasets: Iterable[Placed]) -> Iterable[Placed]:
        return (each for each in datasets if each.dataset_id not in self.moved)

    def _remember(self, moves: Iterable[Move]) -> None:
        self.moved |= {each.placed.dataset_id for each in moves}

"""What the linker learns from commits, and how the user office's plan moves datasets between investigations: pure."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from services.linker.inputs.relationships import CataloguedDataset, rejected_input
from services.linker.plan.investigations import Plan, Slot, office_number, opened, opening, reference
from services.linker.plan.moves import CommittedDocument, Move, Placed, asked_for, move, placed
from services.linker.plan.revisits import CommitContext, InputChange, Revisit, input_change_of, revisit_of
from shared.events.codes import Code, Refusal
from shared.events.dataset import Commit
from shared.events.identity import Identities, proposal_key
from shared.events.investigation import (
    Investigation,
    InvestigationAnnounced,
    InvestigationRegistered,
    RescheduledInvestigation,
    StartedInvestigation,
)
from shared.events.rejection import Origin
from shared.events.sections import Section
from shared.events.topics import COMMITTED
from shared.events.wire import Received
from shared.foundation.storable import storable
from shared.stages.outcomes import Learned, Outcome, Published

MOST_REASON_CHARACTERS = 500
"""Of an input's rejection, in that of what waited for it."""


class CommittedView(Section):
    """A commit without parameters and files."""

    commit: Commit
    document: CommittedDocument | None


NO_LOSS = frozenset({Code.SEQUENCE_NOT_HIGHER, Code.NOTHING_TO_UPDATE, Code.UPDATE_ELSEWHERE})
"""What is refused for one of these added something to a dataset; the dataset itself is no worse for it."""


@dataclass(frozen=True)
class Catalogued(Learned):
    """A revision that the catalogue committed."""

    as_input: CataloguedDataset
    """What a dataset that comes from it must know."""
    placed: Placed
    moves: Sequence[Move]
    """At most one: out of a placeholder."""
    input_change: InputChange | None = None
    """What it changes for its children."""
    revisit: Revisit | None = None
    """What its inputs have changed meanwhile."""
    submission: str | None = None
    """The key of the submission that made it."""

    @property
    def dataset_id(self) -> UUID:
        """Of the dataset."""
        return self.placed.facts.dataset_id

    @property
    def revision(self) -> int:
        """Of the dataset."""
        return self.placed.revision


class RejectedInput(Section):
    """What a rejection says of a dataset that others may wait for."""

    dataset_id: UUID | None
    path: str | None
    code: str
    message: str
    origin: Origin
    submitted: Origin | None = None


class RejectedView(Section):
    """A rejection without the bytes that were rejected."""

    rejection: RejectedInput


@dataclass(frozen=True)
class Lost(Learned):
    """A dataset that was rejected, and how that ends the waiting of those that do not bear it."""

    dataset_id: UUID
    path: str
    reason: str
    refusal: Refusal
    submitted_ms: int
    """When the refused submission was written."""

    @property
    def order(self) -> tuple[int, str]:
        """Of several rejections of a dataset the one stands whose submission was written last."""
        return self.submitted_ms, self.reason


@dataclass(frozen=True)
class Planned(Published):
    """An investigation that was announced, started or rescheduled, and the datasets that move because of it."""

    slot: Slot
    moves: Sequence[Move]


Place = tuple[int, int, int]
"""A record's partition, offset and time: by these it is known when it is read again."""


def place_of(event: Received[InvestigationAnnounced]) -> Place:
    """Where an announcement is read."""
    record = event.record
    return record.partition, record.offset, record.timestamp_ms


@dataclass(frozen=True)
class PlanContext:
    """What a batch of the user office's and the beamlines' words may concern."""

    slots: Sequence[Slot] = ()
    strays: Sequence[Placed] = ()
    """Those that the batch's investigations may draw home."""
    residents: Sequence[Placed] = ()
    """The datasets of the batch's rescheduled investigations."""
    numbers: Sequence[int] = ()
    """Reserved for new investigations: one an event."""
    past: Collection[Place] = ()
    """Of the batch's records, those that were learned before."""


def learn_commits(events: Sequence[Received[CommittedView]], around: CommitContext, now: datetime) -> list[Outcome]:
    """Every committed revision; one in a placeholder that a real investigation covers by now moves on at once."""
    plan = Plan(around.slots)
    return [_catalogued(event, around, plan, now) for event in events]


def _catalogued(event: Received[CommittedView], around: CommitContext, plan: Plan, now: datetime) -> Outcome:
    commit, document = event.event.commit, event.event.document
    if document is None:
        return Learned()
    dataset = placed(commit, document)
    as_input = as_catalogued(commit, document)
    flagged = any(parent.replaced for parent in document.inputs)
    return Catalogued(
        as_input=as_input,
        placed=dataset,
        moves=_homeward([dataset] if dataset.in_placeholder else [], plan, now),
        input_change=input_change_of(commit.dataset_id, around.before.get(commit.dataset_id), as_input),
        revisit=revisit_of(commit.dataset_id, as_input, around.inputs, is_flagged=flagged),
        submission=event.submission(commit.dataset_id).key,
    )


def as_catalogued(commit: Commit, document: CommittedDocument) -> CataloguedDataset:
    """What others must know of a revision."""
    return CataloguedDataset(
        path=document.path,
        kind=document.kind,
        inputs=frozenset(parent.dataset_id for parent in document.inputs),
        proposal=document.proposal,
        sample=document.sample.name if document.sample else None,
        start=document.start,
        complete=document.complete,
        named=asked_for(document.investigation),
        revision=commit.revision,
        inherits=document.sample is not None and document.sample.inherited,
        made_at=document.made_at,
        recollected_at=document.recollected_at,
    )


def _homeward(strays: Iterable[Placed], plan: Plan, now: datetime) -> list[Move]:
    """The moves of those that an announced investigation covers."""
    homes = ((stray, plan.announced(stray.facts)) for stray in strays)
    return [move(stray, home.investigation_id, now) for stray, home in homes if home is not None]


Answer = tuple[str, UUID, int]
"""The key of a submission, its dataset, and the revision that it made; 0 if it may have made none."""


def repeatable(events: Sequence[Received[CommittedView]]) -> list[Answer]:
    """The submissions behind a batch of commits that could bring back inputs which their datasets have lost.

    They could if they were read again. They belong to results with more than one answer. So does the submission that
    made the revision before those of the batch; the dataset knows it.
    """
    revised = {
        event.event.commit.dataset_id
        for event in events
        if event.event.commit.revision > 1
        and event.event.document is not None
        and event.event.document.type == "processed"
    }
    answers = []
    for event in events:
        commit = event.event.commit
        if event.event.document is None or commit.dataset_id in revised:
            revision = commit.revision if commit.dataset_id in revised else 0
            answers.append((event.submission(commit.dataset_id).key, commit.dataset_id, revision))
    return answers


def learn_rejections(events: Sequence[Received[RejectedView]], known: None, now: datetime) -> list[Outcome]:
    """Every rejection of a dataset that its content names, but for those that say that it is catalogued already."""
    del known, now
    return [_lost(event.event.rejection) for event in events]


def _lost(said: RejectedInput) -> Outcome:
    if said.dataset_id is None or said.path is None or said.code in NO_LOSS or said.origin.topic == COMMITTED.name:
        return Learned()
    reason = f"{said.code}: {said.message[:MOST_REASON_CHARACTERS]}"
    first = said.submitted or said.origin
    return Lost(said.dataset_id, said.path, reason, rejected_input(said.path, reason), first.timestamp_ms)


def last_lost(outcomes: Iterable[Outcome]) -> dict[UUID, Lost]:
    """Of each dataset, the rejection of what was submitted last."""
    lost: dict[UUID, Lost] = {}
    for outcome in outcomes:
        if isinstance(outcome, Lost):
            before = lost.setdefault(outcome.dataset_id, outcome)
            if before.order < outcome.order:
                lost[outcome.dataset_id] = outcome
    return lost


def newest_of(outcomes: Iterable[Outcome]) -> list[Catalogued]:
    """Of each dataset, the highest revision that a batch tells of."""
    newest: dict[UUID, Catalogued] = {}
    for outcome in outcomes:
        if isinstance(outcome, Catalogued):
            before = newest.setdefault(outcome.dataset_id, outcome)
            if before.revision < outcome.revision:
                newest[outcome.dataset_id] = outcome
    return list(newest.values())


def slot_of(said: Investigation, identities: Identities, number: int | None = None) -> Slot:
    """An announcement, in the spelling by which datasets find it."""
    of_office = office_number(said.facility_id)
    return Slot(
        investigation_id=identities.investigation(said.facility_id),
        facility_id=said.facility_id,
        number=number if of_office is None else of_office,
        proposal=proposal_key(said.proposal),
        beamline=said.beamline.lower(),
        start=said.start,
        end=said.end,
        title=said.title,
        proposal_name=said.proposal.strip(),
    )


@dataclass(frozen=True)
class UserOffice:
    """Learns the plan of a facility, and what its beamlines make of it."""

    identities: Identities

    def learn(
        self, events: Sequence[Received[InvestigationAnnounced]], context: PlanContext, now: datetime
    ) -> list[Outcome]:
        """One outcome an event, each knowing the plan as those before it left it.

        What was learned before is not learned again, because the plan has gone on; the investigation is told as it is.
        """
        page = _Page(self.identities, context, now)
        return [
            page.told_again(event.event)
            if place_of(event) in context.past
            else _wrong_key(event) or page.outcome(event.event, number)
            for event, number in zip(events, context.numbers, strict=True)
        ]


def _registered(slot: Slot) -> Published:
    told = InvestigationRegistered(investigation=reference(slot))
    return Published(told, str(slot.investigation_id).encode())


def _wrong_key(event: Received[InvestigationAnnounced]) -> Refusal | None:
    """Under the key of another proposal it would be in another partition, and which word was the last left to chance.

    A rescheduling names no proposal.
    """
    said, key = event.event.investigation, (event.record.key or b"").decode(errors="replace")
    if not key or isinstance(said, RescheduledInvestigation) or proposal_key(key) == proposal_key(said.proposal):
        return None
    message = f"the record's key is {storable(key)[:100]!r}, and the investigation is of the proposal {said.proposal}"
    return Refusal.because(Code.KEY_WRONG, message, f"give {proposal_key(said.proposal)} as the key, or no key")


@dataclass
class _Page:
    """The plan while a batch is learned. Whatever has moved once stays for the rest of it."""

    identities: Identities
    context: PlanContext
    now: datetime
    plan: Plan = field(init=False)
    moved: set[UUID] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.plan = Plan(self.context.slots)

    def outcome(self, event: InvestigationAnnounced, number: int) -> Outcome:
        match event.investigation:
            case Investigation() as said:
                return self._announced(said, number)
            case StartedInvestigation() as said:
                return self._started(said, number)
            case RescheduledInvestigation() as said:
                return self._rescheduled(said)

    def told_again(self, event: InvestigationAnnounced) -> Outcome:
        """The investigation as it stands by now, if there is one."""
        said = event.investigation
        if isinstance(said, Investigation):
            slot = self.plan.known(self.identities.investigation(said.facility_id))
        elif isinstance(said, StartedInvestigation):
            slot = self.plan.at((proposal_key(said.proposal), said.beamline.lower()), said.start)
        else:
            slot = self.plan.named(said.facility_id)
        return Learned() if slot is None else _registered(slot)

    def _announced(self, said: Investigation, number: int) -> Outcome:
        """A later announcement of the same id replaces the earlier; its number stays, and when it was measured."""
        slot = slot_of(said, self.identities, number)
        before = self.plan.known(slot.investigation_id)
        if before is not None:
            slot = replace(slot, number=before.number, actual=before.actual)
        self.plan.add(slot)
        return self._planned(slot, _homeward(self._unmoved(self.context.strays), self.plan, self.now))

    def _started(self, said: StartedInvestigation, number: int) -> Outcome:
        """What the plan covers is not opened again: the investigation that covers it is told."""
        home = proposal_key(said.proposal), said.beamline.lower()
        slot = self.plan.at(home, said.start)
        if slot is None:
            slot = opened(home, said.start, self.identities, number)
            self.plan.add(slot)
        return self._planned(slot, ())

    def _rescheduled(self, said: RescheduledInvestigation) -> Outcome:
        """Every dataset goes where a new one would; one that named its investigation stays. Of an unknown: none."""
        slot = self.plan.named(said.facility_id)
        if slot is None:
            return Learned()
        if said.at is not None:
            slot = slot.rescheduled(said.at)
            self.plan.add(slot)
        moves = _homeward(self._unmoved(self.context.strays), self.plan, self.now)
        self._note(moves)
        for dataset in self._unmoved(self.context.residents):
            if dataset.investigation_id != slot.investigation_id or dataset.facts.investigation_id:
                continue
            target = self.plan.of(dataset.facts) or opening(dataset.facts, self.identities)
            if target.investigation_id != slot.investigation_id:
                moves.append(move(dataset, target.investigation_id, self.now))
        return self._planned(slot, moves)

    def _planned(self, slot: Slot, moves: Sequence[Move]) -> Outcome:
        self._note(moves)
        told = _registered(slot)
        return Planned(told.event, told.key, slot, moves)

    def _unmoved(self, datasets: Iterable[Placed]) -> Iterable[Placed]:
        return (each for each in datasets if each.facts.dataset_id not in self.moved)

    def _note(self, moves: Iterable[Move]) -> None:
        self.moved |= {each.placed.facts.dataset_id for each in moves}

"""What the linker learns from commits and from the user office, and how datasets move out of placeholders: pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID, uuid5

from pydantic import AwareDatetime

from services.linker.handler import HeldSubmission, State
from services.linker.holding import STAGE, Holding
from services.linker.investigations import UNKNOWN, Slot, choose
from services.linker.relationships import CODES, CataloguedDataset
from shared.events import (
    Commit,
    DatasetFacts,
    Finding,
    InputRef,
    Investigation,
    InvestigationAnnounced,
    InvestigationRef,
    LinkedInput,
    Producer,
    SampleRef,
    Section,
    Submission,
)
from shared.identity import Identities
from shared.stage import Learned, Outcome
from shared.topics import VALIDATED
from shared.wire import Received, Record, headers_of

MADE_ANEW = {UNKNOWN, *CODES}
"""Findings of the linker's own: a move says them again, or no more."""

NEVER_READ = -1
"""Partition and offset of a submission that beamcat made itself: it was never in Kafka."""


class CommittedDocument(Section):
    """Of a catalogued dataset, what its children's links and its move to another investigation need."""

    path: str
    name: str
    type: Literal["raw", "processed"]
    technique: str
    technique_pid: str | None
    kind: str
    proposal: str
    beamline: str
    start: AwareDatetime
    end: AwareDatetime | None
    complete: bool
    investigation: InvestigationRef
    sample: SampleRef | None
    inputs: list[LinkedInput]
    file_count: int | None
    volume_bytes: int | None
    findings: list[Finding]
    producer: Producer
    definitions_version: str | None = None


class CommittedView(Section):
    """A commit without parameters and files."""

    commit: Commit
    document: CommittedDocument | None


@dataclass(frozen=True, slots=True)
class Stray:
    """A catalogued dataset in a placeholder: the facts by which it can move to its real investigation."""

    facts: DatasetFacts
    revision: int
    placeholder_id: UUID

    @property
    def home(self) -> tuple[str, str]:
        """Whose investigations may adopt it."""
        return self.facts.proposal, self.facts.beamline

    def adopter(self, slots: Iterable[Slot]) -> Slot | None:
        """The announced investigation that it belongs to."""
        if self.facts.investigation_id is not None:
            return next((slot for slot in slots if slot.facility_id == self.facts.investigation_id), None)
        return choose((slot for slot in slots if (slot.proposal, slot.beamline) == self.home), self.facts.start)


@dataclass(frozen=True)
class Adoption:
    """A submission in beamcat's own name that moves a stray; dropped if the dataset has a newer revision by now."""

    stray: Stray
    holding: Holding


@dataclass(frozen=True)
class Catalogued(Learned):
    """A revision that the catalogue committed."""

    dataset_id: UUID
    revision: int
    as_input: CataloguedDataset
    """What a dataset that comes from it must know."""
    stray: Stray | None
    adoption: Adoption | None


@dataclass(frozen=True)
class Announced(Learned):
    """An investigation, and the strays that it adopts."""

    slot: Slot
    adoptions: Sequence[Adoption]


@dataclass(frozen=True)
class KnownStrays:
    """What a batch of announcements may concern."""

    strays: Sequence[Stray] = ()
    slots: Sequence[Slot] = ()


def learn_commits(events: Sequence[Received[CommittedView]], slots: Sequence[Slot], now: datetime) -> list[Outcome]:
    """Every committed revision; one in a placeholder that a real investigation covers by now moves on at once."""
    return [_catalogued(event.event, slots, now) for event in events]


def _catalogued(event: CommittedView, slots: Sequence[Slot], now: datetime) -> Outcome:
    document = event.document
    if document is None:
        return Learned()
    stray = stray_of(event.commit, document) if document.investigation.placeholder else None
    adopter = stray.adopter(slots) if stray else None
    return Catalogued(
        dataset_id=event.commit.dataset_id,
        revision=event.commit.revision,
        as_input=CataloguedDataset(
            path=document.path,
            kind=document.kind,
            inputs=frozenset(parent.dataset_id for parent in document.inputs),
            proposal=document.proposal,
            sample=document.sample.name if document.sample else None,
            start=document.start,
            complete=document.complete,
        ),
        stray=stray,
        adoption=adoption(stray, adopter, now) if stray and adopter else None,
    )


def newest_of(outcomes: Iterable[Outcome]) -> list[Catalogued]:
    """Of each dataset, the highest revision that a batch tells of."""
    newest: dict[UUID, Catalogued] = {}
    for outcome in outcomes:
        if isinstance(outcome, Catalogued):
            before = newest.setdefault(outcome.dataset_id, outcome)
            if before.revision < outcome.revision:
                newest[outcome.dataset_id] = outcome
    return list(newest.values())


def slot_of(said: Investigation, identities: Identities) -> Slot:
    """An announcement, in the spelling by which datasets find it."""
    return Slot(
        investigation_id=identities.investigation(said.facility_id),
        facility_id=said.facility_id,
        proposal=said.proposal.lower(),
        beamline=said.beamline.lower(),
        start=said.start,
        end=said.end,
        title=said.title,
    )


@dataclass(frozen=True)
class UserOffice:
    """Learns the plan of a facility."""

    identities: Identities

    def learn(
        self, events: Sequence[Received[InvestigationAnnounced]], known: KnownStrays, now: datetime
    ) -> list[Outcome]:
        """Every announcement, with the strays that it draws home. A later one of the same id replaces the earlier."""
        slots = {slot.facility_id: slot for slot in known.slots}
        left = {stray.facts.dataset_id: stray for stray in known.strays}
        outcomes: list[Outcome] = []
        for event in events:
            said = event.event.investigation
            if not isinstance(said, Investigation):
                outcomes.append(Learned())
                continue
            slot = slot_of(said, self.identities)
            slots[slot.facility_id] = slot
            adopted = [
                adoption(stray, adopter, now)
                for stray in left.values()
                if (adopter := stray.adopter(slots.values())) is not None
            ]
            for each in adopted:
                del left[each.stray.facts.dataset_id]
            outcomes.append(Announced(slot, adopted))
        return outcomes


def stray_of(commit: Commit, document: CommittedDocument) -> Stray:
    """The facts of a dataset in a placeholder, as the validator states them of an update that says nothing new."""
    facts = DatasetFacts(
        dataset_id=commit.dataset_id,
        receipt_id=commit.receipt_id,
        path=document.path,
        name=document.name,
        proposal=document.proposal,
        beamline=document.beamline,
        sample_name=document.sample.name if document.sample else None,
        type=document.type,
        technique=document.technique,
        technique_pid=document.technique_pid,
        kind=document.kind,
        start=document.start,
        end=document.end,
        inputs=[InputRef(path=parent.path, dataset_id=parent.dataset_id) for parent in document.inputs],
        files=[],
        file_count=document.file_count,
        volume_bytes=document.volume_bytes,
        mode="merge",
        complete=document.complete,
        sequence_index=None,  # moving is no newer measurement: it must not lose against the index that is catalogued
        investigation_id=document.investigation.facility_id,
        producer=document.producer,
        submitted_at=commit.submitted_at,
        # findings on parameters stay where the parameters are; those on links are made anew
        findings=[each for each in document.findings if each.parameter is None and each.code not in MADE_ANEW],
        definitions_version=document.definitions_version,
    )
    return Stray(facts, commit.revision, document.investigation.investigation_id)


def adoption(stray: Stray, adopter: Slot, now: datetime) -> Adoption:
    """The move of one revision to its investigation: always the same receipt, however often it is found necessary."""
    receipt_id = str(uuid5(adopter.investigation_id, f"{stray.facts.dataset_id}/{stray.revision}"))
    facts = stray.facts.model_copy(update={"receipt_id": receipt_id, "submitted_at": now})
    key = str(facts.dataset_id).encode()
    record = Record(
        topic=VALIDATED.name,
        partition=NEVER_READ,
        offset=NEVER_READ,
        timestamp_ms=int(now.timestamp() * 1000),
        key=key,
        value=_payload(facts),
        headers=headers_of(VALIDATED, receipt_id=receipt_id, source=f"/beamcat/{STAGE}", time=now.isoformat()),
    )
    submission = HeldSubmission(receipt_id, facts.dataset_id, facts.path, State.RELEASED, now)
    inputs = frozenset(declared.dataset_id for declared in facts.inputs)
    return Adoption(stray, Holding(submission, inputs, (), record))


def _payload(facts: DatasetFacts) -> bytes:
    """The validated event of a submission that adds nothing to the dataset but its investigation."""
    submission = Submission(
        name=facts.name,
        path=facts.path,
        proposal=facts.proposal,
        beamline=facts.beamline,
        sample=facts.sample_name,
        start=facts.start.isoformat(),
        end=facts.end.isoformat() if facts.end else None,
        technique=facts.technique,
        input=[declared.path for declared in facts.inputs],
        mode="merge",
        complete=facts.complete,
        investigation_id=facts.investigation_id,
        producer=facts.producer,
    )
    return b'{"submission":%b,"dataset":%b,"parameters":{}}' % (
        submission.model_dump_json().encode(),
        facts.model_dump_json().encode(),
    )

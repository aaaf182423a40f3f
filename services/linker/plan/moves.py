"""Submissions in beamcat's own name, which move a dataset to another investigation or follow its inputs: pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Literal, NamedTuple
from uuid import UUID, uuid5

from pydantic import AwareDatetime

from services.linker.inputs.relationships import CODES
from services.linker.inputs.submissions import STAGE, HeldSubmission, HeldSummary, State
from services.linker.plan.investigations import UNKNOWN, Plan
from shared.events.dataset import Commit, DatasetFacts, LinkedInput, Submission
from shared.events.headers import content_of, headers_of
from shared.events.investigation import InvestigationRef
from shared.events.record import Record
from shared.events.sample import SampleRef
from shared.events.sections import Finding, Producer, ProposalKey, Section
from shared.events.topics import VALIDATED
from shared.events.wire import TO_JSON, SubmissionId

MADE_ANEW = {UNKNOWN, *CODES}
"""The codes of the linker's own findings. A move drops them, and the linker decides them anew."""

SOURCE = f"/beamcat/{STAGE}"
"""The source of what beamcat submits itself."""

NEVER_READ = -1
"""Partition and offset of a submission that beamcat made itself and that was never in Kafka."""


class CommittedDocument(Section):
    """The part of a catalogued dataset that its children's links and its move to another investigation need."""

    path: str
    name: str
    type: Literal["raw", "processed"]
    technique: str
    technique_pid: str | None
    kind: str
    proposal: ProposalKey
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
    made_at: AwareDatetime | None = None
    recollected_at: AwareDatetime | None = None


@dataclass(frozen=True)
class Placed:
    """A catalogued dataset in its investigation, with the facts that a move submits again."""

    dataset_id: UUID
    facts_json: bytes
    """The facts as they are stored. Few datasets ever move, so they are read only then."""
    revision: int
    investigation_id: UUID
    in_placeholder: bool
    """Whether its investigation is a placeholder."""
    inherits: bool = False
    """Whether its sample is that of its inputs."""

    @cached_property
    def facts(self) -> DatasetFacts:
        """The facts, as the validator states them for an update that changes nothing."""
        return DatasetFacts.model_validate_json(self.facts_json)


@dataclass(frozen=True)
class Move:
    """A submission in beamcat's own name. It is dropped if the dataset has a newer revision by now."""

    placed: Placed
    submission: HeldSubmission


def asked_for(investigation: InvestigationRef) -> str | None:
    """The id by which the producer asked for an investigation.

    Older documents lack `named`. In those, only a placeholder could have the id that was asked for.
    """
    return investigation.named or (investigation.facility_id if investigation.placeholder else None)


def placed(commit: Commit, document: CommittedDocument) -> Placed:
    """A revision as it was committed."""
    investigation = document.investigation
    return Placed(
        commit.dataset_id,
        _facts_json(commit, document),
        commit.revision,
        investigation.investigation_id,
        investigation.placeholder,
        document.sample is not None and document.sample.inherited,
    )


def _facts_json(commit: Commit, document: CommittedDocument) -> bytes:
    """The same as `DatasetFacts(…).model_dump_json()`, at half the cost: a committed document needs no checks."""
    facts = {
        "dataset_id": commit.dataset_id,
        "receipt_id": commit.receipt_id,
        "path": document.path,
        "name": document.name,
        "proposal": document.proposal,
        "beamline": document.beamline,
        "sample_name": document.sample.name if document.sample else None,
        "type": document.type,
        "technique": document.technique,
        "technique_pid": document.technique_pid,
        "kind": document.kind,
        "start": document.start,
        "end": document.end,
        "inputs": [{"path": parent.path, "dataset_id": parent.dataset_id} for parent in document.inputs],
        "files": [],
        "file_count": document.file_count,
        "volume_bytes": document.volume_bytes,
        "mode": "merge",
        "complete": document.complete,
        "sequence_index": None,  # a move is not a newer measurement, so the catalogued index must not refuse it
        "investigation_id": asked_for(document.investigation),
        "producer": document.producer,
        "submitted_at": commit.submitted_at,
        # findings about parameters stay with the parameters; those about links are decided anew
        "findings": [each for each in document.findings if each.parameter is None and each.code not in MADE_ANEW],
        "definitions_version": document.definitions_version,
        "revision": None,
    }
    return TO_JSON(facts)


def move(dataset: Placed, target: UUID, now: datetime) -> Move:
    """The move of one revision to an investigation. It has the same receipt however often it is made."""
    receipt_id = str(uuid5(target, f"{dataset.dataset_id}/{dataset.revision}"))
    return _again(dataset, dataset.facts, receipt_id, now)


class _Location(NamedTuple):
    """Where a committed dataset belongs. It is a `Located`."""

    proposal: str
    beamline: str
    start: datetime
    investigation_id: str | None


def move_of_new(dataset: Placed, document: CommittedDocument, plan: Plan, now: datetime) -> list[Move]:
    """The move of a revision that was just committed into a placeholder, if an announced investigation covers it."""
    if not dataset.in_placeholder:
        return []
    named = asked_for(document.investigation)
    slot = plan.announced(_Location(document.proposal, document.beamline, document.start, named))
    return [] if slot is None else [move(dataset, slot.investigation_id, now)]


def moves_to_announced(datasets: Iterable[Placed], plan: Plan, now: datetime) -> list[Move]:
    """The moves of those datasets that an announced investigation covers."""
    targets = ((dataset, plan.announced(dataset.facts)) for dataset in datasets)
    return [move(dataset, slot.investigation_id, now) for dataset, slot in targets if slot is not None]


def resubmission(dataset: Placed, cause: str, now: datetime) -> Move:
    """One revision submitted again because an input changed. Its links, and an inherited sample, are decided anew.

    The same cause, which names the input and its revision, always gives the same receipt.
    """
    receipt_id = str(uuid5(dataset.dataset_id, f"{dataset.revision} because of {cause}"))
    facts = dataset.facts.model_copy(update={"sample_name": None}) if dataset.inherits else dataset.facts
    return _again(dataset, facts, receipt_id, now)


def _again(dataset: Placed, facts: DatasetFacts, receipt_id: str, now: datetime) -> Move:
    facts = facts.model_copy(update={"receipt_id": receipt_id, "submitted_at": now, "revision": dataset.revision})
    record = Record(
        topic=VALIDATED.name,
        partition=NEVER_READ,
        offset=NEVER_READ,
        timestamp_ms=int(now.timestamp() * 1000),
        key=str(facts.dataset_id).encode(),
        value=_payload(facts),
        headers=headers_of(VALIDATED, receipt_id=receipt_id, source=SOURCE, time=now.isoformat()),
    )
    summary = HeldSummary(
        SubmissionId(SOURCE, receipt_id, facts.dataset_id, content_of(record)),
        facts.dataset_id,
        facts.path,
        State.RELEASED,
        now,
    )
    inputs = frozenset(declared.dataset_id for declared in facts.inputs)
    return Move(dataset, HeldSubmission(summary, inputs, (), record))


def _payload(facts: DatasetFacts) -> bytes:
    """The validated event of a submission that changes nothing except what is decided anew."""
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

"""Records as they arrive at the linker."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from uuid import UUID

from services.linker.inputs.submissions import LinkerView
from services.linker.plan.slots import Slot
from shared.events.codes import Code, Refusal
from shared.events.dataset import Commit, DatasetCommitted, DatasetFacts, Document, InputRef, LinkedInput, Submission
from shared.events.headers import headers_of
from shared.events.identity import Identities
from shared.events.investigation import (
    Investigation,
    InvestigationAnnounced,
    InvestigationRef,
    RescheduledInvestigation,
    StartedInvestigation,
)
from shared.events.record import Record
from shared.events.rejection_message import rejection_message
from shared.events.sample import SampleRef
from shared.events.sections import Finding, Mode, Producer, Section
from shared.events.subject import subject_of
from shared.events.topics import COMMITTED, INVESTIGATIONS, VALIDATED, Topic
from shared.events.wire import Received, read

IDENTITIES = Identities("facility.example")
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
WEEK = timedelta(days=7)
PROPOSAL, BEAMLINE, SAMPLE = "mx1111", "id30a-3", "Fus_RAC1b"
OFFSETS = count()
"""The offsets of announcements, so that each is another record."""
PLACEHOLDER = IDENTITIES.opened(PROPOSAL, BEAMLINE, NOON)
TRACE = b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


class _Validated(Section):
    submission: Submission
    dataset: DatasetFacts
    parameters: dict[str, str]


def dataset_id(path: str) -> UUID:
    return IDENTITIES.dataset(path)


def facts(  # noqa: PLR0913  # a dataset has many sides
    path: str,
    inputs: Sequence[str] = (),
    *,
    receipt: str = "",
    kind: str | None = None,
    start: datetime = NOON,
    merges: bool = False,
    mode: Mode | None = None,
    investigation: str | None = None,
    proposal: str = PROPOSAL,
) -> DatasetFacts:
    return DatasetFacts(
        dataset_id=dataset_id(path),
        receipt_id=receipt or f"first of {path}",
        path=path,
        name=path.rsplit("/", 1)[-1],
        proposal=proposal,
        beamline=BEAMLINE,
        sample_name=SAMPLE,
        type="processed" if inputs else "raw",
        technique="MX",
        technique_pid=None,
        kind=kind or ("generic.processed" if inputs else "generic.raw"),
        start=start,
        end=None,
        inputs=[InputRef(path=each, dataset_id=dataset_id(each)) for each in inputs],
        files=[],
        file_count=None,
        volume_bytes=None,
        mode=mode or ("merge" if merges else "replace"),
        complete=True,
        sequence_index=None,
        investigation_id=investigation,
        producer=Producer(),
        submitted_at=NOON,
        findings=[],
    )


def validated(dataset: DatasetFacts, offset: int = 0, *, producer: str = "", content: str = "") -> Record:
    said = Submission(name=dataset.name, path=dataset.path, proposal=PROPOSAL)
    event = _Validated(submission=said, dataset=dataset, parameters={"MX_flux": "1e12"})
    record = _record(VALIDATED, event, str(dataset.dataset_id), dataset.receipt_id, offset)
    if not producer:
        return record
    headers = headers_of(
        VALIDATED,
        receipt_id=dataset.receipt_id,
        source="/beamcat/validator",
        time=NOON.isoformat(),
        producer=producer.encode(),
        content=content,
    )
    return replace(record, headers=headers)


def received(dataset: DatasetFacts) -> Received[LinkerView]:
    return read(validated(dataset), VALIDATED, LinkerView)


def committed(  # noqa: PLR0913  # a document has many parts
    path: str,
    inputs: Sequence[str] = (),
    *,
    revision: int = 1,
    kind: str = "generic.raw",
    start: datetime = NOON,
    slot: Slot | None = None,
    named: str | None = None,
    findings: Sequence[Finding] = (),
    proposal: str = PROPOSAL,
    sample: str | None = SAMPLE,
    complete: bool = True,
    inherits: bool = False,
    made: datetime | None = NOON,
    recollected: datetime | None = None,
    outdated: bool = False,
) -> Record:
    """A revision in the investigation of a slot, or else in a placeholder. `named` is the requested id.

    `outdated` means that it is flagged because its inputs contain other data than it was made from.
    """
    receipt = f"revision {revision} of {path}"
    document = Document(
        dataset_id=dataset_id(path),
        path=path,
        name=path.rsplit("/", 1)[-1],
        type="processed" if inputs else "raw",
        technique="MX",
        technique_pid=None,
        kind=kind,
        proposal=proposal,
        beamline=BEAMLINE,
        start=start,
        end=start + timedelta(minutes=1),
        complete=complete,
        sequence_index=3,
        investigation=_reference(slot, named),
        sample=SampleRef(sample_id=UUID(int=7), name=sample, inherited=inherits) if sample else None,
        container=None,
        sample_changer_position=None,
        parameters={},
        inputs=[
            LinkedInput(path=each, dataset_id=dataset_id(each), kind="generic.raw", replaced=outdated)
            for each in inputs
        ],
        files=[],
        file_count=4000,
        volume_bytes=None,
        findings=list(findings),
        producer=Producer(software="mxcube"),
        made_at=made,
        recollected_at=recollected,
    )
    commit = Commit(
        receipt_id=receipt,
        dataset_id=dataset_id(path),
        path=path,
        revision=revision,
        outcome="created",
        submitted_at=NOON,
        committed_at=NOON,
    )
    event = DatasetCommitted(commit=commit, document=document)
    return _record(COMMITTED, event, str(dataset_id(path)), receipt, 0)


def unchanged(path: str) -> Record:
    commit = Commit(
        receipt_id="again",
        dataset_id=dataset_id(path),
        path=path,
        revision=1,
        outcome="unchanged",
        submitted_at=NOON,
        committed_at=NOON,
    )
    return _record(COMMITTED, DatasetCommitted(commit=commit, document=None), str(dataset_id(path)), "again", 0)


def _reference(slot: Slot | None, named: str | None) -> InvestigationRef:
    inherited = PLACEHOLDER if named is None else IDENTITIES.investigation(named)
    return InvestigationRef(
        investigation_id=slot.investigation_id if slot else inherited,
        number=slot.number if slot else None,
        facility_id=slot.facility_id if slot else named,
        proposal=PROPOSAL,
        beamline=BEAMLINE,
        start=slot.start if slot else None,
        end=slot.end if slot else None,
        title=None,
        placeholder=slot is None or slot.placeholder,
        named=named,
    )


def slot(name: str, start: datetime, end: datetime | None = None, number: int | None = None) -> Slot:
    return Slot(IDENTITIES.investigation(name), name, number, PROPOSAL, BEAMLINE, start, end)


def announced(session: Slot, written: str | None = None) -> Record:
    """An announcement, as a user office spells it."""
    assert session.facility_id is not None
    investigation = Investigation(
        facility_id=session.facility_id,
        proposal=written or session.proposal.upper(),
        beamline=session.beamline.upper(),
        start=session.start,
        end=session.end,
        title=session.title,
    )
    return _happened(investigation, f"announcement of {session.facility_id}")


def started(start: datetime = NOON, written: str = PROPOSAL) -> Record:
    """A start, as a beamline sends it."""
    said = StartedInvestigation(happening="started", proposal=written, beamline=BEAMLINE.upper(), start=start)
    return _happened(said, f"start at {start}")


def rescheduled(name: str, at: datetime | None = None) -> Record:
    said = RescheduledInvestigation(happening="rescheduled", facility_id=name, at=at)
    return _happened(said, f"rescheduling of {name} at {at}")


def _happened(said: Investigation | StartedInvestigation | RescheduledInvestigation, receipt: str) -> Record:
    return _record(INVESTIGATIONS, InvestigationAnnounced(investigation=said), PROPOSAL, receipt, next(OFFSETS))


def rejected(path: str, code: Code = Code.DATASET_INVALID, message: str = "MX_flux is 'many'") -> Record:
    """A rejection by the validator, with the bytes that it read."""
    record = validated(facts(path))
    told = rejection_message("validator", record, Refusal(code, message), NOON, subject_of(record, IDENTITIES))
    return Record(told.topic, 0, 0, int(NOON.timestamp() * 1000), told.key, told.value, told.headers)


def _record(topic: Topic, event: Section, key: str, receipt: str, offset: int) -> Record:
    headers = headers_of(topic, receipt_id=receipt, source="/test", time=NOON.isoformat(), traceparent=TRACE)
    value = event.model_dump_json().encode()
    return Record(topic.name, 0, offset, int(NOON.timestamp() * 1000), key.encode(), value, headers)

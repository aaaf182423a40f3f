"""Tracked events, as the earlier stages would make them."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from services.catalog_writer.documents import CatalogDocument, CatalogView, written
from services.catalog_writer.handler import CurrentRevision
from shared.events.dataset import (
    Commit,
    DatasetCommitted,
    DatasetFacts,
    DatasetTracked,
    DeclaredFile,
    InputRef,
    LinkedInput,
    Links,
    Parameter,
    Submission,
    Tracking,
)
from shared.events.headers import headers_of
from shared.events.identity import Identities
from shared.events.investigation import InvestigationRef
from shared.events.record import Message, Record
from shared.events.sample import Container, SampleRef
from shared.events.sections import Finding, Mode, Producer
from shared.events.topics import TRACKED
from shared.events.wire import Received, read

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
IDENTITIES = Identities("facility.example")
INVESTIGATION = InvestigationRef(
    investigation_id=IDENTITIES.investigation("1"),
    facility_id="1",
    proposal="mx1111",
    beamline="id30a-3",
    start=NOW - timedelta(days=1),
    end=None,
    title="Small G proteins",
    placeholder=False,
)


def path_of(name: str) -> str:
    return f"/data/mx1111/id30a-3/{name}"


def id_of(name: str) -> UUID:
    return IDENTITIES.dataset(path_of(name))


NUMBERS = {id_of(name): at for at, name in enumerate(("run1", "run2"), 1)}
PLACEHOLDER = InvestigationRef(
    investigation_id=IDENTITIES.opened("mx1111", "id30a-3", NOW),
    facility_id=None,
    proposal="mx1111",
    beamline="id30a-3",
    start=None,
    end=None,
    title=None,
    placeholder=True,
)
"""The placeholder that the store would give to the datasets of the tests."""


def number(value: float, unit: str = "mm") -> Parameter:
    return {"value": value, "original": str(value), "unit": unit}


@dataclass(frozen=True)
class Tracked:
    """A submission that has reached the catalogue. The defaults are a plain raw dataset."""

    name: str = "run1"
    receipt: str = "r1"
    source: str = "/producers/test"
    content: str = "words"
    mode: Mode = "replace"
    parameters: dict[str, Parameter] = field(default_factory=dict)
    inputs: tuple[str, ...] = ()
    files: tuple[DeclaredFile, ...] = ()
    file_count: int | None = None
    complete: bool = True
    sequence_index: int | None = None
    proposal: str = "mx1111"
    kind: str = "mx.raw.datacollection"
    start: datetime = NOW
    end: datetime | None = NOW + timedelta(minutes=1)
    sample: str | None = "Fus_RAC1b"
    inherits: bool = False
    container: Container | None = None
    investigation: InvestigationRef = INVESTIGATION
    findings: tuple[Finding, ...] = ()
    producer: Producer = field(default_factory=Producer)
    definitions_version: str | None = None
    revision: int | None = None

    @property
    def dataset_id(self) -> UUID:
        return id_of(self.name)

    def record(self, offset: int = 0) -> Record:
        headers = headers_of(
            TRACKED,
            receipt_id=self.receipt,
            source="/beamcat/sample_tracking",
            time="t",
            traceparent=b"00-trace",
            producer=self.source.encode(),
            content=self.content,
        )
        value = self._event().model_dump_json().encode()
        return Record(TRACKED.name, 0, offset, 0, str(self.dataset_id).encode(), value, headers)

    def received(self) -> Received[CatalogView]:
        return read(self.record(), TRACKED, CatalogView)

    def _event(self) -> DatasetTracked:
        inputs = [
            LinkedInput(path=path_of(name), dataset_id=id_of(name), kind="mx.raw.datacollection")
            for name in self.inputs
        ]
        sample = self.sample and SampleRef(
            sample_id=IDENTITIES.sample(self.investigation.investigation_id, self.sample),
            name=self.sample,
            inherited=self.inherits,
        )
        return DatasetTracked(
            submission=Submission(name=self.name, path=path_of(self.name), proposal="mx1111"),
            dataset=self._facts(),
            parameters=self.parameters,
            links=Links(investigation=self.investigation, inputs=inputs),
            tracking=Tracking(sample=sample or None, container=self.container),
        )

    def _facts(self) -> DatasetFacts:
        return DatasetFacts(
            dataset_id=self.dataset_id,
            receipt_id=self.receipt,
            path=path_of(self.name),
            name=self.name,
            proposal=self.proposal,
            beamline="id30a-3",
            sample_name=self.sample,
            type="processed" if self.inputs else "raw",
            technique="MX",
            technique_pid=None,
            kind=self.kind,
            start=self.start,
            end=self.end,
            inputs=[InputRef(path=path_of(name), dataset_id=id_of(name)) for name in self.inputs],
            files=list(self.files),
            file_count=self.file_count,
            volume_bytes=None,
            mode=self.mode,
            complete=self.complete,
            sequence_index=self.sequence_index,
            investigation_id=None,
            producer=self.producer,
            submitted_at=NOW - timedelta(seconds=1),
            findings=list(self.findings),
            definitions_version=self.definitions_version,
            revision=self.revision,
        )


def committed(message: Message) -> DatasetCommitted:
    return DatasetCommitted.model_validate_json(message.value)


def read_back(document: CatalogDocument) -> CatalogDocument:
    """The document as the store reads it from its event."""
    commit = Commit(
        receipt_id="r1",
        dataset_id=document.dataset_id,
        path=document.path,
        revision=1,
        outcome="created",
        submitted_at=NOW,
        committed_at=NOW,
    )
    return CurrentRevision.read(written(commit, document)).document

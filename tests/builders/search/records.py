"""Builders of committed, rejected, pending and submitted records, as the other services write them."""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from shared.events.dataset import Commit, DatasetCommitted, Document, LinkedInput
from shared.events.headers import FOLLOWING, fingerprint, headers_of
from shared.events.identity import Identities
from shared.events.investigation import InvestigationRef, InvestigationRegistered
from shared.events.logbook import LogbookEntry, LogbookText
from shared.events.pending import DatasetPending, Pending
from shared.events.record import Message, Record
from shared.events.rejection import DatasetRejected, Origin, Rejection
from shared.events.report import DatasetReported, Report
from shared.events.sample import SampleRef
from shared.events.sections import Finding, Producer
from shared.events.shipments import ShipmentChanged
from shared.events.topics import COMMITTED, LOGBOOK, PENDING, REGISTERED, REJECTED, REPORTS, SHIPMENTS, SUBMITTED, Topic

IDENTITIES = Identities("facility.example")
NOON = datetime(2024, 11, 30, 12, 0, tzinfo=UTC)
MXCUBE = "/producers/mxcube"


def dataset_id(path: str) -> UUID:
    return IDENTITIES.dataset(path)


@dataclass(frozen=True)
class Kept:
    """A value that could not be read: the original text, without a canonical value."""

    original: str


def parameters_of(values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: {"original": value.original} if isinstance(value, Kept) else {"value": value, "original": str(value)}
        for name, value in values.items()
    }


def investigation(number: int, **fields: Any) -> InvestigationRef:
    facts: dict[str, Any] = {
        "proposal": "mx1111",
        "beamline": "id30a-3",
        "start": NOON,
        "end": None,
        "title": None,
        "placeholder": False,
    }
    return InvestigationRef(
        investigation_id=IDENTITIES.investigation(str(number)),
        number=number,
        facility_id=str(number),
        **facts | fields,
    )


def entry(text: str, **fields: Any) -> LogbookEntry:
    facts: dict[str, Any] = {"proposal": "mx1111", "beamline": "id30a-3", "created_at": NOON, "received_at": NOON}
    return LogbookEntry(
        entry_id=IDENTITIES.dataset(f"/{text}"),
        type="notification",
        content=[LogbookText(format="plainText", text=text)],
        **facts | fields,
    )


def document(
    path: str, parameters: Mapping[str, Any] | None = None, inputs: Sequence[str] = (), **fields: Any
) -> Document:
    facts: dict[str, Any] = {
        "name": path.rsplit("/", 1)[1],
        "type": "processed" if inputs else "raw",
        "technique": "MX",
        "technique_pid": None,
        "kind": "datacollection",
        "proposal": "mx1111",
        "beamline": "id30a-3",
        "start": NOON,
        "end": None,
        "complete": True,
        "sequence_index": None,
        "container": None,
        "sample_changer_position": None,
        "files": [],
        "file_count": None,
        "volume_bytes": None,
        "findings": [],
        "producer": Producer(software="test"),
        **fields,
    }
    sample, investigation = facts.pop("sample", None), facts.pop("investigation", None)
    return Document(
        dataset_id=dataset_id(path),
        path=path,
        parameters=parameters_of(parameters or {}),
        inputs=[LinkedInput(path=one, dataset_id=dataset_id(one), kind="datacollection") for one in inputs],
        sample=SampleRef(sample_id=IDENTITIES.sample(IDENTITIES.investigation("any"), sample), name=sample)
        if sample
        else None,
        investigation=investigation
        or InvestigationRef(
            investigation_id=IDENTITIES.opened(facts["proposal"], facts["beamline"], NOON),
            facility_id=None,
            proposal=facts["proposal"],
            beamline=facts["beamline"],
            start=None,
            end=None,
            title=None,
            placeholder=True,
        ),
        **facts,
    )


def said_of(path: str, words: str = "") -> bytes:
    """The submission of a dataset: its path and a few words."""
    return json.dumps({"submission": {"path": path, "name": words}}).encode()


class Topics:
    """Records of every topic, each at the next offset of its one partition."""

    def __init__(self) -> None:
        self.records: list[Record] = []

    def submitted(  # noqa: PLR0913  # each is a side of what is said
        self,
        receipt: str,
        path: str,
        at: datetime = NOON,
        *,
        time: str | None = None,
        by: str = MXCUBE,
        words: str = "",
        taken: datetime | None = None,
    ) -> Record:
        """Add a submission. `at` is the time that it states, `taken` the time at which Kafka took it."""
        said = at.isoformat() if time is None else time
        value = said_of(path, words)
        return self._add(SUBMITTED, receipt, str(dataset_id(path)), value, said, taken or at, by=by)

    def committed(  # noqa: PLR0913  # as submitted
        self,
        path: str,
        parameters: Mapping[str, Any] | None = None,
        inputs: Sequence[str] = (),
        *,
        revision: int = 1,
        receipt: str | None = None,
        number: int | None = None,
        by: str | None = MXCUBE,
        words: str = "",
        told: datetime = NOON,
        **fields: Any,
    ) -> Record:
        receipt = receipt or f"{path} {revision}"
        commit = self._commit(path, receipt, revision, "created" if revision == 1 else "replaced", number)
        event = DatasetCommitted(commit=commit, document=document(path, parameters, inputs, **fields))
        return self._add(COMMITTED, receipt, str(dataset_id(path)), event, at=told, by=by, content=said_of(path, words))

    def unchanged(
        self,
        path: str,
        receipt: str,
        revision: int = 1,
        *,
        by: str = MXCUBE,
        words: str = "",
        told: datetime = NOON,
    ) -> Record:
        event = DatasetCommitted(commit=self._commit(path, receipt, revision, "unchanged"), document=None)
        return self._add(COMMITTED, receipt, str(dataset_id(path)), event, at=told, by=by, content=said_of(path, words))

    def pending(  # noqa: PLR0913  # as submitted
        self,
        receipt: str,
        path: str,
        waits_for: Sequence[str],
        findings: Sequence[Finding] = (),
        *,
        by: str = MXCUBE,
        words: str = "",
        since: datetime = NOON,
        **facts: Any,
    ) -> Record:
        """Add a pending event. `facts` are facts of the dataset and near paths. An older version wrote none."""
        pending = Pending(
            receipt_id=receipt,
            dataset_id=dataset_id(path),
            path=path,
            waits_for=list(waits_for),
            since=since,
            deadline=since + timedelta(days=7),
            findings=list(findings),
            **facts,
        )
        event = DatasetPending(pending=pending)
        return self._add(PENDING, receipt, str(dataset_id(path)), event, by=by, content=said_of(path, words))

    def rejected(  # noqa: PLR0913  # as submitted
        self,
        receipt: str | None,
        path: str | None = None,
        *,
        value: bytes | None = b"{",
        offset: int = 0,
        by: str = MXCUBE,
        words: str = "",
        taken: datetime = NOON,
        topic: str = SUBMITTED.name,
        told: datetime = NOON,
        **fields: Any,
    ) -> Record:
        """Add a rejection. `taken` is when Kafka took the refused record, `topic` is where it was read."""
        facts: dict[str, Any] = {
            "producer": by,
            "stage": "validator",
            "code": "dataset_invalid",
            "message": "MX_flux: 'many' is no number",
            "rejected_at": NOON + timedelta(seconds=offset),
            "origin": Origin(topic=topic, partition=0, offset=offset, timestamp_ms=int(taken.timestamp() * 1000)),
            **fields,
        }
        rejection = Rejection(
            receipt_id=receipt,
            dataset_id=dataset_id(path) if path and path.startswith("/") else None,
            path=path,
            headers={"ce_id": receipt} if receipt else {},
            key_base64=None,
            value_base64=None if value is None else base64.b64encode(value).decode(),
            **facts,
        )
        event, content = DatasetRejected(rejection=rejection), said_of(path or "", words)
        return self._add(REJECTED, receipt or "position", None, event, at=told, content=content)

    def registered(self, investigation: InvestigationRef) -> Record:
        event = InvestigationRegistered(investigation=investigation)
        return self._add(REGISTERED, "registered", str(investigation.investigation_id), event)

    def written(self, message: Message) -> Record:
        """A published entry of the logbook, as it is read again."""
        return self.published(LOGBOOK, message)

    def published(self, topic: Topic, message: Message) -> Record:
        """A published message, as it is read again."""
        return self._add(topic, dict(message.headers)["ce_id"].decode(), None, message.value)

    def reported(self, number: int, event: str = "a-report", *, by: str | None = None, **said: Any) -> Record:
        report = Report.model_validate({"dataset_number": number, "about": "archiving", "at": NOON} | said)
        return self._add(REPORTS, event, str(number), DatasetReported(report=report), by=by)

    def shipped(self, happening: str, minute: int, investigation: str = "42", **said: Any) -> Record:
        """Add an event about a shipment, some minutes after noon."""
        about = {"investigation_id": investigation, "proposal": "mx1111", "beamline": "ID30A-3"}
        at = (NOON + timedelta(minutes=minute)).isoformat()
        event = ShipmentChanged.model_validate({"shipping": about | {"happening": happening, "at": at} | said})
        return self._add(SHIPMENTS, f"{happening} {minute}", investigation, event)

    def _commit(self, path: str, receipt: str, revision: int, outcome: Any, number: int | None = None) -> Commit:
        return Commit(
            receipt_id=receipt,
            dataset_id=dataset_id(path),
            number=number,
            path=path,
            revision=revision,
            outcome=outcome,
            submitted_at=NOON,
            committed_at=NOON + timedelta(seconds=revision),
        )

    def _add(  # noqa: PLR0913  # a record has many sides
        self,
        topic: Topic,
        receipt: str,
        key: str | None,
        event: BaseModel | bytes,
        time: str = "",
        at: datetime = NOON,
        *,
        by: str | None = None,
        content: bytes | None = None,
    ) -> Record:
        headers = headers_of(
            topic,
            receipt_id=receipt,
            source="/beamcat/test" if topic.name in FOLLOWING else by or "/test",
            time=time or at.isoformat(),
            producer=by.encode() if by and topic.name in FOLLOWING else None,
            content=fingerprint(content) if content and (by or topic is REJECTED) else "",
        )
        record = Record(
            topic.name,
            0,
            sum(record.topic == topic.name for record in self.records),
            int(at.timestamp() * 1000),
            None if key is None else key.encode(),
            event if isinstance(event, bytes) else event.model_dump_json().encode(),
            headers,
        )
        self.records.append(record)
        return record

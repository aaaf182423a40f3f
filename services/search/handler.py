"""What an event adds to the read model. Pure: one function a topic, and nothing is known or asked."""

import base64
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from pydantic import JsonValue, ValidationError
from pydantic_core import from_json, to_json

from services.search.icat_plus.noting import investigation_of, sample_of
from services.search.index_entry import DocumentView, entry_of, packed
from services.search.model import Noted, Rank, Receipt, RejectionRow, RevisionRow
from shared.events import Commit, DatasetPending, DatasetRejected, Rejection, Section
from shared.identity import Identities, PathInvalid
from shared.rejections import Code, Poison
from shared.topics import SUBMITTED
from shared.wire import PRODUCER, Received, Record, SubmissionId, content_of, member, time_of

NOBODY = "?"
"""The source of a record that names none: no producer's, for each has a name."""


class _Said(Section):
    path: JsonValue = None


class SubmittedView(Section):
    """Of the body, which dataset it is about."""

    submission: _Said = _Said()


class CommittedView(Section):
    """How the catalogue took it, and what of the document is searched."""

    commit: Commit
    document: DocumentView | None


def note_submitted(
    identities: Identities, events: Sequence[Received[SubmittedView]], _known: object, _now: datetime
) -> Sequence[Noted]:
    """The submission is in flight."""
    return [
        Noted(
            Receipt(
                event.submission(_dataset_of(identities, event.record.key, event.event)),
                None,
                event.said_at,
                event.record.at,
                Rank.IN_FLIGHT,
                event.record.offset,
                '{"state":"in_flight"}',
            )
        )
        for event in events
    ]


def note_pending(events: Sequence[Received[DatasetPending]], _known: object, _now: datetime) -> Sequence[Noted]:
    """The submission waits for inputs; a later word on the topic replaces an earlier one."""
    return [
        Noted(
            Receipt(
                _followed(event, pending.receipt_id, pending.dataset_id),
                pending.path,
                None,
                event.record.at,
                Rank.PENDING,
                event.record.offset,
                _answer(
                    state="pending",
                    waits_for=pending.waits_for,
                    waits_for_count=pending.waits_for_count or len(pending.waits_for),
                    since=pending.since,
                    deadline=pending.deadline,
                    findings=pending.findings,
                ),
            )
        )
        for event in events
        for pending in (event.event.pending,)
    ]


def note_rejected(
    identities: Identities, events: Sequence[Received[DatasetRejected]], _known: object, _now: datetime
) -> Sequence[Noted]:
    """The rejection is kept, with or without a receipt that can be told of it."""
    return [_rejected(identities, event.event.rejection, event.record) for event in events]


def note_committed(events: Sequence[Received[CommittedView]], _known: object, _now: datetime) -> Sequence[Noted]:
    """The dataset is found, and its receipt answered; an unchanged one only answers the receipt."""
    return [_committed(event) for event in events]


def _committed(event: Received[CommittedView]) -> Noted:
    commit, document = event.event.commit, event.event.document
    unchanged = commit.outcome == "unchanged"
    answer = _answer(
        state="unchanged" if unchanged else "committed",
        revision=commit.revision,
        outcome=commit.outcome,
        committed_at=commit.committed_at,
    )
    receipt = Receipt(
        _followed(event, commit.receipt_id, commit.dataset_id),
        commit.path,
        commit.submitted_at,
        event.record.at,
        Rank.COMMITTED,
        event.record.offset,
        answer,
    )
    if document is None:
        return Noted(receipt)
    assert event.record.value is not None, "an event was read from it"
    revision = RevisionRow(
        commit.dataset_id,
        commit.revision,
        commit.receipt_id,
        commit.outcome,
        commit.submitted_at,
        commit.committed_at,
        packed(event.record.value),
    )
    parameters = from_json(member(event.record, "document.parameters"))
    return Noted(
        receipt,
        entry_of(commit, document, parameters),
        revision,
        investigation=investigation_of(commit, document.investigation),
        sample=sample_of(commit, document),
    )


def _rejected(identities: Identities, rejection: Rejection, record: Record) -> Noted:
    origin = rejection.origin
    row = RejectionRow(
        # the same record refused twice by the same stage, as after a crash, is one rejection
        uuid5(UUID(int=0), f"{origin.topic}/{origin.partition}/{origin.offset}/{rejection.stage}"),
        rejection.receipt_id,
        rejection.dataset_id,
        rejection.path,
        rejection.producer,
        rejection.stage,
        rejection.code,
        rejection.message,
        to_json(rejection.findings).decode(),
        origin.topic,
        origin.partition,
        origin.offset,
        origin.timestamp_ms,
        to_json(rejection.headers).decode(),
        _bytes(rejection.key_base64),
        _bytes(rejection.value_base64),
        rejection.rejected_at,
    )
    if rejection.receipt_id is None:
        return Noted(rejection=row)
    answer = _answer(
        state="rejected",
        code=rejection.code,
        message=rejection.message,
        findings=rejection.findings,
        stage=rejection.stage,
        rejected_at=rejection.rejected_at,
        rejection_id=row.rejection_id,
    )
    submitted_at = time_of(origin.timestamp_ms) if origin.topic == SUBMITTED.name else None
    receipt = Receipt(
        SubmissionId(
            rejection.producer or NOBODY,
            rejection.receipt_id,
            _rejected_dataset(identities, rejection, row),
            content_of(record),
        ),
        rejection.path,
        submitted_at,
        record.at,
        Rank.REJECTED,
        record.offset,
        answer,
    )
    return Noted(receipt, rejection=row)


def _followed(event: Received[Any], receipt_id: str, dataset_id: UUID) -> SubmissionId:
    """The submission that a stage reports of; without a source where a version reported that told none."""
    headers = dict(event.record.headers)
    source = headers.get(PRODUCER, b"").decode()
    return SubmissionId(source, receipt_id, dataset_id, content_of(event.record))


def _rejected_dataset(identities: Identities, rejection: Rejection, row: RejectionRow) -> UUID | None:
    """The dataset that a rejection is about: of what was submitted, the one that was in flight."""
    if rejection.origin.topic != SUBMITTED.name or row.value is None:
        return rejection.dataset_id
    try:
        said = SubmittedView.model_validate_json(row.value)
    except ValidationError:
        return rejection.dataset_id
    return _dataset_of(identities, row.key, said)


def _dataset_of(identities: Identities, key: bytes | None, said: SubmittedView) -> UUID | None:
    """The dataset at the path that is said; if that is no path, the one that the record's key names."""
    try:
        return identities.dataset(identities.path(str(said.submission.path or "")))
    except PathInvalid:
        return _uuid(key)


def _answer(**fields: object) -> str:
    return to_json(fields).decode()


def _bytes(encoded: str | None) -> bytes | None:
    try:
        return None if encoded is None else base64.b64decode(encoded)
    except ValueError as error:
        raise Poison(Code.SHAPE_INVALID, f"the bytes that were rejected are not written in base64: {error}") from error


def _uuid(key: bytes | None) -> UUID | None:
    try:
        return UUID((key or b"").decode())
    except ValueError:
        return None

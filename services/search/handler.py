"""What an event adds to the read model. Pure: one function a topic, and nothing is known or asked."""

import base64
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic_core import from_json, to_json

from services.search import happenings
from services.search.icat_plus.noting import investigation_of, sample_of
from services.search.index_entry import DocumentView, entry_of, packed
from services.search.model import Noted, Rank, Receipt, RejectionRow, RevisionRow, Waits
from services.search.order import microsecond
from services.search.originals import About, about
from shared.events.codes import Code, Poison
from shared.events.dataset import Commit
from shared.events.identity import Identities
from shared.events.pending import DatasetPending, NearPaths, Pending
from shared.events.rejection import DatasetRejected, Rejection
from shared.events.rejection_message import rejection_id
from shared.events.sections import Section
from shared.events.subject import subject_of
from shared.events.topics import SUBMITTED
from shared.events.wire import PRODUCER, Received, Record, SubmissionId, content_of, member, time_of
from shared.foundation.arrays import array, quoted

NOBODY = "?"
"""The source of a record that names none: no producer's, for each has a name."""
LONGEST_CODE = 100
"""Characters of a finding's code that are searched: an index key is bounded."""


class SubmittedView(Section):
    """Nothing of the body: whatever its shape is, the headers say which receipt is in flight."""


class CommittedView(Section):
    """How the catalogue took it, and what of the document is searched."""

    commit: Commit
    document: DocumentView | None


def note_submitted(
    identities: Identities, events: Sequence[Received[SubmittedView]], _known: object, _now: datetime
) -> Sequence[Noted]:
    """The submission is in flight, about the dataset whose path it names."""
    return [
        Noted(
            Receipt(
                event.submission((about := subject_of(event.record, identities)).dataset_id),
                about.path,
                event.said_at,
                event.record.at,
                Rank.IN_FLIGHT,
                0,
                '{"state":"in_flight"}',
            )
        )
        for event in events
    ]


def note_pending(
    identities: Identities, events: Sequence[Received[DatasetPending]], _known: object, now: datetime
) -> Sequence[Noted]:
    """The submission waits for inputs; a later word on the topic replaces an earlier one."""
    return [_pending(event, identities, now) for event in events]


def _pending(event: Received[DatasetPending], identities: Identities, now: datetime) -> Noted:
    pending = event.event.pending
    submission = _followed(event, pending.receipt_id, pending.dataset_id)
    answer = _answer(
        state="pending",
        waits_for=pending.waits_for,
        waits_for_count=pending.waits_for_count or len(pending.waits_for),
        since=pending.since,
        deadline=pending.deadline,
        findings=pending.findings,
        name=pending.name,
        near=_near(pending),
    )
    waits = Waits(
        pending.since,
        pending.beamline,
        pending.proposal,
        pending.kind,
        tuple(identities.dataset(path) for path in pending.waits_for),
    )
    word = event.record.offset
    receipt = Receipt(submission, pending.path, None, event.record.at, Rank.PENDING, word, answer, waits)
    return Noted(receipt, activity=happenings.pending(pending, submission, event.record, now))


def _near(pending: Pending) -> list[NearPaths]:
    """Of an event from before near paths were told by themselves, the one that a finding names."""
    named = [(each.value, each.expected) for each in pending.findings if not pending.near]
    return [*pending.near, *(NearPaths(path=path, near=[near]) for path, near in named if path and near)]


def note_rejected(
    identities: Identities, events: Sequence[Received[DatasetRejected]], _known: object, now: datetime
) -> Sequence[Noted]:
    """The rejection is kept, with or without a receipt that can be told of it."""
    return [_rejected(event.event.rejection, event.record, identities, now) for event in events]


def note_committed(events: Sequence[Received[CommittedView]], _known: object, now: datetime) -> Sequence[Noted]:
    """The dataset is found, and its receipt answered; an unchanged one only answers the receipt."""
    return [_committed(event, now) for event in events]


def _committed(event: Received[CommittedView], now: datetime) -> Noted:
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
        microsecond(commit.committed_at),
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
        activity=happenings.committed(commit, document, event.record, now),
    )


def _rejected(rejection: Rejection, record: Record, identities: Identities, now: datetime) -> Noted:
    """The answer begins with its time: of two tellings of one rejection the first stands, and texts compare so."""
    first, value = rejection.submitted or rejection.origin, _bytes(rejection.value_base64)
    subject = about(rejection, value, identities)
    row = _rejection_row(rejection, record, subject, value)
    activity = happenings.rejected(rejection, row, subject, record, now)
    if rejection.receipt_id is None:
        return Noted(rejection=row, activity=activity)
    answer = _answer(
        state="rejected",
        rejected_at=rejection.rejected_at,
        code=rejection.code,
        message=rejection.message,
        findings=rejection.findings,
        stage=rejection.stage,
        rejection_id=row.rejection_id,
    )
    receipt = Receipt(
        _refused(rejection, rejection.receipt_id, record),
        rejection.path,
        time_of(first.timestamp_ms) if first.topic == SUBMITTED.name else None,
        record.at,
        Rank.REJECTED,
        first.timestamp_ms,
        answer,
    )
    return Noted(receipt, rejection=row, activity=activity)


def _rejection_row(rejection: Rejection, record: Record, subject: About, value: bytes | None) -> RejectionRow:
    origin, receipt_id = rejection.origin, rejection.receipt_id
    return RejectionRow(
        rejection_id(rejection),
        receipt_id,
        subject.dataset_id,
        subject.path,
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
        value,
        rejection.rejected_at,
        None if receipt_id is None else _refused(rejection, receipt_id, record).key,
        time_of((rejection.submitted or origin).timestamp_ms),
        subject.beamline,
        array(map(quoted, sorted({finding.code[:LONGEST_CODE] for finding in rejection.findings}))),
    )


def _refused(rejection: Rejection, receipt_id: str, record: Record) -> SubmissionId:
    return SubmissionId(rejection.producer or NOBODY, receipt_id, rejection.dataset_id, content_of(record))


def _followed(event: Received[Any], receipt_id: str, dataset_id: UUID) -> SubmissionId:
    """The submission that a stage reports of; without a source where a version reported that told none."""
    headers = dict(event.record.headers)
    source = headers.get(PRODUCER, b"").decode()
    return SubmissionId(source, receipt_id, dataset_id, content_of(event.record))


def _answer(**fields: object) -> str:
    return to_json(fields).decode()


def _bytes(encoded: str | None) -> bytes | None:
    try:
        return None if encoded is None else base64.b64decode(encoded)
    except ValueError as error:
        raise Poison(Code.SHAPE_INVALID, f"the bytes that were rejected are not written in base64: {error}") from error

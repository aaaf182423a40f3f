"""The activity that one event reports: a commit, a rejection, or a submission that began to wait. Pure."""

from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from services.search.projections.datasets.note import DocumentView
from services.search.projections.facts import Law, first
from services.search.projections.order import microsecond
from services.search.projections.rejections.original import RejectedSubject
from shared.events.dataset import Commit
from shared.events.order import said_of
from shared.events.pending import Pending
from shared.events.record import Record
from shared.events.rejection import Rejection
from shared.events.wire import SubmissionId

KEPT = timedelta(days=7)
"""How long activity is kept for watchers. Older events are found only in the lists."""
LONGEST_MESSAGE = 1000


class ActivityRow(NamedTuple):
    """One row of activity, in the order of the table's columns. The id is derived from the content.

    The position of the event in Kafka orders the rows: a partition is read from its beginning to its end.
    """

    activity_id: UUID
    topic: str
    partition: int
    record_offset: int
    timestamp_ms: int
    at: datetime
    state: str
    dataset_id: UUID | None
    path: str | None
    name: str | None = None
    kind: str | None = None
    beamline: str | None = None
    proposal: str | None = None
    code: str | None = None
    message: str | None = None
    revision: int | None = None
    receipt_id: str | None = None
    rejection_id: UUID | None = None

    @property
    def order(self) -> tuple[int, str, int, int]:
        """The first of several reports of the same activity stands."""
        return self.timestamp_ms, self.topic, self.partition, self.record_offset


ACTIVITY = Law(ActivityRow, key=lambda row: row.activity_id, stands=first(lambda row: row.order))


def committed(commit: Commit, document: DocumentView, record: Record, now: datetime) -> ActivityRow | None:
    """The activity of a commit. An old commit is not reported."""
    if commit.committed_at < now - KEPT:
        return None
    number = f"{commit.dataset_id} {commit.revision} {microsecond(commit.committed_at)}"
    return ActivityRow(
        said_of("committed", number, b""),
        *_place(record),
        commit.committed_at,
        "committed",
        commit.dataset_id,
        commit.path,
        document.name,
        document.kind,
        document.beamline,
        document.proposal,
        revision=commit.revision,
        receipt_id=commit.receipt_id,
    )


def pending(pending: Pending, submission: SubmissionId, record: Record, now: datetime) -> ActivityRow | None:
    """The activity of a submission that began to wait. It is one row, however often the missing inputs are reported."""
    if pending.since < now - KEPT:
        return None
    first_input, more = "".join(pending.waits_for[:1]), (pending.waits_for_count or len(pending.waits_for)) - 1
    return ActivityRow(
        said_of("pending", f"{submission.key} {microsecond(pending.since)}", b""),
        *_place(record),
        pending.since,
        "pending",
        pending.dataset_id,
        pending.path,
        pending.name,
        pending.kind,
        pending.beamline,
        pending.proposal,
        message=f"waits for {first_input}{f' and {more} more' if more > 0 else ''}"[:LONGEST_MESSAGE],
        receipt_id=pending.receipt_id,
    )


def rejected(
    rejection: Rejection, rejection_id: UUID, subject: RejectedSubject, record: Record, now: datetime
) -> ActivityRow | None:
    """The activity of a rejection. The original says to whom it belongs, as far as it can be read."""
    if rejection.rejected_at < now - KEPT:
        return None
    return ActivityRow(
        rejection_id,
        *_place(record),
        rejection.rejected_at,
        "rejected",
        subject.dataset_id,
        subject.path,
        subject.name,
        subject.kind,
        subject.beamline,
        subject.proposal,
        rejection.code,
        rejection.message[:LONGEST_MESSAGE],
        receipt_id=rejection.receipt_id,
        rejection_id=rejection_id,
    )


def _place(record: Record) -> tuple[str, int, int, int]:
    return record.topic, record.partition, record.offset, record.timestamp_ms

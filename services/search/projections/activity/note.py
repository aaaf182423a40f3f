"""What watchers are told of one event: a commit, a rejection, or that something began to wait. Pure."""

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
from shared.events.rejection import Rejection
from shared.events.wire import Record, SubmissionId

KEPT = timedelta(days=7)
"""How long what happened can be watched. What is older is found in the lists alone."""
LONGEST_MESSAGE = 1000


class ActivityRow(NamedTuple):
    """Something that happened, in the order of the table's columns. The id follows from what happened.

    The place of the event in Kafka orders the rows: a partition is noted from its beginning to its end.
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
        """The least stands: of several reports of one happening the first."""
        return self.timestamp_ms, self.topic, self.partition, self.record_offset


ACTIVITY = Law(ActivityRow, key=lambda row: row.activity_id, stands=first(lambda row: row.order))


def committed(commit: Commit, document: DocumentView, record: Record, now: datetime) -> ActivityRow | None:
    """A revision was committed. An old commit is not reported."""
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
    """A submission began to wait. That is one happening, however often its missing inputs are reported."""
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
    """A record was rejected. The original says whose it is, as far as it can be read."""
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

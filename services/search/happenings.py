"""What somebody who watches is told of one event: a commit, a rejection, or that something began to wait. Pure."""

from datetime import datetime, timedelta

from services.search.index_entry import DocumentView
from services.search.model import ActivityRow, RejectionRow
from services.search.order import microsecond, said_of
from services.search.originals import About
from shared.events.dataset import Commit
from shared.events.pending import Pending
from shared.events.rejection import Rejection
from shared.events.wire import Record, SubmissionId

KEPT = timedelta(days=7)
"""How long what happened can be watched; what is older is told by lists alone."""
LONGEST_MESSAGE = 1000


def committed(commit: Commit, document: DocumentView, record: Record, now: datetime) -> ActivityRow | None:
    """A revision was committed. Of an old one nobody is told."""
    if commit.committed_at < now - KEPT:
        return None
    number = f"{commit.dataset_id} {commit.revision} {microsecond(commit.committed_at)}"
    return ActivityRow(
        said_of("committed", number, b""),
        record.topic,
        record.partition,
        record.offset,
        record.timestamp_ms,
        commit.committed_at,
        "committed",
        commit.dataset_id,
        commit.path,
        document.name,
        document.kind,
        document.beamline,
        document.proposal,
        None,
        None,
        commit.revision,
        commit.receipt_id,
        None,
    )


def pending(pending: Pending, submission: SubmissionId, record: Record, now: datetime) -> ActivityRow | None:
    """A submission began to wait; that is told once, however often what it waits for is told."""
    if pending.since < now - KEPT:
        return None
    first, more = "".join(pending.waits_for[:1]), (pending.waits_for_count or len(pending.waits_for)) - 1
    return ActivityRow(
        said_of("pending", f"{submission.key} {microsecond(pending.since)}", b""),
        record.topic,
        record.partition,
        record.offset,
        record.timestamp_ms,
        pending.since,
        "pending",
        pending.dataset_id,
        pending.path,
        pending.name,
        pending.kind,
        pending.beamline,
        pending.proposal,
        None,
        f"waits for {first}{f' and {more} more' if more > 0 else ''}"[:LONGEST_MESSAGE],
        None,
        pending.receipt_id,
        None,
    )


def rejected(
    rejection: Rejection, row: RejectionRow, subject: About, record: Record, now: datetime
) -> ActivityRow | None:
    """Something was rejected; whose it is follows from the original, as far as that can be read."""
    if rejection.rejected_at < now - KEPT:
        return None
    return ActivityRow(
        row.rejection_id,
        record.topic,
        record.partition,
        record.offset,
        record.timestamp_ms,
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
        None,
        rejection.receipt_id,
        row.rejection_id,
    )

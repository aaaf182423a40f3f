"""The handlers of search: the facts that an event adds to the read model. Pure, with one function for each topic.

A topic that feeds only one projection has its function in the `note.py` of that projection.
"""

from collections.abc import Sequence
from datetime import datetime

from services.search.projections.activity import note as activity
from services.search.projections.datasets.note import DocumentView, entry_of
from services.search.projections.facts import EventFacts
from services.search.projections.investigations.note import investigation_of
from services.search.projections.receipts import note as receipts
from services.search.projections.rejections.note import decoded, rejection_of
from services.search.projections.rejections.original import subject_of_rejected
from services.search.projections.revisions.note import revision_of
from services.search.projections.samples.note import sample_of
from shared.events.dataset import Commit
from shared.events.identity import Identities
from shared.events.pending import DatasetPending
from shared.events.record import Record
from shared.events.rejection import DatasetRejected, Rejection
from shared.events.sections import Section
from shared.events.structs import PlainView
from shared.events.wire import Received


class SubmittedView(Section):
    """An empty view of a submission. The headers say which receipt is in flight, whatever the shape of the body is."""


class CommittedView(PlainView):
    """The view of a commit: how the catalogue took the submission, and the searched part of the document."""

    commit: Commit
    document: DocumentView | None


def note_submitted(
    identities: Identities, events: Sequence[Received[SubmittedView]], _known: object, _now: datetime
) -> Sequence[EventFacts]:
    """Note that submissions are in flight."""
    return [EventFacts((receipts.in_flight(event, identities),)) for event in events]


def note_pending(
    identities: Identities, events: Sequence[Received[DatasetPending]], _known: object, now: datetime
) -> Sequence[EventFacts]:
    """Note that submissions wait for inputs."""
    return [_pending(event, identities, now) for event in events]


def _pending(event: Received[DatasetPending], identities: Identities, now: datetime) -> EventFacts:
    receipt = receipts.pending(event, identities)
    return _noted(receipt, activity.pending(event.event.pending, receipt.submission, event.record, now))


def note_rejected(
    identities: Identities, events: Sequence[Received[DatasetRejected]], _known: object, now: datetime
) -> Sequence[EventFacts]:
    """Note rejections, and the state of their receipts if they have any."""
    return [_rejected(event.event.rejection, event.record, identities, now) for event in events]


def _rejected(rejection: Rejection, record: Record, identities: Identities, now: datetime) -> EventFacts:
    value = decoded(rejection.value_base64)
    subject = subject_of_rejected(rejection, value, identities)
    submission = receipts.refused_submission(rejection, record)
    row = rejection_of(rejection, submission, subject, value)
    receipt = None if submission is None else receipts.rejected(rejection, submission, row.rejection_id, record)
    return _noted(receipt, row, activity.rejected(rejection, row.rejection_id, subject, record, now))


def note_committed(events: Sequence[Received[CommittedView]], _known: object, now: datetime) -> Sequence[EventFacts]:
    """Note committed datasets and the state of their receipts. An unchanged dataset changes only its receipt."""
    return [_committed(event, now) for event in events]


def _committed(event: Received[CommittedView], now: datetime) -> EventFacts:
    commit, document, record = event.event.commit, event.event.document, event.record
    receipt = receipts.committed(commit, record)
    if document is None:
        return EventFacts((receipt,))
    assert record.value is not None, "an event was read from it"
    return _noted(
        receipt,
        entry_of(commit, document),
        revision_of(commit, record.value),
        investigation_of(commit, document.investigation),
        sample_of(commit, document),
        activity.committed(commit, document, record, now),
    )


def _noted(*facts: object) -> EventFacts:
    """The facts that are not None."""
    return EventFacts(tuple(fact for fact in facts if fact is not None))

"""One revision of a dataset, as it was committed. Pure."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from services.search.projections.facts import Law, last
from shared.events.dataset import Commit
from shared.foundation.packing import packed


class RevisionRow(NamedTuple):
    """A revision as it was committed, in the order of the table's columns. `body` is the compressed event."""

    dataset_id: UUID
    revision: int
    receipt_id: str
    outcome: str
    submitted_at: datetime
    committed_at: datetime
    body: bytes


REVISIONS = Law(RevisionRow, key=lambda row: row[:2], stands=last(lambda row: row.committed_at))
"""Of two revisions with one number, the last committed stands. Only a restored catalogue repeats numbers."""


def revision_of(commit: Commit, event: bytes) -> RevisionRow:
    """The row of the revision that an event commits."""
    return RevisionRow(
        commit.dataset_id,
        commit.revision,
        commit.receipt_id,
        commit.outcome,
        commit.submitted_at,
        commit.committed_at,
        packed(event),
    )

"""An investigation, as the linker or a committed dataset describes it. Pure."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from services.search.projections.facts import EventFacts, Law, last
from services.search.projections.order import NO_DATASET, microsecond
from shared.events.dataset import Commit
from shared.events.investigation import InvestigationRef, InvestigationRegistered
from shared.events.wire import Received


class InvestigationRow(NamedTuple):
    """An investigation as one event describes it, in the order of the table's columns.

    `registered` marks a row from the linker, which stands above a row from a committed dataset. `word` orders the rows
    of each kind: for the linker's it is the offset of the record (all records of one investigation are in one
    partition, since a wrong key is refused), for the others the microsecond of the commit. A row from the linker has
    neither dataset nor revision.
    """

    investigation_id: UUID
    number: int | None
    facility_id: str | None
    proposal: str
    beamline: str
    started: datetime | None
    ended: datetime | None
    title: str | None
    placeholder: bool
    proposal_name: str | None
    actual_started: datetime | None
    actual_ended: datetime | None
    registered: bool
    word: int
    dataset_id: UUID | None
    revision: int | None

    @property
    def order(self) -> tuple[bool, int, UUID, int]:
        """The greatest of several rows stands."""
        return self.registered, self.word, self.dataset_id or NO_DATASET, self.revision or 0


INVESTIGATIONS = Law(InvestigationRow, key=lambda row: row.investigation_id, stands=last(lambda row: row.order))


def note_registered(
    events: Sequence[Received[InvestigationRegistered]], _known: None, _now: datetime
) -> Sequence[EventFacts]:
    """Note investigations as the linker describes them."""
    return [EventFacts((_row(event.event.investigation, None, event.record.offset),)) for event in events]


def investigation_of(commit: Commit, ref: InvestigationRef) -> InvestigationRow:
    """The investigation as a committed dataset describes it."""
    return _row(ref, commit, microsecond(commit.committed_at))


def _row(ref: InvestigationRef, commit: Commit | None, word: int) -> InvestigationRow:
    return InvestigationRow(
        ref.investigation_id,
        ref.number,
        ref.facility_id,
        ref.proposal,
        ref.beamline,
        ref.start,
        ref.end,
        ref.title,
        ref.placeholder,
        ref.proposal_name,
        ref.actual_start,
        ref.actual_end,
        commit is None,
        word,
        commit.dataset_id if commit else None,
        commit.revision if commit else None,
    )

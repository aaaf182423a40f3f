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

    `registered`: the linker's own word, which stands above what a committed dataset says of its investigation. `word`
    orders both kinds: it is the record's offset (all of one investigation are in one partition, since a wrong key is
    refused), or the microsecond of the commit. The dataset and its revision are empty in the linker's own word.
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
        """The greatest stands."""
        return self.registered, self.word, self.dataset_id or NO_DATASET, self.revision or 0


INVESTIGATIONS = Law(InvestigationRow, key=lambda row: row.investigation_id, stands=last(lambda row: row.order))


def note_registered(
    events: Sequence[Received[InvestigationRegistered]], _known: None, _now: datetime
) -> Sequence[EventFacts]:
    """The investigation is as the linker says."""
    return [EventFacts((_row(event.event.investigation, None, event.record.offset),)) for event in events]


def investigation_of(commit: Commit, ref: InvestigationRef) -> InvestigationRow:
    """What a committed dataset says of its investigation."""
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

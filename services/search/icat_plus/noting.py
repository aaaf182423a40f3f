"""What an event adds to the tables of this package. Pure."""

import base64
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from pydantic_core import to_json

from services.search.icat_plus.model import InvestigationRow, LogbookRow, SampleRow
from services.search.index_entry import DocumentView
from services.search.model import Noted
from services.search.order import microsecond, said_of
from shared.events.dataset import Commit
from shared.events.investigation import InvestigationRef, InvestigationRegistered
from shared.events.logbook import LogbookEntry, LogbookWritten
from shared.events.wire import Received
from shared.foundation.arrays import array, quoted

SURPLUS_BITS = 76
"""A sample's number is the first 52 bits of its id: every client holds such integers exactly."""


def note_registered(
    events: Sequence[Received[InvestigationRegistered]], _known: None, _now: datetime
) -> Sequence[Noted]:
    """The investigation is as the linker says."""
    return [
        Noted(investigation=_investigation(event.event.investigation, None, event.record.offset)) for event in events
    ]


def note_written(events: Sequence[Received[LogbookWritten]], _known: None, _now: datetime) -> Sequence[Noted]:
    """The entry is in the logbook."""
    return [
        Noted(logbook=_entry(event.event.entry, said_of(event.source, event.receipt_id, event.record.value or b"")))
        for event in events
    ]


def investigation_of(commit: Commit, ref: InvestigationRef) -> InvestigationRow:
    """What a committed dataset says of its investigation."""
    return _investigation(ref, commit, microsecond(commit.committed_at))


def sample_of(commit: Commit, document: DocumentView) -> SampleRow | None:
    """What a committed dataset says of its sample, if it has one."""
    sample, container = document.sample, document.container
    if sample is None:
        return None
    return SampleRow(
        sample_number(sample.sample_id),
        sample.sample_id,
        document.investigation.investigation_id,
        sample.name,
        to_json(container, exclude_none=True).decode() if container else None,
        document.sample_changer_position,
        container is not None,
        microsecond(document.start),
        commit.dataset_id,
        commit.revision,
    )


def sample_number(sample_id: UUID) -> int:
    """The integer by which ICAT's clients know a sample."""
    return sample_id.int >> SURPLUS_BITS


def _investigation(ref: InvestigationRef, told_by: Commit | None, word: int) -> InvestigationRow:
    """What a dataset's commit tells, or the linker itself."""
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
        told_by is None,
        word,
        told_by.dataset_id if told_by else None,
        told_by.revision if told_by else None,
    )


def _entry(entry: LogbookEntry, said: UUID) -> LogbookRow:
    return LogbookRow(
        entry.entry_id,
        entry.type,
        entry.category,
        entry.proposal,
        entry.beamline,
        entry.investigation_number,
        entry.dataset_name,
        array(map(quoted, entry.tags)),
        to_json(entry.content).decode(),
        entry.file_name,
        entry.file_type,
        None if entry.file_base64 is None else base64.b64decode(entry.file_base64),
        entry.producer.software,
        entry.producer.machine,
        entry.created_at,
        entry.received_at,
        said,
        entry.source,
    )

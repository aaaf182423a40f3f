"""An entry of the electronic logbook. Pure."""

import base64
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from pydantic_core import to_json

from services.search.projections.facts import Law, Noted, first
from services.search.projections.order import said_of
from shared.events.logbook import LogbookEntry, LogbookWritten
from shared.events.wire import Received
from shared.foundation.arrays import array, quoted


class LogbookRow(NamedTuple):
    """One entry, in the order of the table's columns. `tags` is a PostgreSQL array and `content` JSON, both as text."""

    entry_id: UUID
    type: str
    category: str | None
    proposal: str | None
    beamline: str | None
    investigation_number: int | None
    dataset_name: str | None
    tags: str
    content: str
    file_name: str | None
    file_type: str | None
    file: bytes | None
    software: str | None
    machine: str | None
    created_at: datetime
    received_at: datetime
    said: UUID
    source: str | None


LOGBOOK = Law(LogbookRow, key=lambda row: row.entry_id, stands=first(lambda row: (row.received_at, row.said)))
"""Of two entries under one id the one that was received first stands."""


def note_written(events: Sequence[Received[LogbookWritten]], _known: None, _now: datetime) -> Sequence[Noted]:
    """The entry is in the logbook."""
    return [
        Noted((_row(event.event.entry, said_of(event.source, event.receipt_id, event.record.value or b"")),))
        for event in events
    ]


def _row(entry: LogbookEntry, said: UUID) -> LogbookRow:
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

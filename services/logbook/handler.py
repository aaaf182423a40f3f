"""Turns an event into an entry of the logbook. Pure."""

from collections.abc import Sequence
from datetime import datetime

from services.logbook.entries import Recorded, row_of
from shared.events.logbook import LogbookWritten
from shared.events.order import said_by
from shared.events.wire import Received


def record(events: Sequence[Received[LogbookWritten]], _known: None, _now: datetime) -> Sequence[Recorded]:
    """Record the entry of each event."""
    return [Recorded(row_of(event.event.entry, said_by(event))) for event in events]

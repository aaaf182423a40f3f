"""The log lines of events that operators ask about: rejected, pending, released. Other events are not logged.

A note is created with the event and logged once the event is published, so events that pass cost nothing.
"""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from shared.events.pending import Pending
from shared.events.rejection import Rejection

logger = logging.getLogger(__name__)

MOST_CHARACTERS = 1000
"""The most characters of a message within a note."""
NAMED = 3
"""How many of the paths that a dataset waits for are named."""
TRACE_ID = slice(3, 35)
"""The place of the trace id in a W3C `traceparent`."""


@dataclass(frozen=True, slots=True)
class Note:
    """One line of the log."""

    level: int
    line: str
    """The format, such as `rejected: %s`: lines of one state are one kind, whose rate the log limits."""
    words: str
    about: dict[str, str]
    """The fields of the line in a JSON log."""


def write(notes: Iterable[Note]) -> None:
    """Write the notes to the log."""
    for note in notes:
        logger.log(note.level, note.line, note.words, extra={"about": note.about})


def rejected(rejection: Rejection, trace: bytes | None) -> Note:
    """The note of a rejected event."""
    what = rejection.path or f"{rejection.origin.topic}/{rejection.origin.partition}/{rejection.origin.offset}"
    about = _about(
        trace,
        receipt=rejection.receipt_id,
        path=rejection.path,
        code=rejection.code,
        producer=rejection.producer,
        stage=rejection.stage,
    )
    words = f"{what} by {rejection.stage}: {rejection.code}: {rejection.message[:MOST_CHARACTERS]}"
    return Note(logging.WARNING, "rejected: %s", words + _in_brackets(about), about)


def pending(waiting: Pending, producer: str, trace: bytes | None) -> Note:
    """The note of a dataset that waits for its inputs."""
    count = waiting.waits_for_count or len(waiting.waits_for)
    about = _about(
        trace,
        receipt=waiting.receipt_id,
        path=waiting.path,
        producer=producer,
        deadline=waiting.deadline.isoformat(timespec="seconds"),
    )
    more = f" and {count - NAMED} more" if count > NAMED else ""
    inputs = f"{', '.join(waiting.waits_for[:NAMED])}{more}"[:MOST_CHARACTERS]
    words = f"{waiting.path} waits until {about['deadline']} for {inputs}"
    return Note(logging.INFO, "pending: %s", words + _in_brackets(about), about)


def released(path: str, receipt_id: str, producer: str, since: datetime, trace: bytes | None) -> Note:
    """The note of a dataset that no longer waits."""
    about = _about(trace, receipt=receipt_id, path=path, producer=producer)
    words = f"{path}, which waited since {since.isoformat(timespec='seconds')}"
    return Note(logging.INFO, "released: %s", words + _in_brackets(about), about)


def _about(trace: bytes | None, **said: str | None) -> dict[str, str]:
    trace_id = (trace or b"")[TRACE_ID].decode("latin-1")
    return {name: value for name, value in {**said, "trace_id": trace_id}.items() if value}


def _in_brackets(about: dict[str, str]) -> str:
    told = ", ".join(f"{name} {about[name]}" for name in ("receipt", "producer") if name in about)
    return f" ({told})" if told else ""

"""Kafka records, as they are read and as they are to be written."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

from shared.events.notes import Note
from shared.foundation.times import LAST_YEAR

LAST_MS = int(datetime(LAST_YEAR, 12, 31, tzinfo=UTC).timestamp() * 1000)

UNWRITTEN = -1
"""Partition and offset of a record that was handed over in memory and never written to Kafka."""

Headers = tuple[tuple[str, bytes], ...]


@dataclass(frozen=True, slots=True)
class Record:
    """A Kafka record that was read, or one that a stage of the same process handed over instead (`UNWRITTEN`)."""

    topic: str
    partition: int
    offset: int
    timestamp_ms: int
    key: bytes | None
    value: bytes | None
    headers: Headers

    @property
    def at(self) -> datetime:
        """When the record was written, in UTC."""
        return time_of(self.timestamp_ms)


@dataclass(frozen=True, slots=True)
class Message:
    """A Kafka record to be written."""

    topic: str
    key: bytes | None
    value: bytes
    headers: Headers
    note: Note | None = field(default=None, compare=False)
    """What is logged once the record is published."""

    @property
    def size(self) -> int:
        """The bytes of key, value and headers."""
        return len(self.key or b"") + len(self.value) + sum(len(name) + len(value) for name, value in self.headers)


def time_of(timestamp_ms: int) -> datetime:
    """Kafka's milliseconds as a time, limited to the years that can be stored: a writer can give any number."""
    return datetime.fromtimestamp(min(max(timestamp_ms, 0), LAST_MS) / 1000, UTC)

"""What the edge carries, and who turns it into events."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from services.icat_gateway.translation import Frame
from shared.events.record import Message
from shared.events.rejection import Origin
from shared.events.topics import QUEUE

QUEUES = (
    "icatIngest",
    "icatUpdateDatasetMetadata",
    "icatDataFiles",
    "icatArchiveRestoreStatus",
    "rescheduleInvestigation",
)
"""The queues of an ICAT installation, as pyicat-plus names them."""


class Translator(Protocol):
    """Turns frames into events."""

    def translate(self, frame: Frame, taken: Origin, now: datetime, /) -> Sequence[Message]:
        """The messages that a frame becomes, or one rejection with its bytes. Never raises for bad input."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A frame with its place among all that this edge took."""

    frame: Frame
    number: int
    """Microseconds since 1970 at its arrival, higher for each frame."""

    @property
    def at(self) -> datetime:
        """When it arrived."""
        return datetime.fromtimestamp(self.number / 1e6, UTC)

    @property
    def size(self) -> int:
        """Bytes that it occupies, about."""
        return len(self.frame.body) + OVERHEAD_BYTES

    @property
    def position(self) -> Origin:
        """Where it was read, as a rejection tells it: the queue stands for a topic, which has no partition."""
        topic = QUEUE + self.frame.queue
        return Origin(topic=topic, partition=-1, offset=self.number, timestamp_ms=self.number // 1000)


LARGE_BYTES = 64 * 1024
"""A larger frame needs one of few permits to be read on, and waits for room among its like."""
OVERHEAD_BYTES = 1024
"""What a frame's headers and objects add to its body, so that empty frames count too."""

"""The types at the border between the STOMP edge and the translation of frames."""

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
        """The messages of a frame, or one rejection with its bytes. It never raises for bad input."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A frame with its place among all frames that this edge accepted."""

    frame: Frame
    number: int
    """The time of its arrival in microseconds since 1970. Each frame has a higher number than the one before."""

    @property
    def at(self) -> datetime:
        """When it arrived."""
        return datetime.fromtimestamp(self.number / 1e6, UTC)

    @property
    def size(self) -> int:
        """How many bytes it occupies, roughly."""
        return len(self.frame.body) + OVERHEAD_BYTES

    @property
    def position(self) -> Origin:
        """Where the frame was read, in the terms of a rejection: the queue is the topic, and there is no partition."""
        topic = QUEUE + self.frame.queue
        return Origin(topic=topic, partition=-1, offset=self.number, timestamp_ms=self.number // 1000)


LARGE_BYTES = 64 * 1024
"""A larger frame is read to its end only with one of a few permits, and waits for room among large frames only."""
OVERHEAD_BYTES = 1024
"""The size of a frame's headers and objects, counted beside its body so that empty frames count too."""

"""How much of everything the edge takes, and how long it waits: whoever overdoes harms neither it nor neighbours."""

from dataclasses import dataclass, field

from shared.events.topics import MOST_FRAME_BYTES

KIBIBYTE = 1024


@dataclass(frozen=True)
class Limits:
    """How much one frame may be."""

    body_bytes: int = MOST_FRAME_BYTES
    head_bytes: int = 64 * KIBIBYTE
    line_bytes: int = 8 * KIBIBYTE
    headers: int = 64


@dataclass(frozen=True)
class Timeouts:
    """How long a client is waited for, in seconds. Between frames, once connected, there is no limit."""

    connect: float = 10.0
    """From the connection to CONNECT."""
    frame: float = 60.0
    """For all of a frame, once it has begun; the time for which we do not read does not count."""
    answers: float = 30.0
    """For the client to take what it is answered."""
    longest_rest: float = 10.0
    """Between two reads of a connection whose frames are nearly all rejected."""
    goodbye: float = 2.0
    """For what is still on its way when a refused client is sent its ERROR frame."""
    stall: float = 5.0
    """After this silence in the middle of a frame a connection counts as idle, when one has to make room."""
    permit: float = 2.0
    """How long a large frame may come in before it may have to give way, and how long others wait for that."""


@dataclass(frozen=True)
class Bounds:
    """All bounds of the edge that are no settings."""

    limits: Limits = field(default_factory=Limits)
    timeouts: Timeouts = field(default_factory=Timeouts)
    waiting_bytes: int = 4 * MOST_FRAME_BYTES
    """What may have been read and not be durable yet, over all connections; an eighth of it is for small frames."""
    large_frames: int = 4
    """How many connections may send a large frame at one time; of one address half as many."""
    confirmation_seconds: float = 3.0
    """How long Kafka has; then frames go to the disk. Kafka may yet get them twice, which changes nothing."""

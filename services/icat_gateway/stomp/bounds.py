"""The limits of the STOMP edge: sizes, numbers and waiting times. They protect it and every client from the others."""

from dataclasses import dataclass, field

from shared.events.topics import MOST_FRAME_BYTES

KIBIBYTE = 1024


@dataclass(frozen=True)
class Limits:
    """The size limits of one frame."""

    body_bytes: int = MOST_FRAME_BYTES
    head_bytes: int = 64 * KIBIBYTE
    line_bytes: int = 8 * KIBIBYTE
    headers: int = 64


@dataclass(frozen=True)
class Timeouts:
    """How long the server waits for a client, in seconds. A connected client may stay silent between frames."""

    connect: float = 10.0
    """From the opening of the connection to CONNECT."""
    frame: float = 60.0
    """For a whole frame, once it has begun. The time in which the server does not read does not count."""
    answers: float = 30.0
    """For the client to read its answers."""
    longest_rest: float = 10.0
    """The longest pause between two reads of a connection whose frames are nearly all rejected."""
    goodbye: float = 2.0
    """For the bytes that still arrive after a refused client has been sent its ERROR frame."""
    stall: float = 5.0
    """A connection that is silent for so long in the middle of a frame counts as idle, and may have to make room."""
    permit: float = 2.0
    """How long a large frame keeps its permit undisturbed, and how long another must wait before it can end one."""


@dataclass(frozen=True)
class Bounds:
    """The limits of the edge that are not settings."""

    limits: Limits = field(default_factory=Limits)
    timeouts: Timeouts = field(default_factory=Timeouts)
    waiting_bytes: int = 4 * MOST_FRAME_BYTES
    """How many bytes of all connections may be read but not durable yet. An eighth is reserved for small frames."""
    large_frames: int = 4
    """How many connections may send a large frame at the same time. One address may use half of them."""
    confirmation_seconds: float = 3.0
    """How long Kafka may take; then frames go to disk. Kafka may receive them twice, which changes nothing."""

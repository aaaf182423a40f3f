"""The order of what is said of one thing. It follows from what is said, never from when it arrived. Pure."""

from hashlib import blake2b
from typing import TypeVar
from uuid import UUID

from pydantic import BaseModel

from shared.events.wire import Received

E = TypeVar("E", bound=BaseModel)


def said_of(source: str, event_id: str, value: bytes) -> UUID:
    """The identity of an event, derived from all of it, so that no two events are mistaken for each other."""
    parts = b"".join(b"%d:%b" % (len(part), part) for part in (source.encode(), event_id.encode(), value))
    return UUID(bytes=blake2b(parts, digest_size=16).digest())


def said_by(event: Received[E]) -> UUID:
    """The identity of an event that was read."""
    return said_of(event.source, event.receipt_id, event.record.value or b"")

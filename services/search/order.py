"""The order of what is said of one thing, which follows from what is said and never from when it arrived. Pure."""

from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from uuid import UUID

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def microsecond(time: datetime) -> int:
    """A time as a number that orders what was said."""
    return (time - EPOCH) // timedelta(microseconds=1)


def said_of(source: str, event_id: str, value: bytes) -> UUID:
    """Which event said something; it follows from all of the event, so that no two are mistaken for each other."""
    parts = b"".join(b"%d:%b" % (len(part), part) for part in (source.encode(), event_id.encode(), value))
    return UUID(bytes=blake2b(parts, digest_size=16).digest())

"""The order of what is said about one thing. It follows from what is said, never from when it arrived. Pure."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NO_DATASET = UUID(int=0)
"""Stands for the dataset of a word that no dataset said: it is less than all others."""


def microsecond(time: datetime) -> int:
    """A time as a number that orders what was said."""
    return (time - EPOCH) // timedelta(microseconds=1)

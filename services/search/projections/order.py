"""The order of facts about one thing. It follows from their content, never from when they arrived. Pure."""

from datetime import UTC, datetime
from uuid import UUID

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SECONDS_OF_A_DAY = 86_400
NO_DATASET = UUID(int=0)
"""The id that stands for the dataset of a fact that comes from no dataset. It is less than all others."""


def microsecond(time: datetime) -> int:
    """A time as the number of microseconds that orders facts."""
    since = time - EPOCH
    return (since.days * SECONDS_OF_A_DAY + since.seconds) * 1_000_000 + since.microseconds

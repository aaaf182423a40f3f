"""Fields of URLs that name several things: each is repeated, one value at a time."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Query

MOST_NUMBERS = 2000
MOST_IDS = 1000
"""In one question: they stand in its URL."""

Numbers = list[Annotated[int, Query(ge=0, lt=2**63)]] | None
Ids = list[UUID] | None
Names = list[str] | None


def several(text: str, most: int = MOST_NUMBERS) -> Any:  # noqa: ANN401  FastAPI's own
    """The description of such a field."""
    return Query(max_length=most, description=f"{text}; repeat it for several")

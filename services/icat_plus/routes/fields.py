"""The fields of URLs that several routes share, and how they are read."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Literal

from fastapi import Path, Query
from pydantic import BeforeValidator

from services.icat_plus.dataset_query import numbers_of
from services.icat_plus.dependencies import Dependencies
from services.icat_plus.neighbours.search import MOST_ROWS, InvestigationQuery, Order
from shared.events.identity import proposal_key
from shared.foundation.errors import Fault
from shared.foundation.problem import invalid

EVERY_ROW = 10_000_000
"""A number above that of all rows."""
SortField = Literal["startdate", "enddate", "name", "title", "instrument"]
"""The fields that can sort investigations: those of ICAT+'s `Investigation`, in lower case."""
SORTED_BY: dict[SortField, Order] = {
    "startdate": "started",
    "enddate": "ended",
    "name": "proposal",
    "title": "title",
    "instrument": "beamline",
}

Key = Annotated[str, Path(description="a token of the tokens file")]
SessionId = Annotated[str, Path(description="the id from the answer of `POST /session`")]
Number = Annotated[str | None, Query(alias="investigationId")]
Proposal = Annotated[str | None, Query(alias="investigationName", description="the proposal, in any spelling")]
Beamline = Annotated[str | None, Query(alias="instrumentName", description="the beamline, in any letter case")]
Skip = Annotated[int, Query(ge=0, lt=EVERY_ROW)]
Limit = Annotated[int, Query(ge=0, le=EVERY_ROW)]


def investigation_query(dependencies: Dependencies) -> Callable[..., Awaitable[InvestigationQuery]]:
    """The fields of every list of investigations, as a dependency of its route."""

    async def query(  # noqa: PLR0913, PLR0917  # each is a field of the URL
        beamline: Beamline = None,
        proposal: Proposal = None,
        ids: str | None = None,
        start: Annotated[str | None, Query(alias="startDate")] = None,
        end: Annotated[str | None, Query(alias="endDate")] = None,
        search: str | None = None,
        sort: Annotated[SortField, BeforeValidator(str.lower), Query(alias="sortBy")] = "startdate",
        order: Annotated[Literal["1", "-1"], Query(alias="sortOrder", description="-1: descending")] = "1",
        skip: Skip = 0,
        limit: Limit = MOST_ROWS,
    ) -> InvestigationQuery:
        return InvestigationQuery(
            at_beamlines=_names(beamline, str.lower),
            proposals=_names(proposal, proposal_key),
            numbers=whole_numbers(ids),
            begin=dependencies.time("startDate", start),
            end=dependencies.time("endDate", end, end_of_day=True),
            search=search,
            sort=SORTED_BY[sort],
            descending=order == "-1",
            counted=True,
            skip=skip,
            limit=min(limit, MOST_ROWS),
        )

    return query


def _names(text: str | None, read: Callable[[str], str]) -> tuple[str, ...] | None:
    """Names separated by commas, or None if there are none."""
    names = [read(name.strip()) for name in (text or "").split(",") if name.strip()]
    return tuple(dict.fromkeys(names)) or None


def whole_numbers(ids: str | None) -> tuple[int, ...] | None:
    """Ids separated by commas.

    Raises:
        Problem: 422, they are not whole numbers.
    """
    faults: list[Fault] = []
    numbers = numbers_of({"ids": ids or ""}, "ids", faults)
    if faults:
        raise invalid(faults)
    return numbers

"""The HTTP routes of the logbook. Every request needs a bearer token, which lists the beamlines one may read."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import TypeAdapter, ValidationError
from pydantic_core import from_json

from services.logbook.entries import MOST_ENTRIES, EntryQuery, Period, Visit
from services.logbook.settings import LogbookSettings
from services.logbook.store import LogbookReader
from shared.access.tokens import Tokens
from shared.events.identity import proposal_key
from shared.events.sections import Moment
from shared.foundation.errors import Fault
from shared.foundation.problem import Problem, invalid
from shared.host.service import Resources
from shared.http.answers import bounded_response, too_large
from shared.http.bearer import FORBIDDEN, Beamlines, Bearers
from shared.http.route import ProblemRoute

SHOWN_TYPES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
"""Media types that a browser may show. Any other file is served as plain bytes."""
BYTES = "application/octet-stream"
OPEN = ".."
"""An open end of a period."""
MOMENT: TypeAdapter[datetime] = TypeAdapter(Moment)

Text = Annotated[str | None, Query(max_length=255)]
Number = Annotated[int | None, Query(ge=0, lt=2**63, description="the investigation, by its number")]
Periods = Annotated[
    list[str],
    Query(
        description="when the investigation takes place, as `begin/end` in ISO 8601, `..` for an open end; repeatable. "
        "An entry without an investigation belongs to it if it was written within 48 hours of such a period, in the "
        "same proposal and on the same beamline"
    ),
]
Types = Annotated[list[str], Query(description="a type, alone or as `type-category`; repeatable")]
Tags = Annotated[list[str], Query(description="a tag; repeatable: an entry must have all of them")]
Unassigned = Annotated[bool, Query(description="only entries that belong to no investigation")]
Search = Annotated[str | None, Query(description="a text that its content, dataset, file or tags contain")]


def routes(resources: Resources[LogbookSettings]) -> APIRouter:
    """The routes of the logbook."""
    router = APIRouter(route_class=ProblemRoute, tags=["logbook"])
    bearers = Bearers(Tokens(resources.settings.access.tokens_file), resources.clock)
    reader = LogbookReader(resources.database)

    @router.get("/entries")
    async def list_entries(  # noqa: PLR0913, PLR0917  # each is a parameter of the URL
        request: Request,
        investigation: Number = None,
        proposal: Annotated[Text, Query(description="the proposal of the investigation")] = None,
        beamline: Text = None,
        period: Periods = [],  # noqa: B006  # FastAPI copies it
        unassigned: Unassigned = False,  # noqa: FBT002  # it is named in the URL
        dataset: Annotated[str | None, Query(description="the name of a dataset")] = None,
        types: Types = [],  # noqa: B006
        tags: Tags = [],  # noqa: B006
        search: Search = None,
        begin: Annotated[Moment | None, Query(description="written at this time or later")] = None,
        end: Annotated[Moment | None, Query(description="written at this time or earlier")] = None,
        order: Annotated[Literal["asc", "desc"], Query(description="the order by the time of writing")] = "desc",
        beamlines: Beamlines = None,
        skip: Annotated[int, Query(ge=0, lt=2**63)] = 0,
        limit: Annotated[int, Query(ge=0, le=MOST_ENTRIES)] = 100,
    ) -> Response:
        """A page of entries without the bytes of their files, newest first, and the total number of entries."""
        query = EntryQuery(
            beamlines=bearers.beamlines_of(request, beamlines),
            visit=_visit(investigation, proposal, beamline, period),
            beamline=beamline if investigation is None else None,
            unassigned=unassigned,
            dataset=dataset,
            types=tuple(map(_type, types)),
            tags=tuple(tags),
            search=search,
            begin=begin,
            end=end,
            order=order,
            skip=skip,
            limit=limit,
        )
        page = await reader.entries(query)
        if page.is_cut:
            raise too_large()
        return bounded_response({"entries": [_answer(row) for row in page.rows], "total": page.total})

    @router.get("/entries/{entry_id}/file")
    async def download(request: Request, entry_id: UUID, beamlines: Beamlines = None) -> Response:
        """The file of an entry, as an attachment."""
        permitted = bearers.beamlines_of(request, beamlines)
        row = await reader.file(entry_id)
        if row is None:
            raise Problem(404, f"there is no entry {entry_id} with a file")
        if permitted is not None and (row["beamline"] or "").lower() not in permitted:
            whose = row["beamline"] or "no beamline"
            raise Problem(FORBIDDEN, f"the entry is of {whose}, which the token does not cover")
        return Response(row["file"], headers=_file_headers(row["file_name"], row["file_type"]))

    return router


def _visit(number: int | None, proposal: str | None, beamline: str | None, periods: Sequence[str]) -> Visit | None:
    if number is None:
        if periods or proposal:
            fault = "is allowed only together with investigation: give its number, or leave this out"
            raise invalid([Fault(field="period" if periods else "proposal", message=fault)])
        return None
    return Visit(number, proposal_key(proposal) if proposal else None, beamline, tuple(map(_period, periods)))


def _period(text: str) -> Period:
    """A time span.

    Raises:
        Problem: 422, it cannot be read.
    """
    begin, _, end = text.partition("/")
    try:
        return Period(*(None if said == OPEN else MOMENT.validate_python(said) for said in (begin, end)))
    except ValidationError:
        fault = "is not begin/end in ISO 8601; write 2024-11-30T08:00:00Z/2024-12-01T08:00:00Z, or .. for an open end"
        raise invalid([Fault(field="period", message=f"{text[:100]!r} {fault}")]) from None


def _type(text: str) -> tuple[str, str | None]:
    kind, _, category = text.strip().lower().partition("-")
    return kind, category or None


def _answer(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != "total"} | {"content": from_json(row["content"])}


def _file_headers(name: str, kind: str) -> dict[str, str]:
    """Headers that make a browser save the file, not show it, and never treat it as a page."""
    return {
        "Content-Type": kind if kind in SHOWN_TYPES else BYTES,
        "Content-Disposition": f'attachment; filename="{name}"',
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "sandbox",
    }

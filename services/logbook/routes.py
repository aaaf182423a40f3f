"""The logbook over HTTP. Every request needs a bearer token, which says of which beamlines its holder may read."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import TypeAdapter, ValidationError
from pydantic_core import from_json, to_json

from services.logbook.entries import MOST_ENTRIES, EntryQuery, Period, Visit
from services.logbook.settings import LogbookSettings
from services.logbook.store import LogbookReader
from shared.access.tokens import Tokens
from shared.events.identity import proposal_key
from shared.events.sections import Moment
from shared.foundation.errors import Fault
from shared.foundation.problem import Problem, invalid
from shared.host.service import Resources
from shared.http.bearer import FORBIDDEN, Beamlines, Bearers
from shared.http.door import MOST_BODY_BYTES
from shared.http.route import ProblemRoute

SHOWN_TYPES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
"""Types that a browser may show; it takes any other file for a heap of bytes."""
BYTES = "application/octet-stream"
OPEN = ".."
"""An open end of a period."""
MOMENT: TypeAdapter[datetime] = TypeAdapter(Moment)

Text = Annotated[str | None, Query(max_length=255)]
Number = Annotated[int | None, Query(ge=0, lt=2**63, description="the investigation, by its number")]
Periods = Annotated[
    list[str],
    Query(
        description="when the investigation takes place, as `begin/end` in ISO 8601, `..` for an open end; repeat it. "
        "Entries without an investigation belong to it that were written within 48 hours of one, in its proposal on "
        "its beamline"
    ),
]
Types = Annotated[list[str], Query(description="a type, alone or as `type-category`; repeat it for several")]
Tags = Annotated[list[str], Query(description="a tag; repeat it: an entry has all of them")]
Unassigned = Annotated[bool, Query(description="only what belongs to no investigation")]
Search = Annotated[str | None, Query(description="what its text, dataset, file or tags contain")]


def routes(resources: Resources[LogbookSettings]) -> APIRouter:
    """The routes of the logbook."""
    router = APIRouter(route_class=ProblemRoute, tags=["logbook"])
    bearers = Bearers(Tokens(resources.settings.access.tokens_file), resources.clock)
    reader = LogbookReader(resources.database)

    @router.get("/entries")
    async def list_entries(  # noqa: PLR0913, PLR0917  # each is a field of the URL
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
        begin: Annotated[Moment | None, Query(description="written then or later")] = None,
        end: Annotated[Moment | None, Query(description="written then or earlier")] = None,
        order: Annotated[Literal["asc", "desc"], Query(description="by the time at which it was written")] = "desc",
        beamlines: Beamlines = None,
        skip: Annotated[int, Query(ge=0, lt=2**63)] = 0,
        limit: Annotated[int, Query(ge=0, le=MOST_ENTRIES)] = 100,
    ) -> Response:
        """Entries without the bytes of their files, the last written first, and the number of all."""
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
        body = to_json({"entries": [_answer(row) for row in page.rows], "total": page.total})
        if page.is_cut or len(body) > MOST_BODY_BYTES:
            raise _too_large()
        return Response(body, media_type="application/json")

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
            fault = "only together with investigation: give its number, or leave this out"
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


def _too_large() -> Problem:
    fault = f"the answer would have more than {MOST_BODY_BYTES} bytes; ask for fewer with limit, and go on with skip"
    return invalid([Fault(field="limit", message=fault)])


def _file_headers(name: str, kind: str) -> dict[str, str]:
    """The headers by which a file is saved, not shown, and never taken for a page."""
    return {
        "Content-Type": kind if kind in SHOWN_TYPES else BYTES,
        "Content-Disposition": f'attachment; filename="{name}"',
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "sandbox",
    }

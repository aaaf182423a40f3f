"""`/logbook/{session_id}/…` and the files of its entries."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from services.icat_plus.access import check_beamline
from services.icat_plus.dependencies import Dependencies
from services.icat_plus.logbook import Pictured, Written, entry_answer
from services.icat_plus.neighbours.logbook import of_investigation
from services.icat_plus.neighbours.search import MOST_ROWS
from services.icat_plus.routes.bodies import body_of
from services.icat_plus.routes.fields import Beamline, Limit, Number, SessionId, Skip
from services.icat_plus.routes.permissions import place_of, write
from shared.access.grants import Grant
from shared.foundation.errors import Fault
from shared.foundation.lists import split
from shared.foundation.problem import invalid
from shared.http.answers import bounded_response
from shared.http.description import asks, takes


def add(router: APIRouter, dependencies: Dependencies) -> None:
    """The routes of the logbook."""

    @router.get("/logbook/{session_id}/event", openapi_extra=asks(NAMES))
    async def list_entries(
        request: Request, session_id: SessionId, number: Number = None, beamline: Beamline = None,
        skip: Skip = 0, limit: Limit = MOST_ROWS,
    ) -> Response:  # fmt: skip
        """List the entries of an investigation or a beamline, newest first."""
        grant = await dependencies.access.by_session(session_id)
        wanted = await _wanted(dependencies, grant, request, number, beamline)
        if wanted is None:
            return bounded_response([])
        page = {"skip": skip, "limit": min(limit, MOST_ROWS)}
        rows = await dependencies.logbook.entries(wanted | page, grant.covered)
        names = await dependencies.search.proposal_names({row["proposal"] for row in rows} - {None})
        return bounded_response(
            [entry_answer(row | {"proposal": names.get(row["proposal"])}, dependencies.zone) for row in rows]
        )

    @router.get("/logbook/{session_id}/event/count", openapi_extra=asks(NAMES))
    async def count_entries(
        request: Request, session_id: SessionId, number: Number = None, beamline: Beamline = None
    ) -> Response:
        """Count the entries."""
        grant = await dependencies.access.by_session(session_id)
        wanted = await _wanted(dependencies, grant, request, number, beamline)
        return bounded_response(await dependencies.logbook.count(wanted, grant.covered) if wanted else 0)

    @router.post("/logbook/{session_id}/event", openapi_extra=takes(Written))
    async def write_entry(request: Request, session_id: SessionId, number: Number = None) -> Response:
        """Write an entry of an investigation. The answer comes once it is durable."""
        grant = await dependencies.access.by_session(session_id)
        place = await place_of(dependencies, grant, number, None, None)
        return await write(dependencies, await body_of(request, Written), place, grant)

    @router.post("/logbook/{session_id}/event/createfrombase64", openapi_extra=takes(Pictured))
    async def picture(
        request: Request, session_id: SessionId, number: Number = None, beamline: Beamline = None
    ) -> Response:
        """Put an image or another file into the logbook. The answer comes once it is durable."""
        grant = await dependencies.access.by_session(session_id)
        place = await place_of(dependencies, grant, number, None, beamline)
        return await write(dependencies, await body_of(request, Pictured), place, grant)

    @router.get("/resource/{session_id}/file/download")
    async def download(session_id: SessionId, resource: Annotated[UUID, Query(alias="resourceId")]) -> Response:
        """Download the file of an entry, as an attachment."""
        grant = await dependencies.access.by_session(session_id)
        file = await dependencies.logbook.file(resource, grant.covered)
        return Response(file.content, headers=file.headers)


NAMES = {
    "datasetName": "the name of a dataset (a field of beamcat, not of ICAT+)",
    "types": "types separated by commas, each as type or type-category",
    "tags": "tags separated by commas; an entry has all of them",
    "search": "text in the entry, or in its dataset, file or tags",
    "date": "the day of writing",
    "startTime": "ISO 8601; written at this time or later",
    "endTime": "ISO 8601; written at this time or earlier",
    "filterInvestigation": "true: only entries without an investigation",
    "sortOrder": "1: oldest first; -1 (the default): newest first",
}


async def _wanted(
    dependencies: Dependencies, grant: Grant, request: Request, number: str | None, beamline: str | None
) -> dict[str, Any] | None:
    """The parameters of the logbook's query, or None if the investigation is unknown."""
    if number is None and beamline is None:
        raise invalid([Fault("investigationId", "give investigationId or instrumentName")])
    investigation = await dependencies.investigation(number, grant.covered) if number is not None else None
    if number is not None and investigation is None:
        return None
    if investigation is None:
        check_beamline(grant, beamline)
    fields = request.query_params
    begin = dependencies.time("startTime", fields.get("startTime") or fields.get("date"))
    end = dependencies.time("endTime", fields.get("endTime") or fields.get("date"), end_of_day=True)
    return {
        **({"beamline": beamline} if investigation is None else of_investigation(investigation)),
        "unassigned": fields.get("filterInvestigation", "").lower() == "true",
        "dataset": fields.get("datasetName"),
        "types": [one for one in fields.get("types", "").split(",") if one.strip()],
        "tags": [tag.strip() for tag in split(fields.get("tags", ""), ",")],
        "search": fields.get("search"),
        "begin": begin and begin.isoformat(),
        "end": end and end.isoformat(),
        "order": "asc" if fields.get("sortOrder") == "1" else "desc",
    }

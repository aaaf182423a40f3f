"""`/logbook/{session_id}/…` and the files of its entries."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from services.search.icat_plus.access import check_beamline
from services.search.icat_plus.acquisition import Beamline, Limit, Number, Skip, place_of
from services.search.icat_plus.asking import MOST_ROWS
from services.search.icat_plus.desk import Desk, answered, body_of
from services.search.icat_plus.logbook import Pictured, Written, entry_answer
from services.search.icat_plus.logbook_service import of_investigation
from services.search.icat_plus.logging_in import SessionId
from services.search.query.faults import QueryInvalid
from shared.access.grants import Grant
from shared.foundation.errors import Fault
from shared.foundation.lists import split
from shared.http.description import asks, takes


def add(router: APIRouter, desk: Desk) -> None:
    """The routes of the logbook."""

    @router.get("/logbook/{session_id}/event", openapi_extra=asks(NAMES))
    async def list_entries(
        request: Request, session_id: SessionId, number: Number = None, beamline: Beamline = None,
        skip: Skip = 0, limit: Limit = MOST_ROWS,
    ) -> Response:  # fmt: skip
        """Entries of an investigation or a beamline, the last written first."""
        grant = await desk.access.by_session(session_id)
        wanted = await _wanted(desk, grant, request, number, beamline)
        if wanted is None:
            return answered([])
        page = {"skip": skip, "limit": min(limit, MOST_ROWS)}
        rows = await desk.logbook.entries(wanted | page, grant.covered)
        names = await desk.icat.proposal_names({row["proposal"] for row in rows} - {None})
        return answered([entry_answer(row | {"proposal": names.get(row["proposal"])}, desk.zone) for row in rows])

    @router.get("/logbook/{session_id}/event/count", openapi_extra=asks(NAMES))
    async def count_entries(
        request: Request, session_id: SessionId, number: Number = None, beamline: Beamline = None
    ) -> Response:
        """How many there are."""
        grant = await desk.access.by_session(session_id)
        wanted = await _wanted(desk, grant, request, number, beamline)
        return answered(await desk.logbook.count(wanted, grant.covered) if wanted else 0)

    @router.post("/logbook/{session_id}/event", openapi_extra=takes(Written))
    async def write(request: Request, session_id: SessionId, number: Number = None) -> Response:
        """Write into the logbook of an investigation; answered once it is durable."""
        grant = await desk.access.by_session(session_id)
        place = await place_of(desk, grant, number, None, None)
        return await desk.write(await body_of(request, Written), place, grant)

    @router.post("/logbook/{session_id}/event/createfrombase64", openapi_extra=takes(Pictured))
    async def picture(
        request: Request, session_id: SessionId, number: Number = None, beamline: Beamline = None
    ) -> Response:
        """Put an image or another file into it; answered once it is durable."""
        grant = await desk.access.by_session(session_id)
        place = await place_of(desk, grant, number, None, beamline)
        return await desk.write(await body_of(request, Pictured), place, grant)

    @router.get("/resource/{session_id}/file/download")
    async def download(session_id: SessionId, resource: Annotated[UUID, Query(alias="resourceId")]) -> Response:
        """The file of an entry, as an attachment."""
        grant = await desk.access.by_session(session_id)
        file = await desk.logbook.file(resource, grant.covered)
        return Response(file.content, headers=file.headers)


NAMES = {
    "datasetName": "of this dataset (beamcat's own; ICAT+ has no such field)",
    "types": "types separated by commas, each alone or as type-category",
    "tags": "tags separated by commas; an entry has all of them",
    "search": "what its text, dataset, file or tags hold",
    "date": "written on this day",
    "startTime": "ISO 8601; written then or later",
    "endTime": "ISO 8601; written then or earlier",
    "filterInvestigation": "true: only what belongs to no investigation",
    "sortOrder": "1: the first written first; -1 (the default): the last",
}


async def _wanted(
    desk: Desk, grant: Grant, request: Request, number: str | None, beamline: str | None
) -> dict[str, Any] | None:
    """The entries that are asked for, as the logbook understands it; nothing if their investigation is not known."""
    if number is None and beamline is None:
        raise QueryInvalid([Fault("investigationId", "give investigationId or instrumentName")])
    slot = await desk.investigation(number, grant.covered) if number is not None else None
    if number is not None and slot is None:
        return None
    if slot is None:
        check_beamline(grant, beamline)
    said = request.query_params
    begin = desk.time("startTime", said.get("startTime") or said.get("date"))
    end = desk.time("endTime", said.get("endTime") or said.get("date"), end_of_day=True)
    return {
        **({"beamline": beamline} if slot is None else of_investigation(slot)),
        "unassigned": said.get("filterInvestigation", "").lower() == "true",
        "dataset": said.get("datasetName"),
        "types": [one for one in said.get("types", "").split(",") if one.strip()],
        "tags": [tag.strip() for tag in split(said.get("tags", ""), ",")],
        "search": said.get("search"),
        "begin": begin and begin.isoformat(),
        "end": end and end.isoformat(),
        "order": "asc" if said.get("sortOrder") == "1" else "desc",
    }

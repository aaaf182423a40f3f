"""`/logbook/{session_id}/…` and the files of its entries."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from services.search.grammar import split
from services.search.icat_plus.access import check_beamline, permitted
from services.search.icat_plus.acquisition import Beamline, Limit, Number, Skip, place_of
from services.search.icat_plus.asking import MOST_ROWS, Entries
from services.search.icat_plus.desk import Desk, answered, body_of
from services.search.icat_plus.logbook import Pictured, Written, entry_answer, file_headers
from services.search.icat_plus.logging_in import SessionId
from services.search.query import QueryInvalid
from shared.access.tokens import Grant
from shared.foundation.errors import Fault
from shared.http.description import asks, takes
from shared.http.problems import Problem


def add(router: APIRouter, desk: Desk) -> None:
    """The routes of the logbook."""

    @router.get("/logbook/{session_id}/event", openapi_extra=asks(NAMES))
    async def list_entries(
        request: Request, session_id: SessionId, number: Number = None, beamline: Beamline = None,
        skip: Skip = 0, limit: Limit = MOST_ROWS,
    ) -> Response:  # fmt: skip
        """Entries of an investigation or a beamline, the last written first."""
        wanted = await _wanted(desk, await desk.access.by_session(session_id), request, number, beamline, skip, limit)
        rows = await desk.icat.entries(wanted) if wanted else []
        return answered([entry_answer(row, desk.zone) for row in rows])

    @router.get("/logbook/{session_id}/event/count", openapi_extra=asks(NAMES))
    async def count_entries(
        request: Request, session_id: SessionId, number: Number = None, beamline: Beamline = None
    ) -> Response:
        """How many there are."""
        wanted = await _wanted(desk, await desk.access.by_session(session_id), request, number, beamline, 0, 1)
        rows = await desk.icat.entries(wanted) if wanted else []
        return answered(rows[0]["total"] if rows else 0)

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
        row = await desk.icat.file(resource)
        if row is None:
            raise Problem(404, "no entry has such a file")
        check_beamline(grant, row["beamline"])
        return Response(row["file"], headers=file_headers(row["file_name"], row["file_type"]))


NAMES = {
    "datasetName": "of this dataset (beamcat's own; ICAT+ has no such field)",
    "types": "types apart by commas, each alone or as type-category",
    "tags": "tags apart by commas; an entry has all of them",
    "search": "what its text, dataset, file or tags hold",
    "date": "written on this day",
    "startTime": "ISO 8601; written then or later",
    "endTime": "ISO 8601; written then or earlier",
    "filterInvestigation": "true: only what belongs to no investigation",
    "sortOrder": "1: the first written first; -1 (the default): the last",
}


async def _wanted(  # noqa: PLR0913, PLR0917  # what a URL says, and who asks
    desk: Desk, grant: Grant, request: Request, number: str | None, beamline: str | None, skip: int, limit: int
) -> Entries | None:
    """The entries that are asked for; nothing if their investigation is not known."""
    if number is None and beamline is None:
        raise QueryInvalid([Fault("investigationId", "give investigationId or instrumentName")])
    slot = await desk.investigation(number, permitted(grant)) if number is not None else None
    if number is not None and slot is None:
        return None
    if slot is None:
        check_beamline(grant, beamline)
    said = request.query_params
    types = (one.strip().lower().partition("-") for one in said.get("types", "").split(",") if one.strip())
    return Entries(
        slot=slot,
        beamline=beamline,
        only_beamline=said.get("filterInvestigation", "").lower() == "true",
        dataset=said.get("datasetName"),
        types=tuple((kind, category or None) for kind, _, category in types),
        tags=tuple(tag.strip() for tag in split(said.get("tags", ""), ",")),
        search=said.get("search"),
        begin=desk.time("startTime", said.get("startTime") or said.get("date")),
        end=desk.time("endTime", said.get("endTime") or said.get("date"), end_of_day=True),
        descending=said.get("sortOrder") != "1",
        skip=skip,
        limit=min(limit, MOST_ROWS),
    )

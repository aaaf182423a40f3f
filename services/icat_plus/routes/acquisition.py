"""`/dataacquisition/{apiKey}/…`: the requests and reports of beamlines, with an API key in the URL."""

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import tzinfo
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from services.icat_plus.access import check_beamline
from services.icat_plus.answers import Answer, investigation_answer, measured_answer, page_answer, registered_answer
from services.icat_plus.dependencies import Dependencies
from services.icat_plus.logbook import Pictured, Written
from services.icat_plus.neighbours.search import InvestigationQuery, Row
from services.icat_plus.routes.bodies import body_of, streamed
from services.icat_plus.routes.fields import (
    EVERY_ROW,
    Beamline,
    Key,
    Limit,
    Number,
    Proposal,
    Skip,
    investigation_query,
)
from services.icat_plus.routes.permissions import known_numbers, place_of, write
from services.icat_plus.tape import Restored, access_answers, report_message
from shared.http.answers import bounded_response
from shared.http.description import takes

ROWS_AT_ONCE = 1000


def add(router: APIRouter, dependencies: Dependencies) -> None:
    """The routes with an API key."""
    _add_reading(router, dependencies)
    _add_writing(router, dependencies)


async def listed(
    dependencies: Dependencies,
    wanted: InvestigationQuery,
    answer: Callable[[Row, tzinfo], Answer] = investigation_answer,
) -> Response:
    """The answer with a list of investigations, each with its page."""
    rows, total = await dependencies.search.investigations(wanted)
    meta = {"meta": {"page": page_answer(total, wanted.skip, wanted.limit)}} if rows else {}
    return bounded_response([answer(row, dependencies.zone) | meta for row in rows])


def _add_reading(router: APIRouter, dependencies: Dependencies) -> None:
    query = Depends(investigation_query(dependencies))

    @router.get("/dataacquisition/{key}/investigation")
    async def list_investigations(key: Key, wanted: Annotated[InvestigationQuery, query]) -> Response:
        """List the investigations of a proposal on a beamline, with the actual dates of the measurement."""
        grant = dependencies.access.by_key(key)
        for beamline in wanted.at_beamlines or ():
            check_beamline(grant, beamline)
        return await listed(dependencies, replace(wanted, beamlines=grant.covered), measured_answer)

    @router.get("/dataacquisition/{key}/dataset")
    async def list_registered(
        key: Key, number: Number = None, search: str | None = None, skip: Skip = 0, limit: Limit = EVERY_ROW
    ) -> Response:
        """List the committed datasets of an investigation. So a beamline sees that its own have arrived."""
        investigation = await dependencies.investigation(number, dependencies.access.by_key(key).covered)
        if investigation is None:
            return bounded_response([])
        return await streamed(_registered(dependencies, investigation, search, skip, limit))


async def _registered(
    dependencies: Dependencies, investigation: Row, search: str | None, skip: int, limit: int
) -> AsyncIterator[list[Answer]]:
    """The datasets in pages, because a session of serial crystallography has tens of thousands."""
    while limit > 0:
        size = min(limit, ROWS_AT_ONCE)
        rows = await dependencies.search.datasets_of(investigation["investigation_id"], skip, size, search)
        yield [registered_answer(row, investigation, dependencies.zone) for row in rows]
        if len(rows) < size:
            return
        skip, limit = skip + size, limit - size


def _add_writing(router: APIRouter, dependencies: Dependencies) -> None:
    @router.post("/dataacquisition/{key}/dataset/restore", openapi_extra=takes(Restored))
    async def report(request: Request, key: Key, ids: Annotated[str, Query(alias="datasetId")]) -> Response:
        """Report on a restoration. The answer comes once the report is durable, and names the requesters."""
        grant = dependencies.access.by_key(key)
        restored = await body_of(request, Restored)
        numbers = await known_numbers(dependencies, grant, ids)
        files = await dependencies.archive.whereabouts(numbers)
        messages = [report_message(each, restored, grant, dependencies.clock()) for each in numbers]
        await dependencies.confirmations.publish(messages, grant.name)
        zone = dependencies.zone
        return bounded_response(
            [answer for each in numbers for answer in access_answers(each, files[each], restored.level, zone)]
        )

    @router.post("/dataacquisition/{key}/notification", openapi_extra=takes(Written))
    async def notify(
        request: Request, key: Key, number: Number = None, proposal: Proposal = None, beamline: Beamline = None
    ) -> Response:
        """Write an entry of the logbook. The answer comes once it is durable."""
        grant = dependencies.access.by_key(key)
        place = await place_of(dependencies, grant, number, proposal, beamline)
        return await write(dependencies, await body_of(request, Written), place, grant)

    @router.post("/dataacquisition/{key}/base64", openapi_extra=takes(Pictured))
    async def picture(
        request: Request, key: Key, number: Number = None, proposal: Proposal = None, beamline: Beamline = None
    ) -> Response:
        """Put an image or another file into the logbook. The answer comes once it is durable."""
        grant = dependencies.access.by_key(key)
        place = await place_of(dependencies, grant, number, proposal, beamline)
        return await write(dependencies, await body_of(request, Pictured), place, grant)

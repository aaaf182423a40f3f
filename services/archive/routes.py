"""The HTTP routes of the archive: where the files of datasets are."""

from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from services.archive.catalogue import Catalogue
from services.archive.settings import ArchiveSettings
from services.archive.store import ReportReader
from services.archive.whereabouts import Whereabouts, whereabouts
from shared.access.tokens import Tokens
from shared.host.service import Resources
from shared.http.answers import json_response
from shared.http.bearer import Beamlines, Bearers
from shared.http.route import ProblemRoute

MOST_NUMBERS = 1000
Numbers = Annotated[
    list[Annotated[int, Query(ge=0, lt=2**63)]],
    Query(max_length=MOST_NUMBERS, description="the number of a dataset; repeat it for several"),
]
Limit = Annotated[int, Query(ge=1, le=1000)]


def routes(resources: Resources[ArchiveSettings], catalogue: Catalogue) -> APIRouter:
    """The routes of the archive."""
    router = APIRouter(route_class=ProblemRoute, tags=["archive"])
    bearers = Bearers(Tokens(resources.settings.access.tokens_file), resources.clock)
    reader = ReportReader(resources.database)

    @router.get("/whereabouts")
    async def show_whereabouts(request: Request, number: Numbers, beamlines: Beamlines = None) -> Response:
        """Where the files of datasets are, in the order of the request, and who asked for them. It needs a token."""
        permitted = bearers.beamlines_of(request, beamlines)
        numbers = await _permitted(catalogue, number, permitted)
        files = whereabouts(await reader.moves(numbers))
        return json_response({"whereabouts": [whereabouts_answer(each, files[each]) for each in numbers]})

    @router.get("/datasets/{dataset_id}/reports")
    async def show_reports(dataset_id: UUID, limit: Limit = 20) -> Response:
        """The reports on the files of a dataset, newest first: archived, restored or added."""
        dataset = await catalogue.by_id(dataset_id)
        return json_response({"reports": await reader.shown(dataset.number, limit) if dataset else []})

    return router


async def _permitted(catalogue: Catalogue, asked: Sequence[int], permitted: Sequence[str] | None) -> list[int]:
    """Each number once, without datasets of beamlines that the caller may not read."""
    numbers = list(dict.fromkeys(asked))
    if permitted is None:
        return numbers
    known = await catalogue.by_number(numbers)
    return [each for each in numbers if each in known and known[each].beamline.lower() in permitted]


def whereabouts_answer(number: int, files: Whereabouts) -> dict[str, Any]:
    """Where the files of a dataset are, and who asked to restore them."""
    requests = [{"requester": request.requester, "at": request.at} for request in files.requests]
    return {"number": number, "state": files.state, "told_at": files.told_at, "requests": requests}

"""The router of search, with the routes of datasets and producers."""

from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter, HTTPException, Query, Request
from fastapi.responses import Response, StreamingResponse

from services.search.index.port import Index
from services.search.query.catalogue import CatalogueReader
from services.search.query.faults import FaultCollector, named_dataset
from services.search.query.lineage import MOST_DEPTH, MOST_LINKS, MOST_NODES, Direction, lineage
from services.search.query.naming import Naming
from services.search.query.producers import LONGEST
from services.search.query.query import FIELDS, MOST_ROWS, read_query
from services.search.routes.activity import add_activity
from services.search.routes.cif import add_cif
from services.search.routes.documents import add_documents
from services.search.routes.investigations import add_declarations, add_investigations
from services.search.routes.numbers import add_numbers
from services.search.routes.pending import add_pending
from services.search.routes.receipts import add_receipts
from services.search.routes.rejections import add_rejections
from services.search.routes.sheet import json_page, sheet
from services.search.routes.web import page_routes
from services.search.settings import SearchSettings
from shared.access.tokens import Tokens
from shared.foundation.errors import Fault
from shared.foundation.times import read_time
from shared.host.service import Resources
from shared.http.answers import json_response
from shared.http.bearer import Bearers
from shared.http.description import asks
from shared.http.route import ProblemRoute
from shared.vocabulary.vocabulary import Vocabulary

TYPES: dict[str, dict[str, Any]] = {
    "has_warnings": {"type": "boolean"},
    "complete": {"type": "boolean"},
    "count": {"type": "boolean"},
    "limit": {"type": "integer", "minimum": 1, "maximum": MOST_ROWS},
    "order": {"type": "string", "enum": ["asc", "desc"]},
    "format": {"type": "string", "enum": ["json", "csv"]},
}
"""The types of those fields of a query that are not texts."""
Limit = Annotated[int, Query(ge=1, le=MOST_ROWS)]
Nodes = Annotated[int, Query(ge=1, le=MOST_NODES, description="datasets of a page")]
Skip = Annotated[int, Query(ge=0, le=MOST_LINKS, description="what earlier pages have shown")]
Depth = Annotated[int, Query(ge=0, le=MOST_DEPTH, description="steps from the dataset")]


def routes(resources: Resources[SearchSettings], vocabulary: Vocabulary, index: Index) -> APIRouter:
    """Datasets, receipts, rejections and the web page."""
    router = APIRouter(route_class=ProblemRoute, tags=["catalogue"])
    naming = Naming(vocabulary)
    reader = CatalogueReader(resources.database, naming, index)
    _add_search(router, reader, resources, naming)
    _add_datasets(router, reader, resources, vocabulary)
    add_receipts(router, reader, resources)
    add_rejections(router, reader, resources)
    _add_producers(router, reader, resources)
    add_pending(router, reader, resources.identities)
    add_activity(router, reader)
    bearers = Bearers(Tokens(resources.settings.access.tokens_file), resources.clock)
    add_numbers(router, bearers, reader)
    add_investigations(router, bearers, reader)
    add_declarations(router, bearers, reader)
    add_documents(router, bearers, reader, resources, naming)
    router.include_router(page_routes(resources.settings.facility.time_zone))
    return router


def _add_search(
    router: APIRouter, reader: CatalogueReader, resources: Resources[SearchSettings], naming: Naming
) -> None:
    zone = ZoneInfo(resources.settings.facility.time_zone)

    @router.get("/datasets", openapi_extra=asks(FIELDS, **TYPES))
    async def find(request: Request) -> Response:
        """Datasets that satisfy every condition, in pages."""
        query = read_query(request.query_params.multi_items(), resources.identities, zone, naming)
        answer = await reader.find(query)
        if not query.as_csv:
            if not query.columns:
                return json_response(answer)
            page = json_page(reader, naming, answer, query.columns)
            return StreamingResponse(page, media_type="application/json")
        headers = {"Content-Disposition": 'attachment; filename="datasets.csv"'}
        if answer["next"]:
            headers["Link"] = f'<?{request.url.include_query_params(cursor=answer["next"]).query}>; rel="next"'
        lines = sheet(reader, naming, answer["datasets"], query.columns)
        return StreamingResponse(lines, media_type="text/csv", headers=headers)


def _add_datasets(
    router: APIRouter, reader: CatalogueReader, resources: Resources[SearchSettings], vocabulary: Vocabulary
) -> None:
    @router.get("/datasets/by-path")
    async def show_by_path(path: str) -> Response:
        """The dataset at a path, as it was committed last."""
        return await show(named_dataset(resources.identities, path))

    add_cif(router, reader, vocabulary)

    @router.get("/datasets/{dataset_id}")
    async def show(dataset_id: UUID, revision: Annotated[int | None, Query(ge=1, lt=2**31)] = None) -> Response:
        """A dataset as it was committed last (or as it was in one revision): the event, byte for byte."""
        event = await reader.event(dataset_id, revision)
        if event is None and revision is not None and await reader.event(dataset_id) is not None:
            raise HTTPException(
                404, f"it has no revision {revision}; /datasets/{dataset_id}/revisions lists its revisions"
            )
        if event is None:
            raise HTTPException(404, "no such dataset is catalogued yet; its receipt shows its progress")
        return Response(event, media_type="application/json")

    @router.get("/datasets/{dataset_id}/lineage")
    async def show_lineage(
        dataset_id: UUID, direction: Direction = "both", depth: Depth = 5, limit: Nodes = 1000, skip: Skip = 0
    ) -> Response:
        """What it was made from (up) and what was made from it (down), in pages: `next` is the `skip` of the next."""
        return json_response(await lineage(reader, dataset_id, direction, depth, limit, skip))

    @router.get("/datasets/{dataset_id}/revisions")
    async def show_revisions(
        dataset_id: UUID, limit: Limit = 20, below: Annotated[int | None, Query(ge=1, lt=2**31)] = None
    ) -> Response:
        """Its history, newest first: who changed what, when; in pages: `next` is the `below` of the next."""
        revisions, has_more = await reader.revisions(dataset_id, limit, below)
        return json_response({"revisions": revisions, "next": revisions[-1]["revision"] if has_more else None})


def _add_producers(router: APIRouter, reader: CatalogueReader, resources: Resources[SearchSettings]) -> None:
    @router.get("/producers")
    async def list_producers(since: str | None = None) -> Response:
        """What became of what each producer sent since then (a day ago unless given), most rejections first."""
        now = resources.clock()
        fields = FaultCollector()
        zone = ZoneInfo(resources.settings.facility.time_zone)
        begin = fields.parsed("since", since, lambda text: read_time(text, zone)) or now - timedelta(days=1)
        if begin < now - LONGEST:
            fields.faults.append(Fault("since", f"give a time within the last {LONGEST.days} days"))
        fields.check()
        return json_response({"since": begin, "producers": await reader.producers(begin)})

"""The HTTP face of search."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter, HTTPException, Query, Request
from fastapi.responses import Response, StreamingResponse
from pydantic_core import to_json

from services.search.query.catalogue import CatalogueReader
from services.search.query.faults import QueryInvalid
from services.search.query.lineage import MOST_DEPTH, MOST_LINKS, MOST_NODES, Direction, lineage
from services.search.query.naming import Naming
from services.search.query.producers import LONGEST
from services.search.query.query import FIELDS, MOST_ROWS, read_query
from services.search.query.receipts import Row, choose, newest_first
from services.search.routes.activity import add_activity
from services.search.routes.answers import chosen_answer, receipt_answer
from services.search.routes.cif import add_cif
from services.search.routes.pending import add_pending
from services.search.routes.rejections import add_rejections
from services.search.routes.sheet import json_page, sheet
from services.search.routes.web import page_routes
from shared.access.tokens import TokenRefused, Tokens
from shared.events.identity import Identities, PathInvalid
from shared.foundation.errors import Fault
from shared.foundation.times import TimeInvalid, read_time
from shared.host.service import Resources
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
"""Of the fields of a query that are no texts."""
FEW_RECEIPTS = 50
"""Of one dataset on a page, unless more are asked for."""
Limit = Annotated[int, Query(ge=1, le=MOST_ROWS)]
Nodes = Annotated[int, Query(ge=1, le=MOST_NODES, description="datasets of a page")]
Skip = Annotated[int, Query(ge=0, le=MOST_LINKS, description="what earlier pages have shown")]
Depth = Annotated[int, Query(ge=0, le=MOST_DEPTH, description="steps from the dataset")]


def routes(resources: Resources, vocabulary: Vocabulary) -> APIRouter:
    """Datasets, receipts, rejections and the web page."""
    router = APIRouter(route_class=ProblemRoute, tags=["catalogue"])
    naming = Naming(vocabulary)
    reader = CatalogueReader(resources.database, naming)
    _add_finding(router, reader, resources, naming)
    _add_datasets(router, reader, resources, vocabulary)
    _add_receipts(router, reader, resources)
    add_rejections(router, reader, resources)
    _add_producers(router, reader, resources)
    add_pending(router, reader, resources.identities)
    add_activity(router, reader)
    router.include_router(page_routes(resources.settings.time_zone))
    return router


def _add_finding(router: APIRouter, reader: CatalogueReader, resources: Resources, naming: Naming) -> None:
    zone = ZoneInfo(resources.settings.time_zone)

    @router.get("/datasets", openapi_extra=asks(FIELDS, **TYPES))
    async def find(request: Request) -> Response:
        """Datasets that satisfy every condition, in pages."""
        query = read_query(request.query_params.multi_items(), resources.identities, zone, naming)
        answer = await reader.find(query)
        if not query.as_csv:
            if not query.columns:
                return _json(answer)
            page = json_page(reader, naming, answer, query.columns)
            return StreamingResponse(page, media_type="application/json")
        headers = {"Content-Disposition": 'attachment; filename="datasets.csv"'}
        if answer["next"]:
            headers["Link"] = f'<?{request.url.include_query_params(cursor=answer["next"]).query}>; rel="next"'
        lines = sheet(reader, naming, answer["datasets"], query.columns)
        return StreamingResponse(lines, media_type="text/csv", headers=headers)


def _add_datasets(router: APIRouter, reader: CatalogueReader, resources: Resources, vocabulary: Vocabulary) -> None:
    @router.get("/datasets/by-path")
    async def show_by_path(path: str) -> Response:
        """The dataset at a path, as it was committed last."""
        return await show(_identity(resources.identities, path))

    add_cif(router, reader, vocabulary)

    @router.get("/datasets/{dataset_id}")
    async def show(dataset_id: UUID, revision: Annotated[int | None, Query(ge=1, lt=2**31)] = None) -> Response:
        """A dataset as it was committed last (or as it was in one revision): the event, byte for byte."""
        event = await reader.event(dataset_id, revision)
        if event is None and revision is not None and await reader.event(dataset_id) is not None:
            raise HTTPException(
                404, f"it has no revision {revision}; /datasets/{dataset_id}/revisions has those there are"
            )
        if event is None:
            raise HTTPException(404, "no such dataset is catalogued yet; its receipt says how far it has come")
        return Response(event, media_type="application/json")

    @router.get("/datasets/{dataset_id}/lineage")
    async def show_lineage(
        dataset_id: UUID, direction: Direction = "both", depth: Depth = 5, limit: Nodes = 1000, skip: Skip = 0
    ) -> Response:
        """What it was made from (up) and what was made from it (down), in pages: `next` is the `skip` of the next."""
        return _json(await lineage(reader, dataset_id, direction, depth, limit, skip))

    @router.get("/datasets/{dataset_id}/revisions")
    async def show_revisions(
        dataset_id: UUID, limit: Limit = 20, below: Annotated[int | None, Query(ge=1, lt=2**31)] = None
    ) -> Response:
        """Its history, newest first: who changed what, when; in pages: `next` is the `below` of the next."""
        revisions, has_more = await reader.revisions(dataset_id, limit, below)
        return _json({"revisions": revisions, "next": revisions[-1]["revision"] if has_more else None})


def _add_receipts(router: APIRouter, reader: CatalogueReader, resources: Resources) -> None:
    tokens = Tokens(resources.settings.tokens_file)

    async def of_ids(ids: Sequence[str], skip: int, limit: int | None, request: Request) -> Row:
        now = resources.clock()
        caller = _caller(request, tokens, now)
        found = await reader.submissions(ids[skip:][:limit], caller)
        choices = {receipt_id: choose(rows, caller=caller) for receipt_id, rows in found.items()}
        following = skip + len(found)
        return {
            "receipts": [chosen_answer(choice, now) for choice in choices.values() if choice],
            "unknown": [receipt_id for receipt_id, choice in choices.items() if not choice],
            "next": following if following < len(ids) else None,
        }

    @router.get("/receipts")
    async def list_receipts(
        request: Request,
        path: str | None = None,
        dataset_id: UUID | None = None,
        ids: Annotated[str | None, Query(description=f"receipt ids, at most {MOST_ROWS}, separated by commas")] = None,
        limit: Limit | None = None,
        skip: Skip = 0,
    ) -> Response:
        """The submissions of one dataset, newest first, or of several receipts; `next` is the `skip` of the next page.

        With `ids`, each is answered as by `/receipts/{receipt_id}`, in their order, and `unknown` lists those that were
        not heard of yet.
        """
        if sum(said is not None for said in (path, dataset_id, ids)) != 1:
            raise QueryInvalid([Fault("path", "give either path or dataset_id or ids")])
        if ids is not None:
            return _json(await of_ids(_receipt_ids(ids), skip, limit, request))
        subject = dataset_id or _identity(resources.identities, path or "")
        rows, has_more = await reader.receipts(subject, limit or FEW_RECEIPTS, skip)
        answers = [receipt_answer(row, resources.clock()) for row in newest_first(rows)]
        return _json({"receipts": answers, "next": skip + len(rows) if has_more else None})

    @router.get("/receipts/{receipt_id}")
    async def show_receipt(
        request: Request,
        receipt_id: str,
        source: str | None = None,
        path: str | None = None,
        dataset_id: UUID | None = None,
    ) -> Response:
        """How far a submission has come: in_flight, pending, committed, unchanged or rejected.

        Where several were made under one id, `source` and `path` or `dataset_id` say which is meant. Otherwise it is
        the one whose token the request bears, else the one that was heard of first; `others` lists the rest.
        """
        subject = dataset_id or (None if path is None else _identity(resources.identities, path))
        now = resources.clock()
        caller = _caller(request, tokens, now)
        found = await reader.submissions([receipt_id], source or caller, subject)
        choice = choose(found[receipt_id], source, caller)
        if choice is None:
            raise HTTPException(404, "no such receipt; one that was handed out just now is known within a second")
        return _json(chosen_answer(choice, now))


def _receipt_ids(said: str) -> list[str]:
    """Each id once, in their order.

    Raises:
        QueryInvalid: there is none, or there are too many.
    """
    ids = list(dict.fromkeys(filter(None, map(str.strip, said.split(",")))))
    if not ids or len(ids) > MOST_ROWS:
        raise QueryInvalid([Fault("ids", f"has {len(ids)} receipt ids; give 1 to {MOST_ROWS}, separated by commas")])
    return ids


def _caller(request: Request, tokens: Tokens, now: datetime) -> str | None:
    """The source that the request's token belongs to. Nobody needs one to read."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        return None
    try:
        return tokens.grant_of(token.strip(), now).source
    except TokenRefused:
        return None


def _add_producers(router: APIRouter, reader: CatalogueReader, resources: Resources) -> None:
    @router.get("/producers")
    async def list_producers(since: str | None = None) -> Response:
        """What became of what each producer sent since then (a day ago unless given), most rejections first."""
        now = resources.clock()
        try:
            begin = read_time(since, ZoneInfo(resources.settings.time_zone)) if since else now - timedelta(days=1)
        except TimeInvalid as error:
            raise QueryInvalid([Fault("since", str(error))]) from None
        if begin < now - LONGEST:
            raise QueryInvalid([Fault("since", f"give a time within the last {LONGEST.days} days")])
        return _json({"since": begin, "producers": await reader.producers(begin)})


def _identity(identities: Identities, path: str) -> UUID:
    try:
        return identities.dataset(identities.path(path))
    except PathInvalid as error:
        raise QueryInvalid([Fault("path", str(error))]) from None


def _json(answer: object) -> Response:
    return Response(to_json(answer), media_type="application/json")

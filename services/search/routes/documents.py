"""The committed documents of many datasets at once, as other services ask for them."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response, StreamingResponse

from services.search.index.question import Query as DatasetQuery
from services.search.projections.investigations.statements import InvestigationQuery
from services.search.query.catalogue import CatalogueReader
from services.search.query.documents import DocumentQuery, Found, documents
from services.search.query.investigations import InvestigationReader
from services.search.query.naming import Naming
from services.search.query.query import FIELDS, read_query
from services.search.routes.fields import MOST_IDS, Ids, Numbers, several
from services.search.settings import SearchSettings
from shared.events.identity import sample_key
from shared.host.service import Resources
from shared.http.bearer import Beamlines, Bearers
from shared.http.description import asks

LINES = "application/x-ndjson"
MOST_SKIPPED = 100_000
OF_PAGES = frozenset({"limit", "cursor", "facets", "count", "format", "columns"})
CONDITIONS = {name: text for name, text in FIELDS.items() if name not in OF_PAGES}
"""The fields of `GET /datasets` that choose datasets and order them."""
TYPES: dict[str, dict[str, Any]] = {
    "has_warnings": {"type": "boolean"},
    "complete": {"type": "boolean"},
    "order": {"type": "string", "enum": ["asc", "desc"]},
}


@dataclass(frozen=True)
class Named:
    """Datasets that are named by ids, or by the numbers of what they belong to. None does not matter."""

    number: Annotated[Numbers, several("the number of a dataset")] = None
    dataset_id: Annotated[Ids, several("the id of a dataset", MOST_IDS)] = None
    investigation_number: Annotated[Numbers, several("the number of its investigation")] = None
    sample_number: Annotated[Numbers, several("the number of its sample")] = None


def add_documents(
    router: APIRouter, bearers: Bearers, reader: CatalogueReader, resources: Resources[SearchSettings], naming: Naming
) -> None:
    """Add `/documents`."""
    zone = ZoneInfo(resources.settings.facility.time_zone)
    investigations = InvestigationReader(reader)

    @router.get("/documents", openapi_extra=asks(CONDITIONS, **TYPES))
    async def list_documents(  # each is a field of the URL
        request: Request,
        named: Annotated[Named, Depends()],
        outputs: Annotated[bool, Query(description="each with the events of those made from it")] = False,  # noqa: FBT002
        skip: Annotated[int, Query(ge=0, le=MOST_SKIPPED)] = 0,
        limit: Annotated[int | None, Query(ge=0, description="without it all are listed")] = None,
        beamlines: Beamlines = None,
    ) -> Response:
        """The committed events of datasets that have a number, one line of JSON for each. It needs a bearer token.

        The conditions are those of `GET /datasets`. A line has `total` (the number of all that match),
        `document` (the `event` and its `investigation` as it is known now) and `outputs` (documents as well).
        """
        permitted = bearers.beamlines_of(request, beamlines)
        pairs = [(name, value) for name, value in request.query_params.multi_items() if name in CONDITIONS]
        query = _narrowed(read_query(pairs, resources.identities, zone, naming), named, permitted)
        query = await _resolved(query, named, investigations)
        if () in (query.values.get("beamline"), query.values.get("sample"), query.investigations):
            return Response(media_type=LINES)
        lots = documents(reader, DocumentQuery(query, skip, limit, outputs, permitted))
        first: Sequence[Found] = await anext(
            lots, []
        )  # what is wrong with the query shows here, before an answer has begun
        return StreamingResponse(_lines(first, lots), media_type=LINES)


def _narrowed(query: DatasetQuery, named: Named, permitted: Sequence[str] | None) -> DatasetQuery:
    """The query within what is named and permitted."""
    values = dict(query.values)
    if permitted is not None:
        values["beamline"] = tuple(name for name in values.get("beamline", permitted) if name in permitted)
    return replace(
        query,
        values=values,
        numbers=None if named.number is None else tuple(named.number),
        dataset_ids=None if named.dataset_id is None else tuple(named.dataset_id),
        numbered=True,
        count=True,
    )


async def _resolved(query: DatasetQuery, named: Named, investigations: InvestigationReader) -> DatasetQuery:
    """The query with investigations and samples that are named by their numbers."""
    if named.investigation_number is not None:
        rows, _ = await investigations.investigations(InvestigationQuery(numbers=tuple(named.investigation_number)))
        query = replace(query, investigations=_common(query.investigations, [row["investigation_id"] for row in rows]))
    if named.sample_number is not None:
        samples = await investigations.samples(query.investigations, named.sample_number, None)
        names = tuple(sample_key(sample["name"]) for sample in samples)
        found = _common(query.investigations, [sample["investigation_id"] for sample in samples])
        query = replace(query, values={**query.values, "sample": names}, investigations=found)
    return query


def _common(asked: Sequence[UUID] | None, found: Sequence[UUID]) -> tuple[UUID, ...]:
    return tuple(each for each in found if asked is None or each in asked)


async def _lines(first: Sequence[Found], lots: AsyncIterator[Sequence[Found]]) -> AsyncIterator[bytes]:
    """The lines of all lots, written while they are read."""
    lot: Sequence[Found] | None = first
    while lot is not None:
        for found in lot:
            yield found.line()
        lot = await anext(lots, None)

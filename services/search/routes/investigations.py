"""Investigations, proposals, samples and declarations, as other services ask for them. Each needs a bearer token.

An answer is about those beamlines alone that the token covers, and of these about the ones that `beamlines` names.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Annotated, TypeVar
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from services.search.projections.investigations.statements import MOST_INVESTIGATIONS, InvestigationQuery, Order
from services.search.query.catalogue import CatalogueReader
from services.search.query.declarations import DeclarationReader
from services.search.query.investigations import InvestigationReader
from services.search.routes.fields import MOST_IDS, Ids, Names, Numbers, several
from shared.events.identity import proposal_key
from shared.events.sections import Moment
from shared.http.answers import bounded_response
from shared.http.bearer import Beamlines, Bearers

T = TypeVar("T")

MOST_DATASETS = 1000
"""Datasets of an investigation in one answer."""

Skip = Annotated[int, Query(ge=0, lt=2**63)]
Limit = Annotated[int, Query(ge=0, le=MOST_INVESTIGATIONS)]


def investigation_query(  # noqa: PLR0913, PLR0917  # each is a field of the URL
    number: Annotated[Numbers, several("the number of an investigation")] = None,
    id: Annotated[Ids, several("the id of an investigation", MOST_IDS)] = None,  # noqa: A002
    beamline: Annotated[Names, several("in any letter case")] = None,
    proposal: Annotated[Names, several("in any spelling")] = None,
    begin: Annotated[Moment | None, Query(description="ISO 8601; it is not over by then, or open-ended")] = None,
    end: Annotated[Moment | None, Query(description="ISO 8601; it has begun by then")] = None,
    search: Annotated[str | None, Query(description="what proposal, beamline and title contain")] = None,
    declared: Annotated[str | None, Query(description="such a thing was declared for it: shipment, parcel, …")] = None,
    declared_id: Annotated[Names, several("with `declared`: the id of the thing")] = None,
    counted: Annotated[bool, Query(description="count the datasets and samples of each")] = False,  # noqa: FBT002
    sort: Order = "started",
    descending: bool = False,  # noqa: FBT001, FBT002  # it is named in the URL
    skip: Skip = 0,
    limit: Limit = MOST_INVESTIGATIONS,
) -> InvestigationQuery:
    """The fields of a list of investigations."""
    return InvestigationQuery(
        numbers=_tuple(number),
        ids=_tuple(id),
        at_beamlines=None if beamline is None else tuple(name.lower() for name in beamline),
        proposals=None if proposal is None else tuple(map(proposal_key, proposal)),
        begin=begin,
        end=end,
        search=search or None,
        declared=declared,
        declared_ids=_tuple(declared_id),
        counted=counted,
        order=sort,
        descending=descending,
        skip=skip,
        limit=limit,
    )


def add_investigations(router: APIRouter, bearers: Bearers, reader: CatalogueReader) -> None:
    """Add `/investigations` and what lies below it, `/proposals` and `/samples`."""
    investigations = InvestigationReader(reader)

    @router.get("/investigations")
    async def list_investigations(
        request: Request,
        wanted: Annotated[InvestigationQuery, Depends(investigation_query)],
        beamlines: Beamlines = None,
    ) -> Response:
        """Investigations that have a number and a start, with the number of all as `total`. It needs a bearer token."""
        permitted = bearers.beamlines_of(request, beamlines)
        rows, total = await investigations.investigations(replace(wanted, beamlines=permitted))
        return bounded_response({"investigations": rows, "total": total})

    @router.get("/investigations/at")
    async def show_investigation_at(
        request: Request, proposal: str, beamline: str, time: Moment, beamlines: Beamlines = None
    ) -> Response:
        """The investigation that something belongs to which happened at that time. It needs a bearer token."""
        permitted = bearers.beamlines_of(request, beamlines)
        return bounded_response({"investigation": await investigations.at(proposal, beamline, time, permitted)})

    @router.get("/investigations/{investigation_id}/datasets")
    async def list_datasets(  # each is a field of the URL
        request: Request,
        investigation_id: UUID,
        search: Annotated[str | None, Query(description="what the name contains")] = None,
        beamlines: Beamlines = None,
        skip: Skip = 0,
        limit: Annotated[int, Query(ge=0, le=MOST_DATASETS)] = MOST_DATASETS,
    ) -> Response:
        """Its datasets that have a number, by start, without their documents. It needs a bearer token."""
        permitted = bearers.beamlines_of(request, beamlines)
        rows = await investigations.datasets(investigation_id, skip, limit, search, permitted)
        return bounded_response({"datasets": rows})

    @router.get("/proposals")
    async def list_proposals(
        request: Request,
        proposal: Annotated[Names, several("a proposal by its key")] = None,
    ) -> Response:
        """Proposals, each with its name as the user office writes it. It needs a bearer token."""
        bearers.grant_of(request)
        return bounded_response({"proposals": await investigations.proposals(proposal)})

    @router.get("/samples")
    async def list_samples(
        request: Request,
        investigation: Annotated[Ids, several("the id of an investigation", MOST_IDS)] = None,
        number: Annotated[Numbers, several("the number of a sample")] = None,
        beamlines: Beamlines = None,
    ) -> Response:
        """Samples of which there are datasets, by name. It needs a bearer token."""
        permitted = bearers.beamlines_of(request, beamlines)
        return bounded_response({"samples": await investigations.samples(investigation, number, permitted)})


def add_declarations(router: APIRouter, bearers: Bearers, reader: CatalogueReader) -> None:
    """Add `/declarations`."""
    declarations = DeclarationReader(reader)

    @router.get("/declarations")
    async def list_declarations(
        request: Request,
        investigation: Annotated[Ids, several("the id of an investigation", MOST_IDS)] = None,
        places: Annotated[Names, several("also what is loaded at this beamline")] = None,
        beamlines: Beamlines = None,
        skip: Skip = 0,
    ) -> Response:
        """What was declared to travel, in pages: `next` is the `skip` of the next page. It needs a bearer token."""
        permitted = bearers.beamlines_of(request, beamlines)
        named = [name.lower() for name in places or ()]
        rows, has_more = await declarations.page(investigation or (), named, permitted, skip)
        following = skip + len(rows) if has_more else "null"
        return Response(f'{{"declarations":[{",".join(rows)}],"next":{following}}}', media_type="application/json")


def _tuple(values: Iterable[T] | None) -> tuple[T, ...] | None:
    return None if values is None else tuple(values)

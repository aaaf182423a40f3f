"""`GET /tracking/{session_id}/parcel`: a list of parcels."""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Response

from services.icat_plus.answers import Answer, page_answer
from services.icat_plus.dependencies import Dependencies
from services.icat_plus.neighbours.search import MOST_ROWS, InvestigationQuery, Row
from services.icat_plus.routes.fields import Limit, Number, SessionId, Skip, whole_numbers
from services.icat_plus.shipments.answers import ShipmentAnswers
from services.icat_plus.shipments.tree import ShipmentTree
from shared.access.grants import Grant
from shared.foundation.errors import Fault
from shared.foundation.problem import invalid
from shared.http.answers import bounded_response

MOST_INVESTIGATIONS = 500
"""The most investigations whose parcels one request searches."""


@dataclass(frozen=True)
class ParcelQuery:
    """A query for parcels. A condition that is None accepts everything."""

    investigations: InvestigationQuery
    shipment: str | None
    parcel: str | None
    statuses: frozenset[str]
    search: str
    begin: datetime | None
    begin_status: str | None
    end: datetime | None
    end_status: str | None

    def chooses(self, parcel: Answer) -> bool:
        """Whether a parcel matches."""
        reports = [(one["status"].upper(), datetime.fromisoformat(one["createdAt"])) for one in parcel["statuses"]]
        return (
            self.shipment in (None, parcel.get("shipmentId"))
            and self.parcel in (None, parcel["id"])
            and (not self.statuses or parcel.get("status", "").upper() in self.statuses)
            and (not self.search or any(self.search in text.lower() for text in _texts(parcel)))
            and (
                not self.begin or any(at >= self.begin for status, at in reports if self.begin_status in (None, status))
            )
            and (not self.end or any(at <= self.end for status, at in reports if self.end_status in (None, status)))
        )


def parcel_query(dependencies: Dependencies) -> Callable[..., Awaitable[ParcelQuery]]:
    """The fields of a list of parcels, as a dependency of its route."""

    async def query(  # noqa: PLR0913, PLR0917  # each is a field of the URL
        number: Number = None,
        shipment: Annotated[str | None, Query(alias="shipmentId")] = None,
        parcel: Annotated[str | None, Query(alias="parcelId")] = None,
        status: Annotated[str | None, Query(description="separated by commas")] = None,
        search: Annotated[str | None, Query(description="in names, descriptions and comments")] = None,
        format_: Annotated[Literal["json"], Query(alias="format")] = "json",  # noqa: ARG001  # the only format
        begin: Annotated[
            str | None, Query(alias="startDate", description="with a report at this time or later")
        ] = None,
        begin_status: Annotated[
            str | None, Query(alias="startStatus", description="the status of the report of `startDate`")
        ] = None,
        end: Annotated[str | None, Query(alias="endDate", description="with a report at this time or earlier")] = None,
        end_status: Annotated[
            str | None, Query(alias="endStatus", description="the status of the report of `endDate`")
        ] = None,
        session_begin: Annotated[str | None, Query(alias="investigationStartDate")] = None,
        session_end: Annotated[str | None, Query(alias="investigationEndDate")] = None,
    ) -> ParcelQuery:
        return ParcelQuery(
            investigations=InvestigationQuery(
                numbers=whole_numbers(number),
                begin=dependencies.time("investigationStartDate", session_begin),
                end=dependencies.time("investigationEndDate", session_end, end_of_day=True),
                descending=True,
            ),
            shipment=shipment or None,
            parcel=parcel or None,
            statuses=frozenset(one.strip().upper() for one in (status or "").split(",") if one.strip()),
            search=(search or "").lower(),
            begin=dependencies.time("startDate", begin),
            begin_status=begin_status.upper() if begin_status else None,
            end=dependencies.time("endDate", end, end_of_day=True),
            end_status=end_status.upper() if end_status else None,
        )

    return query


def add(router: APIRouter, dependencies: Dependencies) -> None:
    """The route of parcels."""

    @router.get("/tracking/{session_id}/parcel")
    async def list_parcels(
        session_id: SessionId,
        wanted: Annotated[ParcelQuery, Depends(parcel_query(dependencies))],
        skip: Skip = 0,
        limit: Limit = MOST_ROWS,
    ) -> Response:
        """List the declared parcels, and those that only datasets describe."""
        chosen = await _chosen(dependencies, await dependencies.access.by_session(session_id), wanted)
        size = max(1, min(limit, MOST_ROWS))
        page = {"meta": {"page": page_answer(len(chosen), skip, size)}}
        return bounded_response([parcel | page for parcel in chosen[skip : skip + min(limit, MOST_ROWS)]])


async def _chosen(dependencies: Dependencies, grant: Grant, wanted: ParcelQuery) -> list[Answer]:
    investigations = await _investigations(dependencies, grant, wanted)
    ids = [row["investigation_id"] for row in investigations]
    declared = await dependencies.shipments.declarations.of(ids)
    samples = await dependencies.search.samples(ids)
    return [
        parcel
        for row in investigations
        for parcel in ShipmentAnswers(ShipmentTree(row["investigation_id"], declared), row, dependencies.zone).parcels(
            [one for one in samples if one["investigation_id"] == row["investigation_id"]]
        )
        if wanted.chooses(parcel)
    ]


async def _investigations(dependencies: Dependencies, grant: Grant, wanted: ParcelQuery) -> list[Row]:
    """The investigations whose parcels are requested. Of two with one number, the one that is not a placeholder."""
    query = replace(wanted.investigations, beamlines=grant.covered, limit=MOST_INVESTIGATIONS + 1)
    if query.numbers is None:
        rows = await _with_declarations(dependencies, query, wanted)
    else:
        rows, _ = await dependencies.search.investigations(query)
    if len(rows) > MOST_INVESTIGATIONS:
        cure = "give investigationId, shipmentId, parcelId, or investigationStartDate and investigationEndDate"
        raise invalid([Fault("investigationId", f"parcels of more than {MOST_INVESTIGATIONS} sessions: {cure}")])
    real = {row["number"]: row for row in sorted(rows, key=lambda row: not row["placeholder"])}
    return [row for row in rows if real[row["number"]] is row]


async def _with_declarations(dependencies: Dependencies, query: InvestigationQuery, wanted: ParcelQuery) -> list[Row]:
    """The investigations for which the parcel, the shipment or anything was declared, newest first."""
    by_shipment = wanted.shipment and not wanted.parcel
    kind, named = ("shipment", wanted.shipment) if by_shipment else ("parcel", wanted.parcel)
    ids = (named,) if named else None
    rows, _ = await dependencies.search.investigations(replace(query, declared=kind, declared_ids=ids))
    lately = dependencies.shipments.declarations.holding(kind, ids) - {row["investigation_id"] for row in rows}
    rows += await dependencies.search.investigations_of(lately, query)
    return sorted(rows, key=lambda row: (row["started"], row["number"]), reverse=True)


def _texts(thing: Answer) -> Iterator[str]:
    """The texts in which a search looks."""
    yield from (thing[name] for name in ("name", "description", "comments") if thing.get(name))
    for item in thing["content"]:
        yield from _texts(item)

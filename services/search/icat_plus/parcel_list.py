"""`GET /tracking/{session_id}/parcel`: the parcels that somebody asks for."""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Response

from services.search.icat_plus.acquisition import Limit, Number, Skip, whole_numbers
from services.search.icat_plus.answers import Answer, page_answer
from services.search.icat_plus.asking import MOST_ROWS, Row, Slots
from services.search.icat_plus.desk import Desk, answered
from services.search.icat_plus.logging_in import SessionId
from services.search.icat_plus.parcels import Showing
from services.search.icat_plus.travelling import Travelling
from services.search.query.faults import QueryInvalid
from shared.access.grants import Grant
from shared.foundation.errors import Fault

MOST_INVESTIGATIONS = 500
"""Among whose parcels one request looks."""


@dataclass(frozen=True)
class Asked:
    """Which parcels are asked for; what is absent does not matter."""

    slots: Slots
    shipment: str | None
    parcel: str | None
    statuses: frozenset[str]
    search: str
    begin: datetime | None
    begin_status: str | None
    end: datetime | None
    end_status: str | None

    def chooses(self, parcel: Answer) -> bool:
        """Whether a parcel is one of them."""
        reports = [(one["status"].upper(), datetime.fromisoformat(one["createdAt"])) for one in parcel["statuses"]]
        return (
            self.shipment in (None, parcel.get("shipmentId"))
            and self.parcel in (None, parcel["id"])
            and (not self.statuses or parcel.get("status", "").upper() in self.statuses)
            and (not self.search or any(self.search in text.lower() for text in _texts(parcel)))
            and (not self.begin or any(at >= self.begin for said, at in reports if self.begin_status in (None, said)))
            and (not self.end or any(at <= self.end for said, at in reports if self.end_status in (None, said)))
        )


def asked_of(desk: Desk) -> Callable[..., Awaitable[Asked]]:
    """What a list of parcels heeds, as a dependency of its route."""

    async def asked(  # noqa: PLR0913, PLR0917  # each is a field of the URL
        number: Number = None,
        shipment: Annotated[str | None, Query(alias="shipmentId")] = None,
        parcel: Annotated[str | None, Query(alias="parcelId")] = None,
        status: Annotated[str | None, Query(description="separated by commas")] = None,
        search: Annotated[str | None, Query(description="in names, descriptions and comments")] = None,
        format_: Annotated[Literal["json"], Query(alias="format")] = "json",  # noqa: ARG001  # it is what there is
        begin: Annotated[str | None, Query(alias="startDate", description="reported on then or later")] = None,
        begin_status: Annotated[str | None, Query(alias="startStatus", description="of `startDate`")] = None,
        end: Annotated[str | None, Query(alias="endDate", description="reported on then or earlier")] = None,
        end_status: Annotated[str | None, Query(alias="endStatus", description="of `endDate`")] = None,
        session_begin: Annotated[str | None, Query(alias="investigationStartDate")] = None,
        session_end: Annotated[str | None, Query(alias="investigationEndDate")] = None,
    ) -> Asked:
        return Asked(
            slots=Slots(
                numbers=whole_numbers(number),
                begin=desk.time("investigationStartDate", session_begin),
                end=desk.time("investigationEndDate", session_end, end_of_day=True),
                descending=True,
            ),
            shipment=shipment or None,
            parcel=parcel or None,
            statuses=frozenset(one.strip().upper() for one in (status or "").split(",") if one.strip()),
            search=(search or "").lower(),
            begin=desk.time("startDate", begin),
            begin_status=begin_status.upper() if begin_status else None,
            end=desk.time("endDate", end, end_of_day=True),
            end_status=end_status.upper() if end_status else None,
        )

    return asked


def add(router: APIRouter, desk: Desk) -> None:
    """The route."""

    @router.get("/tracking/{session_id}/parcel")
    async def list_parcels(
        session_id: SessionId,
        asked: Annotated[Asked, Depends(asked_of(desk))],
        skip: Skip = 0,
        limit: Limit = MOST_ROWS,
    ) -> Response:
        """The parcels that were declared, and those of which only datasets tell."""
        chosen = await _chosen(desk, await desk.access.by_session(session_id), asked)
        size = max(1, min(limit, MOST_ROWS))
        page = {"meta": {"page": page_answer(len(chosen), skip, size)}}
        return answered([parcel | page for parcel in chosen[skip : skip + min(limit, MOST_ROWS)]])


async def _chosen(desk: Desk, grant: Grant, asked: Asked) -> list[Answer]:
    slots = await _slots(desk, grant, asked)
    ids = [slot["investigation_id"] for slot in slots]
    declared = await desk.shipping.declarations.of(ids)
    samples = await desk.icat.samples(ids, None)
    return [
        parcel
        for slot in slots
        for parcel in Showing(Travelling(slot["investigation_id"], declared), slot, desk.zone).parcels(
            [one for one in samples if one["investigation_id"] == slot["investigation_id"]]
        )
        if asked.chooses(parcel)
    ]


async def _slots(desk: Desk, grant: Grant, asked: Asked) -> list[Row]:
    """The investigations whose parcels may be asked for; of two with one number the one that is no placeholder."""
    wanted = replace(asked.slots, beamlines=grant.covered, limit=MOST_INVESTIGATIONS + 1)
    if wanted.numbers is None:
        kind, known = ("shipment", asked.shipment) if asked.shipment and not asked.parcel else ("parcel", asked.parcel)
        wanted = replace(wanted, ids=tuple(await desk.shipping.declarations.holding(kind, known)))
    slots = await desk.icat.investigations(wanted)
    if len(slots) > MOST_INVESTIGATIONS:
        cure = "give investigationId, shipmentId, parcelId, or investigationStartDate and investigationEndDate"
        raise QueryInvalid([Fault("investigationId", f"parcels of over {MOST_INVESTIGATIONS} sessions: {cure}")])
    real = {slot["number"]: slot for slot in sorted(slots, key=lambda slot: not slot["placeholder"])}
    return [slot for slot in slots if real[slot["number"]] is slot]


def _texts(thing: Answer) -> Iterator[str]:
    """What a search looks at."""
    yield from (thing[name] for name in ("name", "description", "comments") if thing.get(name))
    for item in thing["content"]:
        yield from _texts(item)

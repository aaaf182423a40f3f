"""`/tracking/{session_id}/…`: shipments, parcels and what is in them, declared and shown as ICAT+ does."""

from typing import Annotated, NamedTuple

from fastapi import APIRouter, Query, Request, Response
from pydantic import JsonValue, RootModel

from services.search.icat_plus import parcel_list
from services.search.icat_plus.acquisition import Number
from services.search.icat_plus.asking import Row
from services.search.icat_plus.bodies import Reading
from services.search.icat_plus.desk import Desk, answered, body_of
from services.search.icat_plus.logging_in import SessionId
from services.search.icat_plus.parcels import Showing
from services.search.icat_plus.travelling import Travelling
from shared.access.grants import Grant
from shared.events.declarations import DeclarationRow, parcel_id, shipment_id
from shared.events.items import Item
from shared.events.shipments import (
    ItemDeclared,
    Parcel,
    ParcelDeclared,
    ParcelStatus,
    Shipment,
    ShipmentDeclared,
    StatusReported,
    Withdrawn,
)
from shared.foundation.errors import Fault
from shared.foundation.problem import Problem, invalid
from shared.http.description import takes

MOST_BYTES = 1024 * 1024
"""Of a parcel with all that is in it; its event fits its topic."""
STATUS = "/tracking/{session_id}/investigation/id/{number}/parcel/id/{parcel}/parcel/status"
ITEMS = "/tracking/{session_id}/investigation/id/{number}/parcel/id/{parcel}/item"

ShipmentId = Annotated[str | None, Query(alias="shipmentId")]


class Body(RootModel[dict[str, JsonValue]]):
    """A JSON object."""


class Place(NamedTuple):
    """For which investigation somebody asks or says something, and what is known of it."""

    grant: Grant
    investigation: Row
    travelling: Travelling

    def showing(self, desk: Desk, travelling: Travelling | None = None) -> Showing:
        """How its things are shown."""
        return Showing(travelling or self.travelling, self.investigation, desk.zone)

    def parcel(self, key: str) -> DeclarationRow:
        """A parcel that was declared.

        Raises:
            Problem: 404.
        """
        return _known(self.travelling.parcels.get(key), "parcel", key)

    def item(self, parcel: str, shown: str) -> DeclarationRow:
        """An item that lies in a parcel, however deep; errors as of `parcel`."""
        key, holder = self.travelling.key(shown), self.parcel(parcel)
        row = self.travelling.things.get(("item", key))
        return _known(row if self.travelling.parcel_of(key) == holder else None, "item", shown)


def add(router: APIRouter, desk: Desk) -> None:
    """The routes of tracking."""
    _add_shipments(router, desk)
    parcel_list.add(router, desk)
    _add_parcels(router, desk)
    _add_items(router, desk)


def _add_shipments(router: APIRouter, desk: Desk) -> None:
    path = "/tracking/{session_id}/shipment"

    @router.get(path)
    async def list_shipments(session_id: SessionId, number: Number = None, shipment: ShipmentId = None) -> Response:
        """The shipments of an investigation, in the order in which they were declared."""
        place = await _place(desk, session_id, number)
        shipments = place.travelling.shipments.values()
        showing = place.showing(desk)
        return answered([showing.shipment(row) for row in shipments if shipment in (None, row.id)])

    @router.post(path, openapi_extra=takes(Shipment))
    @router.put(path, openapi_extra=takes(Shipment))
    async def declare_shipment(request: Request, session_id: SessionId, number: Number = None) -> Response:
        """Declare a shipment, or what is to be known of it instead; answered once it is durable."""
        body = await _body(request)
        place = await _place(desk, session_id, _number_of(body, number))
        said = Reading(place.travelling).shipment(body)
        travelling = await desk.shipping.say(ShipmentDeclared, *_about(place), shipment=said)
        key = shipment_id(travelling.investigation_id, said)
        return answered(place.showing(desk, travelling).shipment(travelling.shipments[key]))

    @router.delete(path)
    async def withdraw_shipment(session_id: SessionId, shipment: ShipmentId, number: Number = None) -> Response:
        """There is no such shipment; answered once that is durable."""
        place = await _place(desk, session_id, number)
        row = _known(place.travelling.shipments.get(shipment or ""), "shipment", shipment or "")
        await desk.shipping.say(Withdrawn, *_about(place), subject="shipment", id=row.id)
        return Response()


def _add_parcels(router: APIRouter, desk: Desk) -> None:
    @router.post("/tracking/{session_id}/parcel", openapi_extra=takes(Parcel))
    @router.put("/tracking/{session_id}/parcel", openapi_extra=takes(Parcel))
    async def declare_parcel(
        request: Request, session_id: SessionId, shipment: ShipmentId = None, number: Number = None
    ) -> Response:
        """Declare a parcel with what is in it, or what is to be known of it instead; answered once it is durable."""
        body = await _body(request)
        place = await _place(desk, session_id, _number_of(body, number))
        said, status = Reading(place.travelling).parcel(body, shipment)
        if said.shipment_id is not None:
            _known(place.travelling.shipments.get(said.shipment_id), "shipment", said.shipment_id)
        key = parcel_id(place.travelling.investigation_id, said)
        known = place.travelling.parcels.get(key)
        if known and said.shipment_id is None:
            said = said.model_copy(update={"shipment_id": known.parent})
        if status and known and status == place.showing(desk).parcel(known)["status"]:
            status = None  # it was sent back as it was answered: nobody reported anything
        travelling = await desk.shipping.say(ParcelDeclared, *_about(place), parcel=said, status=status)
        return answered(place.showing(desk, travelling).parcel(travelling.parcels[key]))

    @router.delete("/tracking/{session_id}/shipment/id/{shipment}/parcel", openapi_extra=takes(Body))
    async def withdraw_parcel(
        request: Request, session_id: SessionId, shipment: str, number: Number = None
    ) -> Response:
        """There is no such parcel, nor anything in it; answered once that is durable."""
        body = await _body(request)
        place = await _place(desk, session_id, _number_of(body, number))
        key = str(body.get("_id") or body.get("id") or "")
        row = place.parcel(key)
        _known(row if row.parent == shipment else None, "parcel", key)
        await desk.shipping.say(Withdrawn, *_about(place), subject="parcel", id=row.id)
        return Response()

    @router.put(STATUS, openapi_extra=takes(ParcelStatus))
    async def report_parcel(request: Request, session_id: SessionId, number: str, parcel: str) -> Response:
        """Report where a parcel is on its way; answered once it is durable."""
        place = await _place(desk, session_id, number)
        status = Reading(place.travelling).status(await _body(request))
        await desk.shipping.say(StatusReported, *_about(place), parcel_id=place.parcel(parcel).id, status=status)
        return Response()


def _add_items(router: APIRouter, desk: Desk) -> None:
    @router.post(ITEMS, openapi_extra=takes(Item))
    async def add_item(request: Request, session_id: SessionId, number: str, parcel: str) -> Response:
        """Put something into a parcel; answered with its shipment once it is durable."""
        place = await _place(desk, session_id, number)
        holder = place.parcel(parcel)
        item = Reading(place.travelling).item(await _body(request), None, holder)
        travelling = await desk.shipping.say(ItemDeclared, *_about(place), parcel_id=holder.id, item=item)
        shipment = travelling.shipments.get(holder.parent or "", holder)  # one that no shipment has travels alone
        return answered(place.showing(desk, travelling).shipment(shipment))

    @router.put(ITEMS + "/{item}", openapi_extra=takes(Item))
    async def change_item(  # each is a field of the URL
        request: Request, session_id: SessionId, number: str, parcel: str, item: str
    ) -> Response:
        """Say what is to be known of an item instead; with a `sampleChangerLocation` it is loaded there."""
        place = await _place(desk, session_id, number)
        row = place.item(parcel, item)
        things, parent = place.travelling.things, row.parent or ""
        holder = place.travelling.parcels.get(parent) or things["item", parent]
        said = Reading(place.travelling).item(await _body(request), row.id, holder)
        inner = holder.id if holder.kind == "item" else None
        await desk.shipping.say(ItemDeclared, *_about(place), parcel_id=parcel, parent_id=inner, item=said)
        return Response()

    @router.delete(ITEMS + "/{item}")
    async def withdraw_item(session_id: SessionId, number: str, parcel: str, item: str) -> Response:
        """There is no such item, nor anything in it; answered once that is durable."""
        place = await _place(desk, session_id, number)
        row = place.item(parcel, item)
        await desk.shipping.say(Withdrawn, *_about(place), subject="item", id=row.id)
        return Response()


async def _place(desk: Desk, session_id: str, number: str | None) -> Place:
    grant = await desk.access.by_session(session_id)
    investigation = await desk.investigation(number, grant.covered)
    if investigation is None:
        raise Problem(404, f"there is no investigation {(number or '')[:50]}, or {grant.name} may not speak for it")
    return Place(grant, investigation, await desk.shipping.travelling(investigation))


async def _body(request: Request) -> dict[str, JsonValue]:
    return (await body_of(request, Body, most_bytes=MOST_BYTES)).root


def _number_of(body: dict[str, JsonValue], number: str | None) -> str | None:
    """The investigation of the URL, else of the body.

    Raises:
        Problem: 422, they are two.
    """
    said = body.get("investigationId")
    if number is not None and said is not None and str(said) != number:
        fault = f"is another one than the {number[:50]} of the URL: correct one of them"
        raise invalid([Fault(field="investigationId", message=fault)])
    return number if said is None else str(said)


def _about(place: Place) -> tuple[Travelling, Row, Grant]:
    return place.travelling, place.investigation, place.grant


def _known(row: DeclarationRow | None, kind: str, id_: str) -> DeclarationRow:
    if row is None:
        raise Problem(404, f"there is no {kind} {id_[:50]} of this investigation")
    return row

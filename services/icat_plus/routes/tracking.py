"""`/tracking/{session_id}/…`: declares and shows shipments, parcels and their contents."""

from typing import Annotated, NamedTuple

from fastapi import APIRouter, Query, Request, Response
from pydantic import JsonValue, RootModel

from services.icat_plus.dependencies import Dependencies
from services.icat_plus.neighbours.search import Row
from services.icat_plus.routes import parcels
from services.icat_plus.routes.bodies import body_of
from services.icat_plus.routes.fields import Number, SessionId
from services.icat_plus.shipments.answers import ShipmentAnswers
from services.icat_plus.shipments.bodies import BodyReader
from services.icat_plus.shipments.tree import ShipmentTree
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
from shared.http.answers import bounded_response
from shared.http.description import takes

MOST_BYTES = 1024 * 1024
"""The most bytes of a parcel with its content. Its event then fits its topic."""
STATUS = "/tracking/{session_id}/investigation/id/{number}/parcel/id/{parcel}/parcel/status"
ITEMS = "/tracking/{session_id}/investigation/id/{number}/parcel/id/{parcel}/item"

ShipmentId = Annotated[str | None, Query(alias="shipmentId")]


class JsonObject(RootModel[dict[str, JsonValue]]):
    """A JSON object."""


class ShippingRequest(NamedTuple):
    """The investigation that a request is about, with its shipments and the grant of its sender."""

    grant: Grant
    investigation: Row
    tree: ShipmentTree

    def answers(self, dependencies: Dependencies, tree: ShipmentTree | None = None) -> ShipmentAnswers:
        """The shipments in ICAT+'s form."""
        return ShipmentAnswers(tree or self.tree, self.investigation, dependencies.zone)

    def parcel(self, key: str) -> DeclarationRow:
        """A declared parcel.

        Raises:
            Problem: 404, there is none.
        """
        return _known(self.tree.parcels.get(key), "parcel", key)

    def item(self, parcel: str, shown: str) -> DeclarationRow:
        """An item in a parcel, at any depth. It raises the same errors as `parcel`."""
        key, holder = self.tree.key(shown), self.parcel(parcel)
        row = self.tree.things.get(("item", key))
        return _known(row if self.tree.parcel_of(key) == holder else None, "item", shown)


def add(router: APIRouter, dependencies: Dependencies) -> None:
    """The routes of tracking."""
    _add_shipments(router, dependencies)
    parcels.add(router, dependencies)
    _add_parcels(router, dependencies)
    _add_items(router, dependencies)


def _add_shipments(router: APIRouter, dependencies: Dependencies) -> None:
    path = "/tracking/{session_id}/shipment"

    @router.get(path)
    async def list_shipments(session_id: SessionId, number: Number = None, shipment: ShipmentId = None) -> Response:
        """List the shipments of an investigation, in the order of their declaration."""
        subject = await _subject(dependencies, session_id, number)
        shipments = subject.tree.shipments.values()
        answers = subject.answers(dependencies)
        return bounded_response([answers.shipment(row) for row in shipments if shipment in (None, row.id)])

    @router.post(path, openapi_extra=takes(Shipment))
    @router.put(path, openapi_extra=takes(Shipment))
    async def declare_shipment(request: Request, session_id: SessionId, number: Number = None) -> Response:
        """Declare or replace a shipment. The answer comes once the declaration is durable."""
        body = await _body(request)
        subject = await _subject(dependencies, session_id, _number_of(body, number))
        declared = BodyReader(subject.tree).shipment(body)
        tree = await dependencies.shipments.publish(ShipmentDeclared, *_about(subject), shipment=declared)
        key = shipment_id(tree.investigation_id, declared)
        return bounded_response(subject.answers(dependencies, tree).shipment(tree.shipments[key]))

    @router.delete(path)
    async def withdraw_shipment(session_id: SessionId, shipment: ShipmentId, number: Number = None) -> Response:
        """Withdraw a shipment. The answer comes once the withdrawal is durable."""
        subject = await _subject(dependencies, session_id, number)
        row = _known(subject.tree.shipments.get(shipment or ""), "shipment", shipment or "")
        await dependencies.shipments.publish(Withdrawn, *_about(subject), subject="shipment", id=row.id)
        return Response()


def _add_parcels(router: APIRouter, dependencies: Dependencies) -> None:
    @router.post("/tracking/{session_id}/parcel", openapi_extra=takes(Parcel))
    @router.put("/tracking/{session_id}/parcel", openapi_extra=takes(Parcel))
    async def declare_parcel(
        request: Request, session_id: SessionId, shipment: ShipmentId = None, number: Number = None
    ) -> Response:
        """Declare or replace a parcel with its content. The answer comes once the declaration is durable."""
        body = await _body(request)
        subject = await _subject(dependencies, session_id, _number_of(body, number))
        declared, status = BodyReader(subject.tree).parcel(body, shipment)
        if declared.shipment_id is not None:
            _known(subject.tree.shipments.get(declared.shipment_id), "shipment", declared.shipment_id)
        key = parcel_id(subject.tree.investigation_id, declared)
        known = subject.tree.parcels.get(key)
        if known and declared.shipment_id is None:
            declared = declared.model_copy(update={"shipment_id": known.parent})
        if status and known and status == subject.answers(dependencies).parcel(known)["status"]:
            status = None  # the client has sent back the status of an answer, so this is not a report
        tree = await dependencies.shipments.publish(ParcelDeclared, *_about(subject), parcel=declared, status=status)
        return bounded_response(subject.answers(dependencies, tree).parcel(tree.parcels[key]))

    @router.delete("/tracking/{session_id}/shipment/id/{shipment}/parcel", openapi_extra=takes(JsonObject))
    async def withdraw_parcel(
        request: Request, session_id: SessionId, shipment: str, number: Number = None
    ) -> Response:
        """Withdraw a parcel with its content. The answer comes once the withdrawal is durable."""
        body = await _body(request)
        subject = await _subject(dependencies, session_id, _number_of(body, number))
        key = str(body.get("_id") or body.get("id") or "")
        row = subject.parcel(key)
        _known(row if row.parent == shipment else None, "parcel", key)
        await dependencies.shipments.publish(Withdrawn, *_about(subject), subject="parcel", id=row.id)
        return Response()

    @router.put(STATUS, openapi_extra=takes(ParcelStatus))
    async def report_parcel(request: Request, session_id: SessionId, number: str, parcel: str) -> Response:
        """Report the status of a parcel. The answer comes once the report is durable."""
        subject = await _subject(dependencies, session_id, number)
        status = BodyReader(subject.tree).status(await _body(request))
        await dependencies.shipments.publish(
            StatusReported, *_about(subject), parcel_id=subject.parcel(parcel).id, status=status
        )
        return Response()


def _add_items(router: APIRouter, dependencies: Dependencies) -> None:
    @router.post(ITEMS, openapi_extra=takes(Item))
    async def add_item(request: Request, session_id: SessionId, number: str, parcel: str) -> Response:
        """Add an item to a parcel. The answer comes once this is durable, and contains the shipment."""
        subject = await _subject(dependencies, session_id, number)
        holder = subject.parcel(parcel)
        item = BodyReader(subject.tree).item(await _body(request), None, holder)
        tree = await dependencies.shipments.publish(ItemDeclared, *_about(subject), parcel_id=holder.id, item=item)
        shipment = tree.shipments.get(holder.parent or "", holder)  # a parcel without a shipment travels alone
        return bounded_response(subject.answers(dependencies, tree).shipment(shipment))

    @router.put(ITEMS + "/{item}", openapi_extra=takes(Item))
    async def change_item(  # each is a field of the URL
        request: Request, session_id: SessionId, number: str, parcel: str, item: str
    ) -> Response:
        """Replace an item. With a `sampleChangerLocation`, it is loaded there."""
        subject = await _subject(dependencies, session_id, number)
        row = subject.item(parcel, item)
        things, parent = subject.tree.things, row.parent or ""
        holder = subject.tree.parcels.get(parent) or things["item", parent]
        declared = BodyReader(subject.tree).item(await _body(request), row.id, holder)
        inner = holder.id if holder.kind == "item" else None
        await dependencies.shipments.publish(
            ItemDeclared, *_about(subject), parcel_id=parcel, parent_id=inner, item=declared
        )
        return Response()

    @router.delete(ITEMS + "/{item}")
    async def withdraw_item(session_id: SessionId, number: str, parcel: str, item: str) -> Response:
        """Withdraw an item with its content. The answer comes once the withdrawal is durable."""
        subject = await _subject(dependencies, session_id, number)
        row = subject.item(parcel, item)
        await dependencies.shipments.publish(Withdrawn, *_about(subject), subject="item", id=row.id)
        return Response()


async def _subject(dependencies: Dependencies, session_id: str, number: str | None) -> ShippingRequest:
    grant = await dependencies.access.by_session(session_id)
    investigation = await dependencies.investigation(number, grant.covered)
    if investigation is None:
        raise Problem(404, f"there is no investigation {(number or '')[:50]}, or {grant.name} may not speak for it")
    return ShippingRequest(grant, investigation, await dependencies.shipments.tree(investigation))


async def _body(request: Request) -> dict[str, JsonValue]:
    return (await body_of(request, JsonObject, most_bytes=MOST_BYTES)).root


def _number_of(body: dict[str, JsonValue], number: str | None) -> str | None:
    """The investigation of the URL, or else of the body.

    Raises:
        Problem: 422, the two differ.
    """
    own = body.get("investigationId")
    if number is not None and own is not None and str(own) != number:
        fault = f"differs from the {number[:50]} of the URL: correct one of them"
        raise invalid([Fault(field="investigationId", message=fault)])
    return number if own is None else str(own)


def _about(subject: ShippingRequest) -> tuple[ShipmentTree, Row, Grant]:
    return subject.tree, subject.investigation, subject.grant


def _known(row: DeclarationRow | None, kind: str, id_: str) -> DeclarationRow:
    if row is None:
        raise Problem(404, f"there is no {kind} {id_[:50]} of this investigation")
    return row

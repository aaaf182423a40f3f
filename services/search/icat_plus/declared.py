"""What `shipment.events` declares, as rows that merge in any order. Pure."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from functools import reduce
from uuid import UUID

from pydantic import BaseModel

from services.search.icat_plus.model import DeclarationRow, Declared, ParcelStatusRow, PlaceRow, Stamp
from services.search.model import Noted
from services.search.order import said_of
from shared.events.identity import Identities
from shared.events.items import Item
from shared.events.shipments import (
    ItemDeclared,
    Parcel,
    ParcelDeclared,
    ParcelStatus,
    SheetDeclared,
    Shipment,
    ShipmentChanged,
    ShipmentDeclared,
    Shipping,
    StatusReported,
)
from shared.events.wire import Received

OWN = "urn:uuid:"
"""So begins beamcat's own id of an investigation."""


def note_shipped(
    identities: Identities, events: Sequence[Received[ShipmentChanged]], _known: object, _now: datetime
) -> Sequence[Noted]:
    """What was declared is known; nothing is refused that has the shape."""
    return [
        Noted(declared=declared_of(identities, event.event.shipping, said_of(event.source, event.receipt_id, value)))
        for event in events
        for value in (event.record.value or b"",)
    ]


def investigation_of(identities: Identities, said: str) -> UUID:
    """The investigation that an event names."""
    if said.startswith(OWN):
        try:
            return UUID(said.removeprefix(OWN))
        except ValueError:
            pass  # the user office's ids are what they are
    return identities.investigation(said)


def named(identities: Identities, investigation_id: UUID, facility_id: str | None) -> str:
    """How an event names an investigation: by the user office's id, where it is known by that."""
    if facility_id is not None and investigation_of(identities, facility_id) == investigation_id:
        return facility_id
    return f"{OWN}{investigation_id}"


def declared_of(identities: Identities, shipping: Shipping, said: UUID) -> Declared:
    """What one event declares."""
    where = investigation_of(identities, shipping.investigation_id)
    rows = _Rows(where, shipping.beamline.lower(), Stamp(shipping.at, said), shipping.said_by)
    match shipping:
        case ShipmentDeclared(shipment=shipment):
            rows.add("shipment", shipment_id(where, shipment), None, shipment)
        case ParcelDeclared(parcel=parcel):
            key = parcel_id(where, parcel)
            rows.add("parcel", key, parcel.shipment_id, parcel, told=parcel.content is not None)
            rows.add_items(key, parcel.content or ())
            if shipping.status is not None:
                rows.report(key, ParcelStatus(status=shipping.status))
        case ItemDeclared(item=item):
            rows.add_items(shipping.parent_id or shipping.parcel_id, [item])
        case StatusReported(status=status):
            rows.report(shipping.parcel_id, status)
        case SheetDeclared(sheet=sheet):
            rows.add("sheet", str(sheet.id), None, sheet)
        case _:
            rows.remove(shipping.subject, shipping.id)
    return Declared(tuple(rows.things), tuple(rows.places), tuple(rows.statuses))


def shipment_id(investigation_id: UUID, shipment: Shipment) -> str:
    """The id of a shipment, given or following from its name."""
    return shipment.id or Identities.thing(investigation_id, "shipment", shipment.name)


def parcel_id(investigation_id: UUID, parcel: Parcel) -> str:
    """The id of a parcel, given or following from its shipment and name."""
    return parcel.id or Identities.thing(investigation_id, "parcel", parcel.shipment_id or "", parcel.name)


def item_ids(investigation_id: UUID, parent: str, items: Sequence[Item]) -> Iterator[tuple[str, Item]]:
    """The ids of items that lie together: given, or following from where they lie and the names; several of one name
    are told apart by their order.
    """
    named: Counter[str] = Counter()
    for item in items:
        named[item.name] += 1
        yield item.id or Identities.thing(investigation_id, "item", parent, item.name, named[item.name]), item


class _Rows:
    """The rows of one event."""

    def __init__(self, investigation_id: UUID, beamline: str, stamp: Stamp, said_by: str | None) -> None:
        self._investigation_id = investigation_id
        self._beamline = beamline
        self._stamp = stamp
        self._said_by = said_by
        self.things: list[DeclarationRow] = []
        self.places: list[PlaceRow] = []
        self.statuses: list[ParcelStatusRow] = []

    def add(self, kind: str, key: str, parent: str | None, said: BaseModel, *, told: bool = False) -> None:
        body = said.model_dump_json(exclude={"id", "shipment_id", "content"}, exclude_none=True, exclude_defaults=True)
        self._add(kind, key, parent, body, removed=False, told=told)

    def add_items(self, parent: str, items: Sequence[Item]) -> None:
        for key, item in item_ids(self._investigation_id, parent, items):
            self.add("item", key, parent, item, told=item.content is not None)
            if item.sample_changer_location is not None:
                place = (self._beamline, item.sample_changer_location)
                self.places.append(PlaceRow(*place, self._investigation_id, key, self._stamp))
            self.add_items(key, item.content or ())

    def report(self, parcel: str, status: ParcelStatus) -> None:
        body = status.model_dump_json(exclude={"status", "location"}, exclude_none=True)
        self.statuses.append(
            ParcelStatusRow(
                self._stamp.said,
                self._investigation_id,
                parcel,
                status.status,
                status.location,
                body,
                self._said_by,
                self._stamp.at,
            )
        )

    def remove(self, kind: str, key: str) -> None:
        self._add(kind, key, None, "{}", removed=True, told=True)

    def _add(self, kind: str, key: str, parent: str | None, body: str, *, removed: bool, told: bool) -> None:
        stamp = self._stamp
        content = stamp if told else None
        self.things.append(
            DeclarationRow(self._investigation_id, kind, key, parent, body, removed, stamp, content, stamp)
        )


def merged_things(rows: Iterable[DeclarationRow]) -> list[DeclarationRow]:
    """One row a thing, in the order of their ids: replicas lock rows in one order."""
    known: dict[tuple[UUID, str, str], list[DeclarationRow]] = {}
    for row in rows:
        known.setdefault(row[:3], []).append(row)
    return [reduce(DeclarationRow.merged, known[key]) for key in sorted(known)]


def merged_places(rows: Iterable[PlaceRow]) -> list[PlaceRow]:
    """The last row of each place, in the order of places."""
    known: dict[tuple[str, int], PlaceRow] = {}
    for row in sorted(rows, key=lambda row: row.last):
        known[row[:2]] = row
    return [known[place] for place in sorted(known)]


def together(known: Declared, more: Declared) -> Declared:
    """What is known when more was said."""
    statuses = {row.said: row for row in (*known.statuses, *more.statuses)}
    return Declared(
        tuple(merged_things([*known.things, *more.things])),
        tuple(merged_places([*known.places, *more.places])),
        tuple(sorted(statuses.values(), key=lambda row: (row.at, row.said))),
    )

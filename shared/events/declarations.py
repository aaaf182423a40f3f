"""Declarations of things that travel to beamlines: the rows that follow from `shipment.events`, in any order. Pure."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple, Protocol, Self, TypeVar
from uuid import UUID

from pydantic import BaseModel

from shared.events.identity import Identities
from shared.events.items import Item
from shared.events.shipments import (
    ItemDeclared,
    Parcel,
    ParcelDeclared,
    ParcelStatus,
    SheetDeclared,
    Shipment,
    ShipmentDeclared,
    Shipping,
    StatusReported,
)

OWN = "urn:uuid:"
"""The prefix of beamcat's own ids of investigations."""


class Stamp(NamedTuple):
    """The time and the event of a statement. The later of two statements counts, in any order of arrival."""

    at: datetime
    said: UUID


class DeclarationRow(NamedTuple):
    """A shipment, parcel, item or sample sheet, as one event or all events so far declare it.

    `parent` is a parcel's shipment, or the parcel or item that contains an item. `body` is JSON, without the content.
    `content` is the time of the last complete list of the content: items declared only before that are no longer in it.
    """

    investigation_id: UUID
    kind: str
    id: str
    parent: str | None
    body: str
    removed: bool
    last: Stamp
    content: Stamp | None
    first: Stamp

    @property
    def key(self) -> tuple[UUID, str, str]:
        """The key of the thing that it describes."""
        return self.investigation_id, self.kind, self.id

    def merged(self, other: "DeclarationRow") -> "DeclarationRow":
        """Both rows merged. Merging is commutative, associative and idempotent."""
        last = max(self, other, key=lambda row: (row.last, row.body, row.parent or ""))
        content = max((row.content for row in (self, other) if row.content), default=None)
        return last._replace(content=content, first=min(self.first, other.first))


class PlaceRow(NamedTuple):
    """The item that was loaded last into a place of a beamline's sample changer, even if it is no longer there."""

    beamline: str
    location: int
    investigation_id: UUID
    item: str
    last: Stamp

    @property
    def key(self) -> tuple[str, int]:
        """The place."""
        return self.beamline, self.location

    def merged(self, other: "PlaceRow") -> "PlaceRow":
        """The later row. If one event loads two items into one place, the second one counts."""
        return max(other, self, key=lambda row: row.last)


class ParcelStatusRow(NamedTuple):
    """One report on a parcel. `body` is JSON with the details of the report."""

    said: UUID
    investigation_id: UUID
    parcel: str
    status: str
    location: str | None
    body: str
    said_by: str | None
    at: datetime

    @property
    def key(self) -> UUID:
        """The event, which reports one status."""
        return self.said

    def merged(self, other: "ParcelStatusRow") -> "ParcelStatusRow":
        """Either row: both are equal."""
        return other


class Declared(NamedTuple):
    """The rows that events declare."""

    things: tuple[DeclarationRow, ...] = ()
    places: tuple[PlaceRow, ...] = ()
    statuses: tuple[ParcelStatusRow, ...] = ()

    @property
    def facts(self) -> tuple[DeclarationRow | PlaceRow | ParcelStatusRow, ...]:
        """All rows, for the projections that store them."""
        return (*self.things, *self.places, *self.statuses)


def investigation_of(identities: Identities, said: str) -> UUID:
    """The investigation that an event names."""
    if said.startswith(OWN):
        try:
            return UUID(said.removeprefix(OWN))
        except ValueError:
            pass  # it is an id of the user office
    return identities.investigation(said)


def named(identities: Identities, investigation_id: UUID, facility_id: str | None) -> str:
    """The name of an investigation in an event: the user office's id, if it has one."""
    if facility_id is not None and investigation_of(identities, facility_id) == investigation_id:
        return facility_id
    return f"{OWN}{investigation_id}"


def declared_of(identities: Identities, shipping: Shipping, said: UUID) -> Declared:
    """The rows that one event declares."""
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
    """The id of a shipment, given or derived from its name."""
    return shipment.id or Identities.thing(investigation_id, "shipment", shipment.name)


def parcel_id(investigation_id: UUID, parcel: Parcel) -> str:
    """The id of a parcel, given or derived from its shipment and name."""
    return parcel.id or Identities.thing(investigation_id, "parcel", parcel.shipment_id or "", parcel.name)


def item_ids(investigation_id: UUID, parent: str, items: Sequence[Item]) -> Iterator[tuple[str, Item]]:
    """The ids of items in the same parent: given, or derived from the parent, the name and the order of equal names."""
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


def together(known: Declared, more: Declared) -> Declared:
    """The rows of both, merged."""
    statuses = _merged((*known.statuses, *more.statuses))
    return Declared(
        _merged((*known.things, *more.things)),
        _merged((*known.places, *more.places)),
        tuple(sorted(statuses, key=lambda row: (row.at, row.said))),
    )


class _Row(Protocol):
    """A row that can be merged with others about the same thing."""

    @property
    def key(self) -> Any:  # noqa: ANN401  it can be sorted
        """The key of the thing that it describes."""

    def merged(self, other: Self) -> Self:
        """Both rows merged."""


R = TypeVar("R", bound=_Row)


def _merged(rows: Iterable[R]) -> tuple[R, ...]:
    """One row for each key, in the order of the keys."""
    known: dict[Any, R] = {}
    for row in rows:
        known[row.key] = known[row.key].merged(row) if row.key in known else row
    return tuple(known[key] for key in sorted(known))

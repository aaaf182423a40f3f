"""The shipments of one investigation with their contents, merged from all declarations. Pure.

The last six decimal digits of an item's id are unique within the investigation and not zero, because MXCuBE identifies
a sample by these digits.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from typing import Any
from uuid import UUID

from shared.events.declarations import DeclarationRow, Declared, ParcelStatusRow, Stamp

DIGITS = 1_000_000
"""The number of six-digit numbers, including zero."""
LOCATION, POSITION = "sample_changer_location", "sample_container_position"


@dataclass(frozen=True)
class ShipmentTree:
    """Everything that was declared for one investigation, including withdrawn things."""

    investigation_id: UUID
    declared: Declared

    @cached_property
    def things(self) -> Mapping[tuple[str, str], DeclarationRow]:
        """The things by kind and key."""
        return {
            (row.kind, row.id): row for row in self.declared.things if row.investigation_id == self.investigation_id
        }

    def of_kind(self, kind: str) -> Sequence[DeclarationRow]:
        """All things of a kind, in the order of their first declaration."""
        rows = [row for row in self.things.values() if row.kind == kind]
        return sorted(rows, key=lambda row: (row.first, row.id))

    @cached_property
    def ids(self) -> Mapping[str, str]:
        """The ids under which items are shown, by their keys."""
        return shown_ids(row.id for row in self.of_kind("item"))

    @cached_property
    def keys(self) -> Mapping[str, str]:
        """The keys of items, by the ids under which they are shown."""
        return {shown: key for key, shown in self.ids.items()}

    def key(self, shown: str) -> str:
        """The key of the item that is shown under an id. An id without such an item is itself a key."""
        return self.keys.get(shown, shown)

    @cached_property
    def shipments(self) -> Mapping[str, DeclarationRow]:
        """The shipments that are not withdrawn."""
        return {row.id: row for row in self.of_kind("shipment") if not row.removed}

    @cached_property
    def parcels(self) -> Mapping[str, DeclarationRow]:
        """The parcels that are not withdrawn, with or without a shipment."""
        rows = self.of_kind("parcel")
        return {row.id: row for row in rows if _is_there(row, self.things.get(("shipment", row.parent or "")))}

    def content(self, holder: DeclarationRow) -> Sequence["PlacedItem"]:
        """The items in a parcel or in an item, sorted by location, position and name."""
        rows = [row for row in self._by_parent.get(holder.id, ()) if _is_there(row, holder)]
        taken: set[object] = set()
        placed = []
        for row in sorted(rows, key=lambda row: (row.last, row.id), reverse=True):
            body = dict(json.loads(row.body))
            if (row.id, body.get(LOCATION)) not in self._loaded:
                body.pop(LOCATION, None)
            if (position := body.get(POSITION)) is not None and position_of(position) in taken:
                del body[POSITION]  # the item that was declared last keeps the position
            taken.add(position_of(position))
            placed.append(PlacedItem(row, body))
        return sorted(placed, key=PlacedItem.order)

    def parcel_of(self, key: str) -> DeclarationRow | None:
        """The parcel that contains an item, at any depth, or None if no present parcel does."""
        seen: set[str] = set()
        while key not in seen:
            seen.add(key)
            row = self.things.get(("item", key))
            if row is None or row.parent is None:
                return None
            holder = self.parcels.get(row.parent) or self.things.get(("item", row.parent))
            if holder is None or not _is_there(row, holder):
                return None
            if holder.kind == "parcel":
                return holder
            key = holder.id
        return None

    def reports(self, parcel: DeclarationRow) -> Sequence[ParcelStatusRow]:
        """The reports on a parcel, in the order of time."""
        return self._reports.get(parcel.id, ())

    @cached_property
    def _by_parent(self) -> Mapping[str, list[DeclarationRow]]:
        placed: defaultdict[str, list[DeclarationRow]] = defaultdict(list)
        for row in self.of_kind("item"):
            placed[row.parent or ""].append(row)
        return placed

    @cached_property
    def _loaded(self) -> frozenset[tuple[str, int]]:
        places = self.declared.places
        return frozenset((row.item, row.location) for row in places if row.investigation_id == self.investigation_id)

    @cached_property
    def _reports(self) -> Mapping[str, list[ParcelStatusRow]]:
        reports: defaultdict[str, list[ParcelStatusRow]] = defaultdict(list)
        for row in self.declared.statuses:
            if row.investigation_id == self.investigation_id:
                reports[row.parcel].append(row)
        return reports

    @property
    def latest(self) -> Stamp | None:
        """The stamp of the latest declaration. The next one must be later."""
        stamps = [row.last for row in self.declared.things]
        stamps += [row.last for row in self.declared.places]
        stamps += [Stamp(row.at, row.said) for row in self.declared.statuses]
        return max(stamps, default=None)


@dataclass(frozen=True)
class PlacedItem:
    """An item at its place. Its body has no location or position that another item has taken."""

    row: DeclarationRow
    body: Mapping[str, Any]

    def order(self) -> tuple[Any, ...]:
        """The sort key of lists."""
        place, position = self.body.get(LOCATION), position_of(self.body.get(POSITION))
        numbered = position if isinstance(position, int) else DIGITS
        return place or DIGITS, numbered, str(position), self.body["name"], self.row.id


def position_of(position: str | None) -> int | str | None:
    """A position in comparable form: `01` is 1."""
    return int(position) if position and position.isascii() and position.isdigit() else position


def shown_ids(keys: Iterable[str]) -> dict[str, str]:
    """Unique ids for keys. Earlier keys choose first: the key itself if its digits are free, or else an id derived from
    it.
    """
    shown: dict[str, str] = {}
    taken = {0}
    for key in keys:
        candidate, attempt = key, 0
        while int(candidate, 16) % DIGITS in taken and len(taken) < DIGITS:
            attempt += 1
            candidate = blake2b(f"{key}:{attempt}".encode(), digest_size=12).hexdigest()
        taken.add(int(candidate, 16) % DIGITS)
        shown[key] = candidate
    return shown


def _is_there(row: DeclarationRow, holder: DeclarationRow | None) -> bool:
    """Whether a thing is in its parent: it was not withdrawn, and the last complete list of the content contains it."""
    return not row.removed and (holder is None or holder.content is None or row.last >= holder.content)

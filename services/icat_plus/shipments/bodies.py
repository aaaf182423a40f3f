"""The bodies of declarations. All faults of a body are reported at once. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel, JsonValue, ValidationError
from pydantic.alias_generators import to_camel, to_snake

from services.icat_plus.shipments.tree import ShipmentTree
from shared.events.declarations import DeclarationRow
from shared.events.items import Item, position_faults, tree_faults
from shared.events.shipments import Parcel, ParcelStatus, Shipment
from shared.foundation.errors import Fault
from shared.foundation.problem import invalid

M = TypeVar("M", bound=BaseModel)
Body = dict[str, JsonValue]

MOST_THINGS = 20_000
"""The most things that can be declared for one investigation, including withdrawn ones."""
ANSWERED = frozenset({
    "investigation_id", "investigation_name", "investigation", "parcels", "statuses", "current_status", "meta",
    "created_at", "updated_at", "local_contact_names", "local_contact_fullnames",
})  # fmt: skip
"""Fields of an answer that are ignored when a client sends them back."""
NEEDED = {"name": "unnamed", "type": "untyped", "return_type": "untyped"}
"""Substitutes for missing fields, so that the rest of the body can be read."""


class BodyReader:
    """Reads one body, and collects its faults."""

    def __init__(self, tree: ShipmentTree) -> None:
        self._tree = tree
        self._faults: dict[tuple[str, str], None] = {}

    def shipment(self, body: Body) -> Shipment:
        """A shipment. It raises the same errors as `_done`."""
        return self._done(self._read(body, Shipment))

    def parcel(self, body: Body, shipment: str | None) -> tuple[Parcel, str | None]:
        """A parcel and its status. It raises the same errors as `_done`."""
        fields = _snaked(body)
        items = fields.pop("items", None)
        if fields.get("content") is None:
            fields["content"] = items
        elif items and items != fields["content"]:
            self.fault("items", "differs from content: give only one of them")
        if fields.setdefault("shipment_id", shipment) != shipment and shipment is not None:
            self.fault("shipment_id", f"differs from the {shipment} of the URL: correct one of them")
        status = fields.pop("status", None)
        if status is not None and (not isinstance(status, str) or not 0 < len(status) <= 255):  # noqa: PLR2004  # a name
            self.fault("status", "is not a word: give one, such as SENT")
        parcel = self._read(fields, Parcel)
        if parcel is not None:
            self._check_tree(parcel.content or (), top=True)
            parcel = parcel.model_copy(update={"content": self._keyed(parcel.content)})
        return self._done(parcel), status if isinstance(status, str) else None

    def item(self, body: Body, key: str | None, holder: DeclarationRow) -> Item:
        """An item in a parcel or in another item. It raises the same errors as `_done`."""
        item = self._read(body, Item)
        if item is not None:
            own = item.id and self._tree.key(item.id)
            if key and own not in (None, key):
                self.fault("id", f"differs from the {self._tree.ids[key]} of the URL: correct one of them")
            self._check_tree([item], top=holder.kind == "parcel", lone=True)
            if holder.kind == "item":
                self._check_position(item, key, holder)
            item = item.model_copy(update={"id": key or own, "content": self._keyed(item.content)})
        return self._done(item)

    def status(self, body: Body) -> ParcelStatus:
        """A report on a parcel. It raises the same errors as `_done`."""
        return self._done(self._read(body, ParcelStatus))

    def fault(self, field: str, message: str) -> None:
        """Add a fault of a field. Its name is in ICAT+'s letter case."""
        where = ".".join(part if part.isdigit() else to_camel(part) for part in field.split("."))
        self._faults[where, message] = None

    def _done(self, read: M | None) -> M:
        """The body that was read.

        Raises:
            Problem: 422, with every fault of the body.
        """
        if read is None or self._faults:
            raise invalid([Fault(field=field, message=message) for field, message in list(self._faults)[:100]])
        return read

    def _read(self, body: Body, model: type[M]) -> M | None:
        fields = _snaked(body)
        for field in _unknown(fields, model):
            self.fault(field, "is not a field here: correct the name, or leave it out")
        try:
            return model.model_validate(fields)
        except ValidationError as error:
            for path, message in _refused(error):
                self.fault(".".join(map(str, path)), message)
                _mend(fields, path)
        try:
            return model.model_validate(fields)
        except ValidationError:
            return None

    def _check_tree(self, items: Sequence[Item], *, top: bool, lone: bool = False) -> None:
        for field, message in tree_faults(items, top=top):
            self.fault(field.removeprefix("content.0.") if lone else field, message)
        if len(self._tree.declared.things) + _count(items) > MOST_THINGS:
            self.fault("content", f"more than {MOST_THINGS} things would be declared for the investigation")

    def _check_position(self, item: Item, key: str | None, holder: DeclarationRow) -> None:
        others = [Item.model_validate(one.body) for one in self._tree.content(holder) if one.row.id != key]
        container = Item.model_validate_json(holder.body)
        for field, message in position_faults("content", container, [*others, item]):
            if field.startswith(f"content.{len(others)}."):
                self.fault("sample_container_position", message)

    def _keyed(self, items: Sequence[Item] | None) -> list[Item] | None:
        """The same items with their keys instead of the ids under which they are shown."""
        if items is None:
            return None
        return [
            item.model_copy(update={"id": item.id and self._tree.key(item.id), "content": self._keyed(item.content)})
            for item in items
        ]


def _snaked(body: Mapping[str, Any]) -> dict[str, Any]:
    """The fields in beamcat's letter case, without those that MongoDB or an answer adds."""
    fields: dict[str, Any] = {}
    for name, value in body.items():
        if name.startswith("__"):
            continue
        field = "id" if name == "_id" else to_snake(name)
        inner = (
            [_snaked(one) if isinstance(one, Mapping) else one for one in value] if isinstance(value, list) else value
        )
        inner = _snaked(inner) if isinstance(inner, Mapping) else inner
        if field not in ANSWERED and (inner is not None or field not in fields):
            fields[field] = inner
    return fields


def _unknown(fields: Mapping[str, Any], model: type[BaseModel], prefix: str = "") -> Iterable[str]:
    """The unknown fields."""
    for name, value in fields.items():
        if name not in model.model_fields:
            yield f"{prefix}{name}"
        elif name == "content" and isinstance(value, list):
            for at, inner in enumerate(value):
                if isinstance(inner, Mapping):
                    yield from _unknown(inner, Item, f"{prefix}content.{at}.")


def _refused(error: ValidationError) -> Iterable[tuple[tuple[int | str, ...], str]]:
    """Each unreadable field and the reason. A value that may have several types is listed once."""
    for fault in error.errors(include_url=False, include_input=False):
        path, message = fault["loc"], fault["msg"]
        if "value" in path:
            path, message = path[: path.index("value") + 1], "give a text, a number, true or false"
        yield path, message[:1].lower() + message[1:]


def _mend(body: object, path: Sequence[int | str]) -> None:
    """Remove the unreadable fields from a body, so that the rest can be read."""
    for at, step in enumerate(path):
        if isinstance(body, dict) and isinstance(step, str):
            if step.endswith("_plan") or at == len(path) - 1 or not isinstance(body.get(step), (dict, list)):
                body.pop(step, None)
                if step in NEEDED:
                    body[step] = NEEDED[step]
                return
            body = body[step]
        elif isinstance(body, list) and isinstance(step, int) and step < len(body):
            if at == len(path) - 1:
                body[step] = dict(NEEDED)
                return
            body = body[step]


def _count(items: Iterable[Item]) -> int:
    return sum(1 + _count(item.content or ()) for item in items)

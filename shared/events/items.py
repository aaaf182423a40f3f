"""Items of parcels in the form of ICAT+: containers and samples, nested in a tree, and the rules of such a tree."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated

from pydantic import BeforeValidator, Field, FiniteFloat, StrictBool, StrictInt, StrictStr

from shared.events.sections import Name, Section
from shared.foundation.errors import Fault

SAMPLE_NAME = re.compile("[a-zA-Z0-9:+_-]+")
"""MXCuBE's rule for names. If one name breaks it, MXCuBE cannot read the whole list."""
MOST_ITEMS = 2_000
MOST_DEPTH = 4
"""The deepest nesting of items: a cane, a puck, a pin and the sample on it."""
MOST_PLACES = 1_000
"""The most places of a sample changer."""
CAPACITIES: Mapping[str, int] = {"SPINEPUCK": 10, "UNIPUCK": 16}
"""The number of positions of a container, by type, with or without the prefix `CONTAINER_`."""

THING_ID = re.compile("[0-9a-f]{24}")
ThingId = Annotated[str, Field(pattern=f"^{THING_ID.pattern}$", description="24 hexadecimal digits, as of ICAT+")]
Line = Annotated[str, Field(max_length=1_000)]
Text = Annotated[str, Field(max_length=10_000)]
PlanText = Annotated[StrictStr, Field(max_length=10_000)]


def _filled_in(entries: object) -> object:
    """The plan without the empty fields of its form."""
    if not isinstance(entries, list):
        return entries
    return [entry for entry in entries if not (isinstance(entry, Mapping) and entry.get("value") is None)]


def _as_text(position: object) -> object:
    """The position as text: forms and sheets send it as a number."""
    if isinstance(position, float) and position.is_integer():
        position = int(position)
    return str(position) if type(position) is int else position


Position = Annotated[str, BeforeValidator(_as_text), Field(min_length=1, max_length=255)]


class PlanEntry(Section):
    """One field of an experiment plan or a processing plan."""

    key: Name
    value: StrictBool | StrictInt | FiniteFloat | PlanText


Plan = Annotated[
    list[PlanEntry],
    BeforeValidator(_filled_in),
    Field(max_length=200, description="entries without a value are left out"),
]


class Item(Section):
    """A container, a sample or anything else in a parcel; a sample's name is one that MXCuBE can show."""

    id: ThingId | None = Field(
        default=None, description="without it, the id follows from where the item is and its name"
    )
    name: Name
    type: Name
    description: Text | None = None
    comments: Text | None = None
    sample_id: int | None = Field(default=None, ge=0, lt=2**53, description="of the sample sheet")
    sample_changer_location: int | None = Field(
        default=None, ge=1, le=MOST_PLACES, description="the container is loaded there; whatever was is unloaded"
    )
    sample_container_position: Position | None = None
    experiment_plan: Plan = Field(default=[])
    processing_plan: Plan = Field(default=[])
    content: list["Item"] | None = Field(default=None, max_length=MOST_ITEMS, description="absent: as it was")

    @property
    def capacity(self) -> int | None:
        """The number of its numbered positions, if its type has any."""
        return CAPACITIES.get(self.type.upper().removeprefix("CONTAINER_"))


TOP = 1
"""The depth of items that are in the parcel itself."""


def tree_faults(items: Sequence[Item], *, top: bool, field: str = "content") -> Sequence[Fault]:
    """All faults of a tree of items. `top`: the items are in the parcel itself, where containers are."""
    every = list(_walk(items, field, TOP if top else TOP + 1))
    faults = [fault for where, item, depth in every for fault in _item_faults(where, item, depth)]
    faults += _load_faults(field, items)
    if len(every) > MOST_ITEMS:
        message = f"holds {len(every)} items, the limit is {MOST_ITEMS}: make several parcels"
        faults.insert(0, Fault(field, message))
    ids = Counter(item.id for _, item, _ in every)
    return faults + [
        Fault(f"{where}.id", f"{item.id} occurs twice: leave it out")
        for where, item, _ in every
        if item.id and ids[item.id] > 1
    ]


def position_faults(field: str, container: Item, content: Sequence[Item]) -> Iterator[Fault]:
    """Faults of positions in a container: it does not have the position, or two samples share it."""
    taken: dict[object, str] = {}
    for at, item in enumerate(content):
        said = item.sample_container_position
        if said is None:
            continue
        where = f"{field}.{at}.sample_container_position"
        place: object = int(said) if said.isascii() and said.isdigit() else said
        if container.capacity and not (isinstance(place, int) and 1 <= place <= container.capacity):
            cure = f"give one of 1 to {container.capacity}"
            yield Fault(where, f"{said!r} is not a position of a {container.type}: {cure}")
        elif place in taken:
            yield Fault(where, f"{said} already holds {taken[place]}: give another")
        taken.setdefault(place, item.name)


def _load_faults(field: str, items: Sequence[Item]) -> Iterator[Fault]:
    """Faults of containers that are loaded to the same place."""
    loaded: dict[int, str] = {}
    for at, item in enumerate(items):
        place = item.sample_changer_location
        if place in loaded:
            yield Fault(f"{field}.{at}.sample_changer_location", f"{place} already holds {loaded[place]}: give another")
        elif place is not None:
            loaded[place] = item.name


def shown_name(name: str) -> str:
    """The name with only the characters that MXCuBE can show."""
    return re.sub("[^a-zA-Z0-9:+_-]", "_", name) or "_"


def _walk(items: Sequence[Item], field: str, depth: int) -> Iterator[tuple[str, Item, int]]:
    for at, item in enumerate(items):
        where = f"{field}.{at}"
        yield where, item, depth
        yield from _walk(item.content or (), f"{where}.content", depth + 1)


def _item_faults(where: str, item: Item, depth: int) -> Iterator[Fault]:
    if (depth > TOP or "SAMPLE" in item.type.upper()) and not SAMPLE_NAME.fullmatch(item.name):
        cure = f"MXCuBE accepts only letters, digits and : + _ -, as in {shown_name(item.name)}"
        yield Fault(f"{where}.name", f"{item.name!r} cannot be the name of a sample: {cure}")
    if depth > TOP and item.sample_changer_location is not None:
        yield Fault(
            f"{where}.sample_changer_location", "only an item of the parcel itself can be loaded: load the container"
        )
    if depth > MOST_DEPTH:
        yield Fault(where, f"is nested {depth} levels deep, the limit is {MOST_DEPTH}")
    yield from position_faults(f"{where}.content", item, item.content or ())

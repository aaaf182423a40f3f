"""The CPU of reading an event: with the header `members` and pydantic, as stages do, and with msgspec, a typed decoder.

    VIRTUAL_ENV=.venv .venv/bin/uv pip install -e ".[bench]"
    python -m benchmarks.decoding

Submissions of four sizes flow through all stages in memory. Then the same records are read in four ways, in turn:

- `members`: as now, by the header and pydantic;
- `structs`: msgspec reads the whole payload into structs of the fields that the stage names, and skips the rest;
- `both`: msgspec reads into the same structs, but only what the header leaves;
- `sections`: msgspec finds the sections that the stage names, and pydantic reads them.

The structs check types and lengths as the models do, but run none of the models' own validators, so they do less than
they would have to. A hop is everything that a stage does with an event, with its store in memory. The last table shows
what three of the ways say of malformed events that come without the header.
"""

import argparse
import asyncio
import random
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from types import NoneType, UnionType
from typing import Annotated, Any, TypeAlias, Union, get_args, get_origin

import msgspec
from pydantic import AwareDatetime, BaseModel, JsonValue
from pydantic.fields import FieldInfo

from services.catalog_writer.documents import CatalogView
from services.linker.inputs.submissions import LinkerView
from services.linker.plan.commits import CommittedView as LearnedView
from services.sample_tracking.samples import TrackingView
from services.search.handler import CommittedView as FoundView
from shared.events import members, wire
from shared.events.codes import Poison
from shared.events.dataset import DatasetSubmitted
from shared.events.record import Record
from shared.events.topics import COMMITTED, LINKED, SUBMITTED, TRACKED, VALIDATED, Topic
from shared.events.wire import member, read
from shared.host.process import spare_garbage
from tests.builders.described import VOCABULARY
from tests.builders.pipeline import World
from tests.builders.submissions import raw_submission, submitted

Read: TypeAlias = Callable[[Record], object]
SIZES = {"0.7 kB": (8, 0, 0), "2.5 kB": (60, 0, 0), "6.4 kB": (60, 60, 35), "150 kB": (60, 150, 1000)}
"""Parameters of a data collection that a submission keeps, and how many texts of how many characters it has besides."""
RECORDS, ROUNDS = 200, 15
STAGES: list[tuple[str, Topic, type[BaseModel], str]] = [
    ("validator", SUBMITTED, DatasetSubmitted, ""),
    ("linker", VALIDATED, LinkerView, ""),
    ("sample_tracking", LINKED, TrackingView, ""),
    ("catalog_writer", TRACKED, CatalogView, "parameters"),
    ("linker-commits", COMMITTED, LearnedView, ""),
    ("search", COMMITTED, FoundView, ""),
]
"""Each stage with its topic, its view, and the member that it takes as bytes."""


# ---- the structs of a view ----
def struct_of(model: type[BaseModel], raw: str = "") -> Any:
    """A struct with the fields of a model. `raw` names one more field that stays bytes (dotted if in a section)."""
    first, _, rest = raw.partition(".")
    fields: list[Any] = []
    for name, field in model.model_fields.items():
        inner = rest if name == first else ""
        kind = typed(field.annotation, inner)
        bounds = {each: value for rule in field.metadata for each, value in bounds_of(rule)}
        kind = Annotated[kind, msgspec.Meta(**bounds)] if bounds and NoneType not in get_args(kind) else kind
        fields.append((name, kind) if field.is_required() else (name, kind, default_of(field)))
    if first and not rest:
        fields.append((first, msgspec.Raw, msgspec.Raw()))
    renamed = {name: field.alias for name, field in model.model_fields.items() if field.alias}
    return msgspec.defstruct(model.__name__, fields, kw_only=True, rename=renamed, frozen=True)


def bounds_of(rule: object) -> list[tuple[str, Any]]:
    """The bounds of a pydantic rule that msgspec can check too."""
    names = ("min_length", "max_length", "ge", "gt", "le", "lt")
    return [(name, getattr(rule, name)) for name in names if getattr(rule, name, None) is not None]


def default_of(field: FieldInfo) -> Any:
    """The default of a field."""
    factory: Any = field.default_factory
    return msgspec.field(default_factory=factory) if factory else field.default


def typed(kind: Any, raw: str = "") -> Any:
    """The type for msgspec that corresponds to a pydantic annotation."""
    origin, of = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return typed(of[0], raw)
    if origin in (Union, UnionType):
        return Union[tuple(typed(each, raw) for each in of)]  # noqa: UP007  # made when run
    if origin in (list, dict, tuple):
        return origin[tuple(typed(each) for each in of)]
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return struct_of(kind, raw)
    return {AwareDatetime: Annotated[datetime, msgspec.Meta(tz=True)], JsonValue: Any}.get(kind, kind)


# ---- the ways to read ----
def as_now(topic: Topic, view: type[BaseModel], raw: str) -> Read:
    """Cut by the header, read by pydantic; the raw member is cut out too."""

    def by_header(record: Record) -> object:
        received = read(record, topic, view)
        return received, member(record, raw) if raw else None

    return by_header


def by_structs(_topic: Topic, view: type[BaseModel], raw: str) -> Read:
    """Msgspec reads the whole payload and skips what the struct does not name."""
    decode = msgspec.json.Decoder(struct_of(view, raw)).decode

    def decoded(record: Record) -> object:
        return decode(checked(record.value or b""))

    return decoded


def by_both(_topic: Topic, view: type[BaseModel], raw: str) -> Read:
    """Cut by the header, read by msgspec."""
    decode = msgspec.json.Decoder(struct_of(view)).decode

    def decoded(record: Record) -> object:
        needed = members.without(record.value or b"", members.members_of(record.headers), view)
        return decode(checked(needed)), member(record, raw) if raw else None

    return decoded


def by_sections(_topic: Topic, view: type[BaseModel], raw: str) -> Read:
    """Msgspec finds the outermost members, pydantic reads those that the view names."""
    names = [*view.model_fields, *([raw] if raw and "." not in raw else [])]
    sections = msgspec.defstruct("Sections", [(name, msgspec.Raw, msgspec.Raw(b"null")) for name in names])
    decode, encode, validate = msgspec.json.Decoder(sections).decode, msgspec.json.encode, view.model_validate_json

    def decoded(record: Record) -> object:
        return validate(encode(decode(checked(record.value or b""))))

    return decoded


def checked(value: bytes) -> bytes:
    """Refuse what msgspec accepts and a stage must not: NUL, and bytes that are not UTF-8."""
    if not value.isascii():
        value.decode()
    if b"\\u0000" in value:
        wire._refuse_unstorable(value)  # noqa: SLF001  # the same look, at the same price
    return value


WAYS: dict[str, Callable[[Topic, type[BaseModel], str], Read]] = {
    "members": as_now,
    "structs": by_structs,
    "both": by_both,
    "sections": by_sections,
}


# ---- the events ----
def submission(size: str, number: int, chance: random.Random) -> dict[str, Any]:
    """A data collection of about this size."""
    made = raw_submission(number, chance)
    count, texts, length = SIZES[size]
    kept = ["beamlineID", *made["parameters"]][:count]
    long = [name for name, term in VOCABULARY.terms.items() if term.type == "text" and not term.names][:texts]
    text = ("of many words " * length)[:length]
    return made | {"parameters": dict.fromkeys(long, text) | {name: made["parameters"][name] for name in kept}}


async def flow(size: str) -> tuple[World, dict[str, float]]:
    """Run the submissions through all stages; the CPU of each hop in microseconds per event."""
    chance, world = random.Random(1), World()
    await world.broker.publish([submitted(submission(size, at, chance), f"r{at}") for at in range(RECORDS)])
    taken: dict[str, float] = {}
    moved = True
    while moved:
        moved = False
        for runner in world.runners:
            if records := world._unread(runner):  # noqa: SLF001  # one hop at a time
                begin = time.process_time_ns()
                await runner.run(records)
                hop = (time.process_time_ns() - begin) / len(records) / 1000
                taken[runner.stage.name] = taken.get(runner.stage.name, hop)
                moved = True
        for relay in world.relays:
            moved = bool(await relay.drain_once()) or moved
    return world, taken


def microseconds(records: Sequence[Record], ways: dict[str, Read]) -> dict[str, float]:
    """The CPU of reading one event in each way. The ways alternate, and the best round counts."""
    best = dict.fromkeys(ways, float("inf"))
    for _ in range(ROUNDS):
        for name, way in ways.items():
            members._parsed.cache_clear()  # noqa: SLF001  # no two events of a beamline have one header
            begin = time.process_time_ns()
            for record in records:
                way(record)
            best[name] = min(best[name], (time.process_time_ns() - begin) / len(records) / 1000)
    return best


def headers_alone(topic: Topic) -> Read:
    """The part of `read` that does not touch the payload and is the same in every way."""

    class Nothing(BaseModel):
        """A view without fields."""

    return lambda record: read(record, topic, Nothing)


# ---- what is refused ----
def malformed(value: bytes) -> dict[str, bytes]:
    """A linked event, with one fault in each copy."""
    named, unread = b'"dataset":{', b'{"submission":{'
    nested = b'"deep":' + b"[" * 100_000 + b"]" * 100_000 + b","

    def put(at: bytes, what: bytes) -> bytes:
        assert at in value
        return value.replace(at, at + what, 1)

    return {
        "as it was": value,
        "a key twice in a section, the first one wrong": put(named, b'"mode":"never",'),
        "a section twice, the first one wrong": value.replace(b'"links":', b'"links":7,"links":', 1),
        "an unknown member": put(named, b'"newer":{"x":[1]},'),
        "NUL in a named section": put(named, b'"note":"\\u0000",'),
        "NUL in a section that is not read": put(unread, b'"note":"\\u0000",'),
        "NaN in a named section": put(named, b'"note":NaN,'),
        "NaN in a section that is not read": put(unread, b'"note":NaN,'),
        "not UTF-8 in a named section, in an unknown member": put(named, b'"note":"\xff",'),
        "not UTF-8 in a section that is not read": put(unread, b'"note":"\xff",'),
        "half a surrogate in an unknown member": put(named, b'"note":"\\ud800",'),
        "100,000 brackets in a named section": put(named, nested),
        "100,000 brackets in a section that is not read": put(unread, nested),
        "something after the end": value + b"x",
    }


def outcome(way: Read, record: Record, value: bytes) -> str:
    """The outcome of reading a payload that comes without the header `members`."""
    headers = tuple(header for header in record.headers if header[0] != members.HEADER)
    try:
        way(Record(record.topic, 0, 0, 0, record.key, value, headers))
    except Poison as poison:
        return str(poison.refusal.code.value)
    except RecursionError:
        return "RecursionError"
    except ValueError as error:
        return type(error).__name__
    return "taken"


def refusals(record: Record) -> None:
    """Print the outcome of each fault for each way."""
    ways = {name: WAYS[name](LINKED, TrackingView, "") for name in ("members", "structs", "sections")}
    print(f"{'':52}" + "".join(f"{name:20}" for name in ways))
    for title, value in malformed(record.value or b"").items():
        print(f"{title:52}" + "".join(f"{outcome(way, record, value):20}" for way in ways.values()))


async def measure(size: str) -> World:
    """Print a line for each stage, with all costs as multiples of `members`."""
    world, hops = await flow(size)
    print(f"{size:47} {'hop':>8}" + "".join(f"{way:>10}" for way in WAYS) + f"{'hop with the last three':>30}")
    for name, topic, view, raw in STAGES:
        records = world.broker.records(topic.name, 0)[:RECORDS]
        mean = sum(len(record.value or b"") for record in records) // len(records)
        ways: dict[str, Read] = {"headers": headers_alone(topic)}
        ways |= {title: way(topic, view, raw) for title, way in WAYS.items()}
        took = microseconds(records, ways)
        now = took.pop("members")
        others = {way: took[way] + took["headers"] for way in took if way != "headers"}
        print(f"{name:34} {mean:7,} bytes {hops[name]:6.0f} µs {now:6.1f} µs", end="")
        print("".join(f"{each / now:10.2f}" for each in others.values()), end="")
        print("".join(f"{(hops[name] - now + each) / hops[name]:10.2f}" for each in others.values()), flush=True)
    return world


async def main() -> None:
    """Measure all sizes, then print the refusals."""
    spare_garbage()  # as the services do
    worlds = [await measure(size) for size in SIZES]
    refusals(worlds[0].broker.records(LINKED.name, 0)[0])


if __name__ == "__main__":
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    asyncio.run(main())

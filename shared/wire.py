"""Between Kafka records and events: reading what may be poison, and adding a section without touching the rest."""

import contextlib
import json
import operator
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from typing import Generic, NoReturn, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import from_json, to_json

from shared import members
from shared.events import Section
from shared.members import Member
from shared.rejections import Code, Poison
from shared.topics import SUBMITTED, Topic

E = TypeVar("E", bound=BaseModel)

MOST_HEADER_CHARACTERS = 255
MOST_KEPT_HEADER_BYTES = 1024
"""Of a header that goes on from stage to stage, for which Kafka's limits leave room beside the event."""

UNDECODED = "\N{REPLACEMENT CHARACTER}"
"""Stands in the name of a header for bytes that are not UTF-8 (`shared.kafka_records`)."""

INFLATES = f"{UNDECODED}inflates"
"""Stands in for the headers of a record whose batch was not decompressed (`shared.kafka_records`), and says why."""

PRODUCER = "ce_producer"
"""An extension attribute of ours; `ce_source` names the last who sent."""

OURS = b"/beamcat/"
"""How the source of what beamcat itself says begins."""

Headers = tuple[tuple[str, bytes], ...]


@dataclass(frozen=True, slots=True)
class Record:
    """A Kafka record as it was read."""

    topic: str
    partition: int
    offset: int
    timestamp_ms: int
    key: bytes | None
    value: bytes | None
    headers: Headers


@dataclass(frozen=True, slots=True)
class Message:
    """A Kafka record to be written."""

    topic: str
    key: bytes | None
    value: bytes
    headers: Headers

    @property
    def size(self) -> int:
        """Bytes of key, value and headers."""
        return len(self.key or b"") + len(self.value) + sum(len(name) + len(value) for name, value in self.headers)


@dataclass(frozen=True, slots=True)
class Received(Generic[E]):
    """An event, with what its headers say and the record it came in."""

    event: E
    record: Record
    receipt_id: str
    source: str
    time: str | None


def read(record: Record, topic: Topic, view: type[E]) -> Received[E]:
    """The event in a record, as `view`: the topic's event class or a projection of it that names fewer sections.

    Raises:
        Poison: the record is no such event; the reason says why.
    """
    headers = _headers(record)
    if headers["ce_type"] != topic.type:
        raise Poison(
            Code.UNKNOWN_VERSION, f"{topic.name} carries {topic.type}, this event says it is {headers['ce_type']}"
        )
    value = record.value
    if value is None:
        raise Poison(Code.NULL_VALUE, "the record has no value")
    if len(value) > topic.max_bytes:
        raise Poison(Code.TOO_LARGE, f"the event has {len(value)} bytes, {topic.name} takes {topic.max_bytes}")
    event = _parsed(record, topic, view, value)
    return Received(event, record, headers["ce_id"], headers["ce_source"], headers.get("ce_time"))


def _parsed(record: Record, topic: Topic, view: type[E], value: bytes) -> E:
    """What the view needs of the payload. A producer's own bytes are read in full, unless nothing of them is needed."""
    if not view.model_fields:
        return view()
    if topic is not SUBMITTED:
        needed = members.without(value, members.members_of(record.headers), view)
        if needed is not value:
            with contextlib.suppress(ValidationError):
                return view.model_validate_json(needed)
    try:
        event = view.model_validate_json(value)
    except ValidationError as error:
        _poison(value, error)
    if b"\\u0000" in value or b"NaN" in value or b"Infinity" in value:
        _refuse_unstorable(value)
    return event


def member(record: Record, name: str) -> bytes:
    """The JSON text of a member of an event that was read, byte for byte where the headers say where it is.

    `name` is dotted for a member of a member. Its shape is the caller's trust in the stage that wrote it.
    """
    value = record.value or b""
    found = members.value_of(value, record.headers, name)
    if found is None:
        found = to_json(reduce(operator.getitem, name.split("."), from_json(value)))
    return found


def is_plain(text: str) -> bool:
    """Whether a text can be the value of a CloudEvents header: not too long, no control characters."""
    return len(text) <= MOST_HEADER_CHARACTERS and text.isprintable()


def _headers(record: Record) -> dict[str, str]:
    headers: dict[str, str] = {}
    for name, value in record.headers:
        if name == INFLATES:
            raise Poison(Code.TOO_LARGE, value.decode(errors="replace"))
        if UNDECODED in name:
            raise Poison(Code.HEADER_INVALID, f"the name of the header {name} is not UTF-8")
        try:
            headers[name] = value.decode()
        except UnicodeDecodeError:
            raise Poison(Code.HEADER_INVALID, f"the header {name} is not UTF-8") from None
    for name in ("ce_id", "ce_type", "ce_source"):
        if not headers.get(name):
            raise Poison(Code.HEADER_INVALID, f"the header {name} is missing")
        if not is_plain(headers[name]):
            raise Poison(
                Code.HEADER_INVALID,
                f"the header {name} has over {MOST_HEADER_CHARACTERS} characters or a control character",
            )
    return headers


def _refuse_unstorable(value: bytes) -> None:
    """Tell a real NUL, NaN or Infinity from the same letters inside a text, such as sodium nitrate's NaNO3."""

    def refuse_constant(constant: str) -> NoReturn:
        raise Poison(Code.NOT_FINITE, f"a number is {constant}; leave the parameter out where there is no value")

    unread = [json.loads(value, parse_constant=refuse_constant)]
    while unread:
        match unread.pop():
            case str(text) if "\x00" in text:
                raise Poison(Code.NUL_CHARACTER, "a text holds the character NUL (\\u0000), which cannot be stored")
            case list(items):
                unread.extend(items)
            case dict(fields):
                unread.extend([*fields.keys(), *fields.values()])


def _poison(value: bytes, error: ValidationError) -> NoReturn:
    first = error.errors(include_url=False, include_input=False)[0]
    if first["type"] == "json_invalid":
        try:
            value.decode()
        except UnicodeDecodeError as decoding:
            raise Poison(
                Code.NOT_UTF8, f"the value is not UTF-8: byte {decoding.start} is 0x{value[decoding.start]:02x}"
            ) from None
        raise Poison(Code.NOT_JSON, f"the value is not JSON: {first['msg'].removeprefix('Invalid JSON: ')}") from None
    faults = "; ".join(
        f"{'.'.join(map(str, fault['loc'])) or 'the payload'}: {fault['msg']}"
        for fault in error.errors(include_url=False, include_input=False)[:10]
    )
    raise Poison(Code.SHAPE_INVALID, faults) from None


@dataclass(frozen=True, slots=True)
class Spliced:
    """A payload with sections added, and where its members lie."""

    value: bytes
    members: tuple[Member, ...]


def splice(record: Record, sections: Mapping[str, Section | Mapping[str, object]]) -> Spliced:
    """The record's payload (a JSON object with at least one field) with sections added, every other byte untouched."""
    value = (record.value or b"").rstrip()[:-1]
    known = members.members_of(record.headers)
    if record.topic == SUBMITTED.name:
        known = (Member("submission", value.index(b"{") + 1, len(value)),)
    parts, end, added = [value], len(value), []
    for name, section in sections.items():
        parts.append(b',"%b":%b' % (name.encode(), to_json(section)))
        added.append(Member(name, end + 1, end := end + len(parts[-1])))
    return Spliced(b"".join((*parts, b"}")), (*known, *added) if known else ())


def headers_of(  # noqa: PLR0913  # a header each
    topic: Topic,
    *,
    receipt_id: str,
    source: str,
    time: str,
    traceparent: bytes | None = None,
    places: Iterable[Member] = (),
    producer: bytes | None = None,
) -> Headers:
    """The CloudEvents 1.0 headers of an event (Kafka binding, binary mode), its W3C trace and where its members lie.

    `producer`: the source of the submission that it follows from.
    """
    headers = [
        ("ce_specversion", b"1.0"),
        ("ce_id", receipt_id.encode()),
        ("ce_type", topic.type.encode()),
        ("ce_source", source.encode()),
        ("ce_time", time.encode()),
        ("content-type", b"application/json"),
    ]
    if producer is not None:
        headers.append((PRODUCER, producer))
    if traceparent is not None:
        headers.append(("traceparent", traceparent))
    if places := tuple(places):
        headers.append((members.HEADER, members.written(places)))
    return tuple(headers)


def derived_headers(
    topic: Topic, record: Record, receipt_id: str, stage: str, now: datetime, places: Iterable[Member] = ()
) -> Headers:
    """The headers of what a stage says of a record."""
    return headers_of(
        topic,
        receipt_id=receipt_id,
        source=f"/beamcat/{stage}",
        time=now.isoformat(),
        traceparent=trace_of(record),
        places=places,
        producer=producer_of(record),
    )


def producer_of(record: Record) -> bytes | None:
    """Who handed in what a record follows from: told by the stage before, else the record's own source."""
    headers = dict(record.headers)
    source = headers.get("ce_source")
    told = headers.get(PRODUCER, source) if source is not None and source.startswith(OURS) else source
    return told if told is None or len(told) <= MOST_KEPT_HEADER_BYTES else told[:MOST_KEPT_HEADER_BYTES]


def trace_of(record: Record) -> bytes | None:
    """The W3C `traceparent` that a record came with; what is longer than one may be is none."""
    trace = next((value for name, value in record.headers if name == "traceparent"), None)
    return trace if trace is None or len(trace) <= MOST_KEPT_HEADER_BYTES else None

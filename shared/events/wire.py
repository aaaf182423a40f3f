"""The wire format: it reads events from Kafka records, and adds sections without changing any other byte."""

import contextlib
import json
import operator
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import reduce
from hashlib import sha256
from typing import Generic, NamedTuple, NoReturn, TypeVar
from uuid import UUID

from pydantic import BaseModel, ValidationError
from pydantic_core import from_json, to_json

from shared.events import members
from shared.events.codes import Code, Poison
from shared.events.members import Member
from shared.events.notes import Note
from shared.events.sections import Section
from shared.events.topics import COMMITTED, LINKED, PENDING, REJECTED, SUBMITTED, TRACKED, VALIDATED, Topic
from shared.foundation.storable import ESCAPED_NUL, NUL
from shared.foundation.times import LAST_YEAR

E = TypeVar("E", bound=BaseModel)

MOST_HEADER_CHARACTERS = 255
MOST_KEPT_HEADER_BYTES = 1024
"""The longest header that is passed on from stage to stage. Kafka's limits leave room for it beside the event."""

UNDECODED = "\N{REPLACEMENT CHARACTER}"
"""Replaces bytes that are not UTF-8 in the name of a header (`shared.kafka.records`)."""

INFLATES = f"{UNDECODED}inflates"
"""The header of a record whose batch was not decompressed (`shared.kafka.records`). Its value says why."""

PRODUCER = "ce_producer"
"""An extension attribute of beamcat: the source of the submission. `ce_source` is the last sender."""

ORIGIN = "ce_origin"
"""An extension attribute of beamcat: the record in which the submission was first read (`origin_of`)."""

CONTENT = "ce_content"
"""An extension attribute of beamcat: the fingerprint of the submission from which an event follows."""

OF_RECEIPT = "ce_receipt"
"""An extension attribute of beamcat: the receipt of the rejected event, so that an edge need not read the body."""

OURS = "/beamcat/"
"""The prefix of beamcat's own sources."""

FOLLOWING = frozenset(topic.name for topic in (VALIDATED, LINKED, TRACKED, COMMITTED, PENDING, REJECTED))
"""The topics on which beamcat writes about submissions. Only there does a header name the submission's source."""

FINGERPRINT_CHARACTERS, KEY_CHARACTERS = 16, 32

LAST_MS = int(datetime(LAST_YEAR, 12, 31, tzinfo=UTC).timestamp() * 1000)

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

    @property
    def at(self) -> datetime:
        """When it was written, in UTC."""
        return time_of(self.timestamp_ms)


@dataclass(frozen=True, slots=True)
class Message:
    """A Kafka record to be written."""

    topic: str
    key: bytes | None
    value: bytes
    headers: Headers
    note: Note | None = field(default=None, compare=False)
    """The note that is logged once the message is published."""

    @property
    def size(self) -> int:
        """Bytes of key, value and headers."""
        return len(self.key or b"") + len(self.value) + sum(len(name) + len(value) for name, value in self.headers)


class SubmissionId(NamedTuple):
    """The identity of a submission: what one source sent about one dataset under one receipt.

    The same content is the same submission; other content under the same receipt is another submission.
    """

    source: str
    """`ce_source`, as the edge set it."""
    receipt_id: str
    dataset_id: UUID | None
    """None if it is unknown."""
    content: str
    """The fingerprint of the content; empty if an older version passed the event on without one."""

    @property
    def key(self) -> str:
        """The identity as one text. It is a hash, so that nobody can choose an id that equals another key."""
        parts = f"{self.dataset_id}\0{self.source}\0{self.receipt_id}\0{self.content}"  # no header holds NUL
        return sha256(parts.encode(errors="replace")).hexdigest()[:KEY_CHARACTERS]


@dataclass(frozen=True, slots=True)
class Received(Generic[E]):
    """An event with the content of its headers and its record."""

    event: E
    record: Record
    receipt_id: str
    source: str
    """The source of the submission from which the event follows."""
    time: str | None

    @property
    def said_at(self) -> datetime:
        """`ce_time` in UTC, or the time of the record if `ce_time` is not a storable time with a zone."""
        try:
            said = datetime.fromisoformat(self.time or "")
            return self.record.at if said.tzinfo is None else said.astimezone(UTC)
        except (ValueError, OverflowError):
            return self.record.at

    def submission(self, dataset_id: UUID | None) -> SubmissionId:
        """The submission that the event follows from."""
        return SubmissionId(self.source, self.receipt_id, dataset_id, content_of(self.record))


def time_of(timestamp_ms: int) -> datetime:
    """Kafka's milliseconds as a time, limited to storable years: a writer can give any number."""
    return datetime.fromtimestamp(min(max(timestamp_ms, 0), LAST_MS) / 1000, UTC)


def read(record: Record, topic: Topic, view: type[E]) -> Received[E]:
    """The event in a record, as `view`: the topic's event class, or a projection of it with fewer sections.

    Raises:
        Poison: the record is not such an event. The message says why.
    """
    headers = _headers(record)
    if headers["ce_type"] != topic.type:
        raise Poison(
            Code.UNKNOWN_VERSION, f"{topic.name} carries {topic.type}, but this event is a {headers['ce_type']}"
        )
    value = record.value
    if value is None:
        raise Poison(Code.NULL_VALUE, "the record has no value")
    if len(value) > topic.max_bytes:
        raise Poison(Code.TOO_LARGE, f"the event has {len(value)} bytes, {topic.name} takes up to {topic.max_bytes}")
    event = _parsed(record, topic, view, value)
    source = headers["ce_source"]
    if _follows(record, source):
        source = headers.get(PRODUCER) or source
    return Received(event, record, headers["ce_id"], source, headers.get("ce_time"))


def _parsed(record: Record, topic: Topic, view: type[E], value: bytes) -> E:
    """The part of the payload that the view needs. A producer's bytes are read in full, or not at all."""
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
    if ESCAPED_NUL in value or b"NaN" in value or b"Infinity" in value:
        _refuse_unstorable(value)
    return event


def examine(record: Record, topic: Topic) -> None:
    """Check the whole of a record that was read in part and then failed in a stage.

    Raises:
        Poison: it is not an event of its topic, or its headers give wrong positions of members.
    """
    value = record.value or b""
    if lie := members.misplaced(value, record.headers):
        words = f"the header {members.HEADER} says that {lie.name} is at the bytes {lie.start} to {lie.end}"
        raise Poison(Code.HEADER_INVALID, f"{words}, but it is not; send the record without this header")
    try:
        topic.event.model_validate_json(value)
    except ValidationError as error:
        _poison(value, error)
    _refuse_unstorable(value)


def member(record: Record, name: str) -> bytes:
    """The JSON text of a member of a received event, byte for byte if the headers give its position.

    `name` is dotted for a member of a member. Its form is not checked: the caller trusts the stage that wrote it.
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
    for name in ("ce_id", "ce_type", "ce_source", PRODUCER, CONTENT):
        if not is_plain(headers.get(name, "")):
            raise Poison(
                Code.HEADER_INVALID,
                f"the header {name} has more than {MOST_HEADER_CHARACTERS} characters or a control character",
            )
    return headers


def _refuse_unstorable(value: bytes) -> None:
    """Refuse a real NUL, NaN or Infinity, but not the same letters within a text, such as sodium nitrate's NaNO3."""

    def refuse_constant(constant: str) -> NoReturn:
        raise Poison(Code.NOT_FINITE, f"a number is {constant}; leave the parameter out if it has no value")

    unread = [json.loads(value, parse_constant=refuse_constant)]
    while unread:
        match unread.pop():
            case str(text) if NUL in text:
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
    """A payload with added sections, and the positions of its members."""

    value: bytes
    members: tuple[Member, ...]


def splice(record: Record, sections: Mapping[str, Section | Mapping[str, object]]) -> Spliced:
    """Add sections to the record's payload, a JSON object with at least one field. All other bytes stay unchanged."""
    value = (record.value or b"").rstrip()[:-1]
    known = members.members_of(record.headers)
    if record.topic == SUBMITTED.name:
        known = (Member("submission", value.index(b"{") + 1, len(value)),)
    parts, end, added = [value], len(value), []
    for name, section in sections.items():
        parts.append(b',"%b":%b' % (name.encode(), to_json(section)))
        added.append(Member(name, end + 1, end := end + len(parts[-1])))
    return Spliced(b"".join((*parts, b"}")), (*known, *added) if known else ())


def headers_of(  # noqa: PLR0913  # one argument for each header
    topic: Topic,
    *,
    receipt_id: str,
    source: str,
    time: str,
    traceparent: bytes | None = None,
    places: Iterable[Member] = (),
    producer: bytes | None = None,
    origin: bytes | None = None,
    content: str = "",
) -> Headers:
    """The CloudEvents 1.0 headers of an event (Kafka binding, binary mode), its W3C trace, and its members' positions.

    `producer`, `content` and `origin` describe the submission from which it follows: its source, its fingerprint, and
    the record in which it was first read.
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
    if origin is not None:
        headers.append((ORIGIN, origin))
    if content:
        headers.append((CONTENT, content.encode()))
    if traceparent is not None:
        headers.append(("traceparent", traceparent))
    if places := tuple(places):
        headers.append((members.HEADER, members.written(places)))
    return tuple(headers)


def derived_headers(
    topic: Topic, record: Record, receipt_id: str, stage: str, now: datetime, places: Iterable[Member] = ()
) -> Headers:
    """The headers of a message that a stage derives from a record."""
    return headers_of(
        topic,
        receipt_id=receipt_id,
        source=f"/beamcat/{stage}",
        time=now.isoformat(),
        traceparent=trace_of(record),
        places=places,
        producer=producer_of(record),
        origin=origin_of(record),
        content=content_of(record),
    )


def producer_of(record: Record) -> bytes | None:
    """The source of the record's submission: from the earlier stage, or else the record's own source."""
    headers = dict(record.headers)
    source = headers.get("ce_source")
    told = source is not None and _follows(record, source.decode(errors="replace"))
    found = (headers.get(PRODUCER) or source) if told else source
    return found if found is None else found[:MOST_KEPT_HEADER_BYTES]


def content_of(record: Record) -> str:
    """The fingerprint of the record's submission; empty if the earlier stage gave none."""
    if record.topic in FOLLOWING:
        return next((value.decode(errors="replace") for name, value in record.headers if name == CONTENT), "")
    return fingerprint(record.value)


def fingerprint(value: bytes | None) -> str:
    """A hash that distinguishes the content of submissions."""
    return sha256(value or b"").hexdigest()[:FINGERPRINT_CHARACTERS]


def _follows(record: Record, source: str) -> bool:
    """Whether beamcat wrote the record about a submission."""
    return record.topic in FOLLOWING and source.startswith(OURS)


def origin_of(record: Record) -> bytes:
    """The record in which the submission was first read: topic, partition, offset and time.

    The earlier stage gives it. A producer's value of this header does not count.
    """
    if record.topic != SUBMITTED.name:
        for name, value in record.headers:
            if name == ORIGIN:
                return value[:MOST_KEPT_HEADER_BYTES]
    return b"%b/%d/%d/%d" % (record.topic.encode(), record.partition, record.offset, record.timestamp_ms)


def trace_of(record: Record) -> bytes | None:
    """The W3C `traceparent` of a record, or None if there is none or it is too long."""
    trace = next((value for name, value in record.headers if name == "traceparent"), None)
    return trace if trace is None or len(trace) <= MOST_KEPT_HEADER_BYTES else None

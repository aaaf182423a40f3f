"""The wire format: events read from records, which may be poison, and sections added without touching the rest."""

import contextlib
import json
import operator
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, reduce
from hashlib import sha256
from typing import Generic, NamedTuple, NoReturn, TypeVar
from uuid import UUID

import msgspec
from pydantic import BaseModel, ValidationError
from pydantic_core import from_json, to_json

from shared.events import members
from shared.events.codes import Code, Poison
from shared.events.headers import PRODUCER, content_of, follows, read_headers
from shared.events.members import Member
from shared.events.record import Record
from shared.events.sections import Section
from shared.events.structs import PlainView, struct
from shared.events.topics import SUBMITTED, Topic
from shared.foundation.storable import ESCAPED_NUL, NUL

E = TypeVar("E", bound=BaseModel)

KEY_CHARACTERS = 32
TO_JSON = msgspec.json.Encoder(enc_hook=lambda section: msgspec.Raw(to_json(section))).encode
"""Writes plain values, structs and sections. Plain values take half of the time that pydantic needs."""


class SubmissionId(NamedTuple):
    """The identity of a submission: what one source submitted for one dataset under one receipt.

    The same words again are the same submission. Other words under the same receipt are another submission.
    """

    source: str
    """The `ce_source` that the edge service wrote."""
    receipt_id: str
    dataset_id: UUID | None
    """None if it cannot be determined."""
    content: str
    """The fingerprint of the words; empty if an older version passed the event on without it."""

    @property
    def key(self) -> str:
        """The identity as one text. It is a hash, so that nobody can choose an id that is another's key."""
        parts = f"{self.dataset_id}\0{self.source}\0{self.receipt_id}\0{self.content}"  # no header holds NUL
        return sha256(parts.encode(errors="replace")).hexdigest()[:KEY_CHARACTERS]


@dataclass(frozen=True, slots=True)
class Received(Generic[E]):
    """An event, with its headers and the record that contained it."""

    event: E
    record: Record
    receipt_id: str
    source: str
    """Who handed in the submission that the event follows from."""
    time: str | None

    @property
    def said_at(self) -> datetime:
        """`ce_time` in UTC, or the time of the record if `ce_time` is not a storable time with a zone."""
        try:
            time = datetime.fromisoformat(self.time or "")
            return self.record.at if time.tzinfo is None else time.astimezone(UTC)
        except (ValueError, OverflowError):
            return self.record.at

    def submission(self, dataset_id: UUID | None) -> SubmissionId:
        """The submission that the event follows from."""
        return SubmissionId(self.source, self.receipt_id, dataset_id, content_of(self.record))


def read(record: Record, topic: Topic, view: type[E]) -> Received[E]:
    """The event in a record, as `view`: the topic's event class, or a projection of it with fewer sections.

    Raises:
        Poison: the record is not such an event; the reason says why.
    """
    headers = read_headers(record)
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
    if follows(record, source):
        source = headers.get(PRODUCER) or source
    return Received(event, record, headers["ce_id"], source, headers.get("ce_time"))


def _parsed(record: Record, topic: Topic, view: type[E], value: bytes) -> E:
    """The part of the payload that the view needs. A producer's own bytes are read in full if any is needed."""
    if _is_empty(view):
        return view()
    needed = value if topic is SUBMITTED else members.without(value, members.members_of(record.headers), view)
    if issubclass(view, PlainView) and (found := struct(needed, view)) is not None:
        return found
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


@cache
def _is_empty(view: type[BaseModel]) -> bool:
    return not view.model_fields


def examine(record: Record, topic: Topic) -> None:
    """Check the whole of a record that was read in part and then made a stage fail.

    Raises:
        Poison: it is not an event of its topic, or its headers are wrong about its members.
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
    """The JSON text of a member of an event that was read, byte for byte if the headers say where it is.

    `name` is dotted for a member of a member. The shape of the member is not checked: the stage that wrote it did.
    """
    value = record.value or b""
    found = members.value_of(value, record.headers, name)
    if found is None:
        found = to_json(reduce(operator.getitem, name.split("."), from_json(value)))
    return found


def _refuse_unstorable(value: bytes) -> None:
    """Refuse a real NUL, NaN or Infinity, but not the same letters inside a text, such as sodium nitrate's NaNO3."""

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
    """A payload with added sections, and the places of its members."""

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
        parts.append(b',"%b":%b' % (name.encode(), TO_JSON(section)))
        added.append(Member(name, end + 1, end := end + len(parts[-1])))
    return Spliced(b"".join((*parts, b"}")), (*known, *added) if known else ())

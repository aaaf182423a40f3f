"""The positions of members in a payload, so that a stage reads only the members that it needs.

A payload grows to several times the size that a stage needs, and the cost of reading JSON grows with its bytes. A stage
that adds a section writes its position into the header `members`, as `name start end` in bytes. A reader removes the
members that its view does not name. The header is a hint: without it, or if the rest cannot be read, the whole payload
is read.
"""

from collections.abc import Iterable
from functools import lru_cache
from itertools import chain
from typing import NamedTuple, get_args

from pydantic import BaseModel
from pydantic_core import from_json

HEADER = "members"
MOST_HEADER_BYTES = 4096
"""A longer header was not written by beamcat."""

NOTHING = b'"":0'
"""A member that no event has. It replaces a removed member, so that the commas around it stay correct."""


class Member(NamedTuple):
    """The position of one member of the payload, from the quote before its name to the end of its value.

    `name` is dotted for a member of a member. The first one may cover several members: all that the producer wrote.
    """

    name: str
    start: int
    end: int


def written(members: Iterable[Member]) -> bytes:
    """The value of the header for these members."""
    return ",".join(f"{name} {start} {end}" for name, start, end in members).encode()


def members_of(headers: Iterable[tuple[str, bytes]]) -> tuple[Member, ...]:
    """The members in the headers, in the order of the bytes; empty if the headers give none that is usable."""
    for header, value in headers:
        if header == HEADER and len(value) <= MOST_HEADER_BYTES:
            return _parsed(value)
    return ()


@lru_cache(maxsize=2048)  # a record's header is used when it is read, when a member is cut out, and when it goes on
def _parsed(value: bytes) -> tuple[Member, ...]:
    try:
        said = (entry.split(" ") for entry in value.decode().split(","))
        members = tuple(Member(name, int(start), int(end)) for name, start, end in said)
    except ValueError:
        return ()
    bounds = list(chain.from_iterable((start, end) for _, start, end in members))
    return members if bounds == sorted(bounds) and bounds[0] > 0 else ()


def misplaced(value: bytes, headers: Iterable[tuple[str, bytes]]) -> Member | None:
    """The first member that is not where the headers say. This reads all members."""
    return next((member for member in members_of(headers) if not _stands(value, member)), None)


def _stands(value: bytes, member: Member) -> bool:
    try:
        found = from_json(b"{%b}" % value[member.start : member.end])
    except ValueError:
        return False
    return member.end < len(value) and member.name.rpartition(".")[2] in found


def without(value: bytes, members: Iterable[Member], view: type[BaseModel]) -> bytes:
    """The payload without the members that the view does not read."""
    parts, at = [], 0
    for name, start, end in members:
        if not reads(view, name):
            parts += [value[at:start], NOTHING]
            at = end
    return b"".join((*parts, value[at:])) if parts else value


@lru_cache(maxsize=1000)
def reads(view: type[BaseModel], name: str) -> bool:
    """Whether the view names a member, such as `dataset` or `document.parameters`."""
    first, _, rest = name.partition(".")
    field = view.model_fields.get(first)
    if field is None or not rest:
        return field is not None
    models = [kind for kind in (field.annotation, *get_args(field.annotation)) if _is_model(kind)]
    return not models or any(reads(model, rest) for model in models)


def _is_model(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def value_of(payload: bytes, headers: Iterable[tuple[str, bytes]], name: str) -> bytes | None:
    """The JSON text of one member; None if the headers do not say where it is."""
    begin = b'"%b":' % name.rpartition(".")[2].encode()
    for member in members_of(headers):
        if member.name == name and payload.startswith(begin, member.start):
            return payload[member.start + len(begin) : member.end]
    return None

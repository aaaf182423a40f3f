"""What one revision of a dataset changed against the one before. Pure."""

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from typing import Any, NotRequired

from pydantic_core import from_json, to_json
from typing_extensions import TypedDict  # pydantic needs this one before Python 3.12

from shared.foundation.packing import unpacked

Revision = dict[str, Any]

MOST_TOLD_BYTES = 1024 * 1024
"""Of what one revision changed. Of a change beyond that its size is told; the revisions themselves have the values."""


class Change(TypedDict):
    """One difference: the field's dotted name, what it was and what it is; absent is None."""

    field: str
    before: Any
    after: Any
    omitted_bytes: NotRequired[int]
    """Of a change that is not told, for its size."""


async def history_of(rows: AsyncIterator[Mapping[str, Any]]) -> AsyncIterator[Revision]:
    """Revisions, newest first, each with what it changed against the next of these rows; of two, one lies in memory."""
    later: Revision | None = None
    later_event = b""
    async for row in rows:
        event = unpacked(row["body"])
        if later is not None:
            yield later | {"changes": told(changes_of(event, later_event))}
        later, later_event = {name: value for name, value in row.items() if name != "body"}, event
    if later is not None:
        yield later | {"changes": []}


def told(changes: Iterable[Change]) -> list[Change]:
    """The changes, with the values of as many as one answer has room for."""
    room = MOST_TOLD_BYTES
    said: list[Change] = []
    for change in changes:
        size = len(to_json(change))
        room -= size
        fits = room >= 0
        said.append(change if fits else Change(field=change["field"], before=None, after=None, omitted_bytes=size))
        room = room if fits else room + size
    return said


def changes_of(before: bytes, after: bytes) -> list[Change]:
    """The differences of two committed events' documents: field by field, and parameter by parameter."""
    return list(_changes("", from_json(before)["document"], from_json(after)["document"]))


def _changes(prefix: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Change]:
    for name in sorted({*before, *after}):
        was, now = before.get(name), after.get(name)
        if was == now:
            continue
        if not prefix and isinstance(was, dict) and isinstance(now, dict):
            yield from _changes(f"{name}.", was, now)
        else:
            yield Change(field=f"{prefix}{name}", before=was, after=now)

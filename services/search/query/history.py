"""The history of a dataset: what each revision changed. Pure."""

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from typing import Any, NotRequired

from pydantic_core import from_json, to_json
from typing_extensions import TypedDict  # pydantic needs this one before Python 3.12

from shared.foundation.packing import unpacked

Revision = dict[str, Any]

MOST_CHANGE_BYTES = 1024 * 1024
"""The most bytes of changes in the answer for one revision. Of a change beyond it, only the size is given."""


class Change(TypedDict):
    """One difference between two revisions: the dotted name of the field and both values; None if it is absent."""

    field: str
    before: Any
    after: Any
    omitted_bytes: NotRequired[int]
    """The size of a change that is too large for the answer."""


async def history_of(rows: AsyncIterator[Mapping[str, Any]]) -> AsyncIterator[Revision]:
    """Revisions, newest first, each with its changes since the one before. Two events are in memory at once."""
    later: Revision | None = None
    later_event = b""
    async for row in rows:
        event = unpacked(row["body"])
        if later is not None:
            yield later | {"changes": fitting(changes_of(event, later_event))}
        later, later_event = {name: value for name, value in row.items() if name != "body"}, event
    if later is not None:
        yield later | {"changes": []}


def fitting(changes: Iterable[Change]) -> list[Change]:
    """The changes, with the values of those that fit into one answer."""
    room = MOST_CHANGE_BYTES
    fitted: list[Change] = []
    for change in changes:
        size = len(to_json(change))
        room -= size
        fits = room >= 0
        fitted.append(change if fits else Change(field=change["field"], before=None, after=None, omitted_bytes=size))
        room = room if fits else room + size
    return fitted


def changes_of(before: bytes, after: bytes) -> list[Change]:
    """The differences between the documents of two committed events: field by field, parameter by parameter."""
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

"""What one revision of a dataset changed against the one before. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any, TypedDict

from pydantic_core import from_json

Revision = dict[str, Any]


class Change(TypedDict):
    """One difference: the field's dotted name, what it was and what it is; absent is None."""

    field: str
    before: Any
    after: Any


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

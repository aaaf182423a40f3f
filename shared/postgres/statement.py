"""A SQL statement under construction."""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from shared.postgres.database import Connection

Row = dict[str, Any]
"""A row by the names of its columns."""
Bind = Callable[[object, str], str]
"""Adds a value of a type to the arguments of a statement, and returns its placeholder."""


@dataclass
class Statement:
    """SQL with its arguments."""

    text: str = ""
    arguments: list[object] = field(default_factory=list)

    def bind(self, value: object, cast: str) -> str:
        """Add a value to the arguments, and return its placeholder."""
        self.arguments.append(value)
        return f"${len(self.arguments)}::{cast}"

    async def rows(self, connection: Connection, at_once: int) -> AsyncIterator[Row]:
        """The rows, read in portions of `at_once`. If the caller stops, the rest is not read."""
        async for row in connection.cursor(self.text, *self.arguments, prefetch=at_once):
            yield dict(row)


def asked_for(bind: Bind, *conditions: tuple[str, object, str]) -> list[str]:
    """The conditions whose value is not None. Each is a text with `{}`, a value and its type."""
    return [condition.format(bind(value, cast)) for condition, value, cast in conditions if value is not None]


def where_of(conditions: Sequence[str]) -> str:
    """The conditions as a clause, if there are any."""
    return f" where {' and '.join(conditions)}" if conditions else ""


def holding(text: str) -> str:
    """The `like` pattern of texts that contain this text."""
    return "%" + text.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_") + "%"

"""SQL under construction. Values are arguments; the text is put together from the words of this package alone."""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from shared.postgres.database import Connection

ROWS_AT_ONCE = 128


@dataclass
class Statement:
    """SQL under construction, with its arguments."""

    text: str = ""
    arguments: list[object] = field(default_factory=list)

    def bind(self, value: object, cast: str) -> str:
        """The placeholder of a value."""
        self.arguments.append(value)
        return f"${len(self.arguments)}::{cast}"


Bind = Callable[[object, str], str]


def where_of(conditions: Sequence[str]) -> str:
    """The conditions as a clause, if there are any."""
    return f" where {' and '.join(conditions)}" if conditions else ""


def asked_for(bind: Bind, *conditions: tuple[str, object, str]) -> list[str]:
    """The conditions (with `{}` for the value, the value, its type) whose value is asked for: None does not matter."""
    return [condition.format(bind(value, cast)) for condition, value, cast in conditions if value is not None]


async def rows_of(
    connection: Connection, statement: Statement, at_once: int = ROWS_AT_ONCE
) -> AsyncIterator[dict[str, Any]]:
    """The rows, some at a time: whoever has enough stops, and the others are not read."""
    async for row in connection.cursor(statement.text, *statement.arguments, prefetch=at_once):
        yield dict(row)

"""How facts are saved: one statement for each table, whatever a batch holds, and harmless when it is repeated."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from services.search.projections.facts import Law
from shared.postgres.database import Connection

F = TypeVar("F")


def columns(rows: Iterable[Sequence[Any]]) -> list[list[Any]]:
    """The columns of rows, as a statement takes them."""
    return [list(column) for column in zip(*rows, strict=True)]


@dataclass(frozen=True)
class Projection(Generic[F]):
    """A table whose rows follow from facts of one type."""

    law: Law[F]
    statement: str
    """Inserts rows, given as columns; on conflict it obeys the law."""
    row_of: Callable[[Any, Any], Sequence[Any]] = lambda _key, fact: fact
    """The row of a key and its fact."""

    async def save(self, connection: Connection, facts: Iterable[F]) -> None:
        """Save what stands of these facts."""
        rows = [self.row_of(key, fact) for key, fact in self.law.standing(facts).items()]
        await connection.execute(self.statement, *columns(rows))

"""How facts are saved: one statement for each table, whatever a batch holds, and harmless when it is repeated."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from services.search.projections.facts import Law
from shared.postgres.bulk import write
from shared.postgres.database import Connection

F = TypeVar("F")


@dataclass(frozen=True)
class Projection(Generic[F]):
    """A table whose rows follow from facts of one type."""

    law: Law[F]
    statement: str
    """A bulk insert. On conflict it obeys the law."""
    row_of: Callable[[Any, Any], Sequence[Any]] = lambda _key, fact: fact
    """The row of a key and its fact."""

    async def save(self, connection: Connection, facts: Iterable[F]) -> None:
        """Save what stands of these facts."""
        rows = [self.row_of(key, fact) for key, fact in self.law.standing(facts).items()]
        await write(connection, self.statement, rows)

"""A projection: a table, and how a batch of facts is saved in it. Repeating a batch does no harm."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import Table

from services.search.projections.facts import Law
from services.search.projections.order import NO_DATASET
from shared.postgres.additions import Additions
from shared.postgres.bulk import Writes, insert, update

F = TypeVar("F")


@dataclass(frozen=True)
class Projection(Generic[F]):
    """A table whose rows follow from facts of one type."""

    law: Law[F]
    statement: str
    """A bulk insert. On conflict it obeys the law."""
    row_of: Callable[[Any, Any], Sequence[Any]] = lambda _key, fact: fact
    """The row of a key and its fact."""
    additions: Additions | None = None
    """Adds rows with new keys, where many are written and most are new. The others take the statement."""

    async def save(self, writes: Writes, facts: Iterable[F]) -> None:
        """Save what stands of these facts."""
        rows: Sequence[Sequence[Any]] = [self.row_of(key, fact) for key, fact in self.law.standing(facts).items()]
        if self.additions is not None:
            new, rows = await self.additions.split(writes.connection, rows)
            await self.additions.add(writes.connection, new)
        writes.add(self.statement, rows)


def latest(table: Table, rank: str) -> str:
    """The SQL that saves rows of which, for each key, the latest stands.

    The column `rank` decides first, then `word`, and then the dataset and revision from which the row comes.
    """

    def order(source: str) -> str:
        dataset = f"coalesce({source}.dataset_id, '{NO_DATASET}'), coalesce({source}.revision, 0)"
        return f"({source}.{rank}, {source}.word, {dataset})"

    return insert(table, then=update(table, where=f"{order('excluded')} > {order(table.name)}"))

"""The block index: the port in PostgreSQL, with parameters kept in blocks."""

from collections.abc import AsyncIterator, Iterable, Sequence
from uuid import UUID

from services.search.index import counts, pages
from services.search.index.port import ROWS_AT_ONCE, KnownParameter, Names
from services.search.index.question import Query
from services.search.index.seals import Seals
from services.search.index.writer import BlockBatch, ParameterNumbers
from shared.postgres.database import Connection, Database
from shared.postgres.statement import Row
from shared.runtime.backoff import Backoff

_KNOWN = "select parameter_id, name, many from parameter where lower(name) = any($1::text[])"


class BlockIndex:
    """The block index of a process. It remembers the numbers of parameters."""

    def __init__(self) -> None:
        self._numbers = ParameterNumbers()

    def batch(self, generation: UUID) -> BlockBatch:
        """A batch for the read model of this generation."""
        return BlockBatch(self._numbers, generation)

    async def parameters(self, connection: Connection, spellings: Iterable[str]) -> Sequence[KnownParameter]:
        """The parameters with these names, which are in lower case."""
        return [KnownParameter(*row) for row in await connection.fetch(_KNOWN, list(spellings))]

    async def parameter_names(self, connection: Connection) -> Sequence[str]:
        """The names of all parameters."""
        return [row["name"] for row in await connection.fetch("select name from parameter")]

    def page(self, connection: Connection, query: Query, names: Names) -> AsyncIterator[Row]:
        """Datasets in the order of the query, each with its `sort_key`, and one more than the page has."""
        return pages.page(query, names).rows(connection, ROWS_AT_ONCE)

    async def count(self, connection: Connection, query: Query, names: Names) -> int:
        """How many datasets match."""
        statement = counts.count(query, names)
        number: int = await connection.fetchval(statement.text, *statement.arguments)
        return number

    async def facets(self, connection: Connection, query: Query, names: Names) -> Sequence[Row]:
        """The most frequent values of each facet among the matches: `facet`, `value` and `number`."""
        statement = counts.facets(query, names)
        return [dict(row) for row in await connection.fetch(statement.text, *statement.arguments)]

    def upkeep(self, database: Database, backoff: Backoff) -> Seals:
        """The work that merges small blocks into ordered runs."""
        return Seals(database, backoff)

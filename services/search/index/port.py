"""The port of the index: what search needs of an index of datasets.

`block_index.py` is its one implementation, and `app.new_index` is the one place that chooses it. There is no twin in
memory: an answer joins the index with the tables of the projections on the caller's connection, so a twin would be a
second implementation of the whole query language. The tests compare the answers with a model of their own instead.
"""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import NamedTuple, Protocol
from uuid import UUID

from services.search.index.question import Query
from services.search.projections.datasets.table import DatasetChanges
from shared.postgres.bulk import Writes
from shared.postgres.database import Connection, Database
from shared.postgres.statement import Row
from shared.runtime.backoff import Backoff

ROWS_AT_ONCE = 128
"""The rows that are read at once. A reader that has enough stops."""


class KnownParameter(NamedTuple):
    """A parameter in the index. Lists and single values of one name are different parameters."""

    parameter_id: int
    name: str
    many: bool


Names = Mapping[str, Sequence[KnownParameter]]
"""Parameters by their name in lower case."""


class IndexBatch(Protocol):
    """One batch of changes, in one transaction."""

    async def add(self, writes: Writes, applied: DatasetChanges) -> None:
        """Index the datasets that changed, and forget what they replaced."""

    def committed(self) -> None:
        """Remember what the batch learned, since its transaction was committed."""


class Upkeep(Protocol):
    """The background work of an index, which keeps questions fast."""

    async def run(self) -> None:
        """Work until the service stops."""

    async def seal(self) -> None:
        """Do all pending work now."""


class Index(Protocol):
    """An index of datasets by facts, parameters and words. It answers every question on the caller's connection."""

    def batch(self, generation: UUID) -> IndexBatch:
        """A batch for the read model of this generation."""

    async def parameters(self, connection: Connection, spellings: Iterable[str]) -> Sequence[KnownParameter]:
        """The parameters with these names, which are in lower case."""

    async def parameter_names(self, connection: Connection) -> Sequence[str]:
        """The names of all parameters."""

    def page(self, connection: Connection, query: Query, names: Names) -> AsyncIterator[Row]:
        """Datasets in the order of the query, each with its `sort_key`, and one more than the page has."""

    async def count(self, connection: Connection, query: Query, names: Names) -> int:
        """How many datasets match."""

    async def facets(self, connection: Connection, query: Query, names: Names) -> Sequence[Row]:
        """The most frequent values of each facet among the matches: `facet`, `value` and `number`."""

    def upkeep(self, database: Database, backoff: Backoff) -> Upkeep:
        """The background work of the index."""

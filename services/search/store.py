"""The read model in PostgreSQL. A batch takes a constant number of statements, whatever its size."""

from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from services.search.index.port import Index, IndexBatch
from services.search.lock import share_lock
from services.search.projections.activity import table as activity
from services.search.projections.datasets import table as datasets
from services.search.projections.datasets.note import DATASETS, DatasetEntry
from services.search.projections.facts import EventFacts, Law
from services.search.projections.investigations import table as investigations
from services.search.projections.investigations.note import INVESTIGATIONS, InvestigationRow
from services.search.projections.lasting import LastingBatch, LastingRows
from services.search.projections.positions import table as positions
from services.search.projections.positions.note import positions_of
from services.search.projections.projection import Projection
from services.search.projections.receipts import table as receipts
from services.search.projections.rejections import table as rejections
from services.search.projections.revisions import table as revisions
from services.search.projections.samples import table as samples
from services.search.projections.shipments import table as shipments
from shared.events.wire import Received
from shared.postgres.bulk import Writes
from shared.postgres.database import Connection, Database
from shared.runtime.metrics import SUBMITTED_TO_SEARCHABLE
from shared.stages.outcomes import Outcome


class ProjectionWriter(Protocol):
    """The part of a projection that a batch uses."""

    @property
    def law(self) -> Law[Any]:
        """The law of the projection."""

    async def save(self, writes: Writes, facts: Sequence[Any]) -> None:
        """Save those of these facts that stand."""


OTHERS: tuple[Projection[Any], ...] = (
    *(receipts.PROJECTION, rejections.PROJECTION, activity.PROJECTION),
    *(samples.PROJECTION, *shipments.PROJECTIONS, positions.PROJECTION),
)
LAWS: tuple[Law[Any], ...] = (revisions.PROJECTION.law, DATASETS, INVESTIGATIONS, *(each.law for each in OTHERS))
"""The laws of all projections."""


@dataclass
class IndexedDatasets:
    """The projection of datasets, with their index."""

    batch: IndexBatch
    lasting: LastingBatch
    searchable: list[datetime] = field(default_factory=list)
    """The submission times of the datasets that have become searchable."""
    law = DATASETS

    async def save(self, writes: Writes, facts: Sequence[DatasetEntry]) -> None:
        """Save the datasets, and index those that changed."""
        applied = await datasets.save(writes, facts, self.lasting)
        await self.batch.add(writes, applied)
        self.searchable += [entry.row.submitted_at for _, entry in applied.entries]


@dataclass(frozen=True)
class Investigations:
    """The projection of investigations, most of which last."""

    lasting: LastingBatch
    law = INVESTIGATIONS

    async def save(self, writes: Writes, facts: Sequence[InvestigationRow]) -> None:
        """Save those that stand."""
        await investigations.save(writes, facts, self.lasting)


class PostgresReadModel:
    """The store of all stages."""

    def __init__(self, database: Database, clock: Callable[[], datetime], index: Index) -> None:
        self._database = database
        self._clock = clock
        self._index = index
        self._lasting = LastingRows()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator["ReadModelTransaction"]:
        """A transaction on the read model that is live when the transaction begins."""
        async with self._database.transaction(share_lock(self._database.schema)) as connection:
            transaction = ReadModelTransaction(connection, self._index, self._lasting)
            yield transaction
        if indexed := transaction.indexed:
            indexed.batch.committed()
            indexed.lasting.committed()
            now = self._clock()
            for submitted_at in indexed.searchable:
                SUBMITTED_TO_SEARCHABLE.observe((now - submitted_at).total_seconds())


class ReadModelTransaction:
    """One batch."""

    def __init__(self, connection: Connection, index: Index, lasting: LastingRows) -> None:
        self._connection = connection
        self._index = index
        self._lasting = lasting
        self.indexed: IndexedDatasets | None = None
        """The datasets of the batch, if it has any."""

    async def load(self, _events: Sequence[Received[Any]]) -> None:
        """Load nothing: the statements themselves compare new rows with old ones."""

    async def save(self, events: Sequence[Received[Any]], outcomes: Sequence[Outcome]) -> None:
        """Save the facts and the positions that the topics have reached."""
        noted = facts_of(events, outcomes)
        writes = Writes(self._connection)
        for projection in (revisions.PROJECTION, *await self._remembering(noted), *OTHERS):
            if facts := noted.get(projection.law.takes):
                await projection.save(writes, facts)
        await writes.run()

    async def _remembering(self, noted: Collection[type]) -> tuple[ProjectionWriter, ...]:
        """The projections that remember rows of one generation, if they have anything to save."""
        if DATASETS.takes not in noted and INVESTIGATIONS.takes not in noted:
            return ()
        generation = await self._connection.fetchval("select generation from generation")
        self.indexed = IndexedDatasets(self._index.batch(generation), self._lasting.batch(generation))
        return self.indexed, Investigations(self.indexed.lasting)


def facts_of(events: Sequence[Received[Any]], outcomes: Iterable[Outcome]) -> dict[type, list[Any]]:
    """The facts of a batch by type, including the positions that its events reach."""
    facts: dict[type, list[Any]] = defaultdict(list)
    for outcome in outcomes:
        if isinstance(outcome, EventFacts):
            for fact in outcome.facts:
                facts[type(fact)].append(fact)
    for fact in positions_of(events):
        facts[type(fact)].append(fact)
    return facts

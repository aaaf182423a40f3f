"""The reports in PostgreSQL. One statement saves a batch, and one answers a query."""

from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from typing import Any, Self

from services.archive.catalogue import Catalogue, known_numbers
from services.archive.handler import reports_in
from services.archive.tables import REPORT
from shared.events.report import DatasetReported
from shared.events.wire import Received
from shared.postgres.bulk import DO_NOTHING, insert, write
from shared.postgres.database import Database, Questions
from shared.stages.outcomes import Outcome

SAVE = insert(REPORT, then=DO_NOTHING)
MOVES = (
    "select dataset_number, about, level, message, at from report"
    " where dataset_number = any($1::bigint[]) and about <> 'files_added' order by at, event_id"
)
SHOWN = (
    "select about, level, case about when 'restoration_requested' then null else message end as message, at"
    " from report where dataset_number = $1 order by at desc, event_id limit $2"
)


class PostgresReports:
    """The store of the stage. It asks search before a transaction begins, so that no transaction waits for search."""

    def __init__(self, database: Database, catalogue: Catalogue) -> None:
        self._database = database
        self._catalogue = catalogue

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Self]:
        """Begin nothing: `save` is a single statement."""
        yield self

    async def load(self, events: Sequence[Received[DatasetReported]]) -> Collection[int]:
        """Which of the events' numbers belong to a dataset."""
        return await known_numbers(self._catalogue, {event.event.report.dataset_number for event in events})

    async def save(self, events: Sequence[Received[DatasetReported]], _outcomes: Sequence[Outcome]) -> None:
        """Write all reports."""
        if rows := reports_in(events):
            async with self._database.transaction() as connection:
                await write(connection, SAVE, rows)


class ReportReader:
    """Answers queries on reports."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def moves(self, numbers: Sequence[int]) -> list[dict[str, Any]]:
        """The reports on where the files of datasets are, oldest first."""
        async with self._database.answering(Questions.QUICK) as connection:
            return [dict(row) for row in await connection.fetch(MOVES, numbers)]

    async def shown(self, number: int, limit: int) -> list[dict[str, Any]]:
        """The reports on a dataset's files, newest first, without the names of requesters."""
        async with self._database.answering(Questions.QUICK) as connection:
            return [dict(row) for row in await connection.fetch(SHOWN, number, limit)]

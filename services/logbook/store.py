"""The logbook in PostgreSQL. One statement saves a batch, and one answers a query."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, NamedTuple
from uuid import UUID

from services.logbook import statements
from services.logbook.entries import EntryQuery, Recorded, first_received
from shared.events.logbook import LogbookWritten
from shared.events.wire import Received
from shared.foundation.pages import page_while_read
from shared.http.door import MOST_BODY_BYTES
from shared.postgres.bulk import write
from shared.postgres.database import Connection, Database, Questions
from shared.stages.outcomes import Outcome

ENTRIES_AT_ONCE = 5
"""How many entries are read at once: each may have megabytes."""


class PostgresEntries:
    """The store of the stage."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator["EntriesTransaction"]:
        """A transaction that commits on leaving, and rolls back on an error."""
        async with self._database.transaction() as connection:
            yield EntriesTransaction(connection)


class EntriesTransaction:
    """One batch."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def load(self, _events: Sequence[Received[LogbookWritten]]) -> None:
        """Load nothing: the statement itself decides by comparison which of two entries counts."""

    async def save(self, _events: Sequence[Received[LogbookWritten]], outcomes: Sequence[Outcome]) -> None:
        """Write the entries."""
        rows = first_received(outcome.row for outcome in outcomes if isinstance(outcome, Recorded))
        await write(self._connection, statements.SAVE, rows)


class Page(NamedTuple):
    """One page of the wanted entries."""

    rows: list[dict[str, Any]]
    total: int
    is_cut: bool
    """Whether wanted entries are missing, because all of them are too large for one answer."""


class LogbookReader:
    """Answers queries for entries."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def entries(self, query: EntryQuery) -> Page:
        """A page of entries, without the bytes of their files."""
        statement = statements.page(query)
        async with self._database.answering(Questions.COSTLY) as connection:
            found = statement.rows(connection, ENTRIES_AT_ONCE)
            rows, is_cut = await page_while_read(found, query.limit + 1, MOST_BODY_BYTES)
            if rows:
                return Page(rows, rows[0]["total"], is_cut)
            counted = statements.count(query)
            return Page(rows, await connection.fetchval(counted.text, *counted.arguments), is_cut)

    async def file(self, entry_id: UUID) -> dict[str, Any] | None:
        """The file of an entry, with the beamline of the entry."""
        async with self._database.answering(Questions.QUICK) as connection:
            row = await connection.fetchrow(statements.FILE, entry_id)
        return None if row is None else dict(row)

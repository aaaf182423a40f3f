"""The logbook in PostgreSQL."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from services.logbook.store import PostgresEntries
from shared.postgres.database import Database
from tests.builders.databases import opened
from tests.builders.logbook import Logbook


@pytest_asyncio.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """The schema of the logbook in a database of the test's own."""
    async with opened(database_url, "logbook") as database:
        yield database


@pytest.fixture
def logbook(database: Database) -> Logbook:
    async def texts() -> list[str]:
        async with database.connection() as connection:
            rows = await connection.fetch("select content -> 0 ->> 'text' as text from entry")
        return sorted(row["text"] for row in rows)

    return Logbook(PostgresEntries(database), texts)

"""The archive in PostgreSQL."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from services.archive.catalogue import MemoryCatalogue
from services.archive.store import PostgresReports
from shared.postgres.database import Database
from shared.postgres.migrations import migrate
from shared.postgres.settings import DatabaseSettings
from tests.builders.archive import DATASETS, Archive


@pytest_asyncio.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """The schema of the archive in a database of the test's own."""
    await migrate(database_url, {"archive": "archive"})
    database = Database(DatabaseSettings(url=database_url), "archive")
    await database.open()
    yield database
    await database.close()


@pytest.fixture
def archive(database: Database) -> Archive:
    async def kept() -> list[tuple[int, str]]:
        async with database.connection() as connection:
            rows = await connection.fetch("select dataset_number, about from report order by 1, 2")
        return [(row["dataset_number"], row["about"]) for row in rows]

    return Archive(PostgresReports(database, MemoryCatalogue(*DATASETS)), kept)

"""The archive in PostgreSQL."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from services.archive.catalogue import MemoryCatalogue
from services.archive.store import PostgresReports
from shared.postgres.database import Database
from tests.builders.archive import DATASETS, Archive
from tests.builders.databases import opened


@pytest_asyncio.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """The schema of the archive in a database of the test's own."""
    async with opened(database_url, "archive") as database:
        yield database


@pytest.fixture
def archive(database: Database) -> Archive:
    async def kept() -> list[tuple[int, str]]:
        async with database.connection() as connection:
            rows = await connection.fetch("select dataset_number, about from report order by 1, 2")
        return [(row["dataset_number"], row["about"]) for row in rows]

    return Archive(PostgresReports(database, MemoryCatalogue(*DATASETS)), kept)

from collections.abc import AsyncIterator

import pytest_asyncio

from services.catalog_writer.outbox import PostgresOutbox
from services.catalog_writer.store import PostgresCatalog
from shared.postgres.database import Database
from shared.postgres.migrations import migrate
from shared.postgres.settings import DatabaseSettings
from tests.integration.catalog_writer.harness import Catalogue, clock


@pytest_asyncio.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """The catalogue's schema, empty."""
    await migrate(database_url, {"catalog": "catalog_writer"})
    database = Database(DatabaseSettings(url=database_url, connections=12), "catalog")
    await database.open()
    yield database
    await database.close()


@pytest_asyncio.fixture
async def catalogue(database: Database) -> Catalogue:
    """A catalogue in PostgreSQL."""
    return Catalogue(PostgresCatalog(database, clock), PostgresOutbox(database))

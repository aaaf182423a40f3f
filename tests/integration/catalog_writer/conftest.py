from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from services.catalog_writer.outbox import PostgresOutbox
from services.catalog_writer.store import PostgresCatalog
from shared.postgres.database import Database
from tests.builders.databases import opened
from tests.integration.catalog_writer.harness import Catalogue, clock


@pytest_asyncio.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """The catalogue's schema, empty."""
    async with opened(database_url, "catalog", "catalog_writer", connections=12) as database:
        yield database


@pytest_asyncio.fixture(params=["same process", "other process"])
async def catalogue(request: pytest.FixtureRequest, database: Database) -> Catalogue:
    """A catalogue in PostgreSQL. The relay works in the writer's process, or in another one without its memory."""
    outbox = PostgresOutbox(database)
    relayed = outbox if request.param == "same process" else PostgresOutbox(database)
    return Catalogue(PostgresCatalog(database, clock, outbox), relayed)

from collections.abc import AsyncIterator
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import asyncpg
import pytest_asyncio

from services.linker.storage.postgres.store import PostgresLinks
from services.linker.tables import metadata
from shared.postgres.database import Database
from shared.postgres.migrations import migrate
from shared.postgres.settings import DatabaseSettings
from tests.builders.linker.records import IDENTITIES
from tests.builders.linker.world import DEMANDS, World


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def linker_url(postgres_url: str) -> AsyncIterator[str]:
    """A database with the linker's schema, for the tests of one file."""
    name = f"test_{uuid4().hex}"
    url = urlunsplit(urlsplit(postgres_url)._replace(path=f"/{name}"))
    admin = await asyncpg.connect(postgres_url)
    try:
        await admin.execute(f'create database "{name}"')
        await migrate(url, {"linker": "linker"})
        yield url
        await admin.execute(f'drop database "{name}" with (force)')
    finally:
        await admin.close()


@pytest_asyncio.fixture
async def database(linker_url: str) -> AsyncIterator[Database]:
    """The linker's schema, empty."""
    database = Database(DatabaseSettings(url=linker_url, connections=8), "linker")
    await database.open()
    async with database.connection() as connection:
        await connection.execute(f"truncate {', '.join(metadata.tables)}")
    yield database
    await database.close()


@pytest_asyncio.fixture
async def world(database: Database) -> World:
    """One replica of the linker on PostgreSQL."""
    return World(PostgresLinks(database, IDENTITIES, DEMANDS))


@pytest_asyncio.fixture
async def other_world(database: Database) -> World:
    """Another replica on the same database."""
    return World(PostgresLinks(database, IDENTITIES, DEMANDS))

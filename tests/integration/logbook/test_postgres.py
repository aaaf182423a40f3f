"""The logbook's store on PostgreSQL, held to the suite of its twin."""

import asyncio

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import create_async_engine

from services.logbook.tables import METADATA
from shared.postgres.migrations import migrate
from tests.builders.logbook import Logbook, told
from tests.suites.logbook import EntriesSuite

pytestmark = pytest.mark.integration


class TestPostgres(EntriesSuite):
    async def test_replicas_that_hear_the_same_entries_at_once_keep_each_once(self, logbook: Logbook) -> None:
        records = [told(f"entry {n}") for n in range(20)]
        await asyncio.gather(*(logbook.hear(batch) for batch in (records, records[::-1], records[5:])))
        assert await logbook.texts() == sorted(f"entry {n}" for n in range(20))


async def test_the_tables_are_those_that_the_migrations_make(database_url: str) -> None:
    await migrate(database_url, {"logbook": "logbook"})
    engine = create_async_engine(make_url(database_url).set(drivername="postgresql+asyncpg"))
    async with engine.connect() as connection:
        await connection.execute(text("set search_path to logbook"))
        assert await connection.run_sync(_differences) == []
    await engine.dispose()


def _differences(connection: Connection) -> list[object]:
    options = {"compare_type": True, "include_name": lambda name, *_: name != "alembic_version"}
    return list(compare_metadata(MigrationContext.configure(connection, opts=options), METADATA))

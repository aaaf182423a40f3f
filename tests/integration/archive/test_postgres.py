"""The archive's store on PostgreSQL, held to the suite of its twin."""

import asyncio

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import create_async_engine

from services.archive.tables import METADATA
from shared.postgres.migrations import migrate
from tests.builders.archive import Archive
from tests.builders.search.records import Topics
from tests.suites.archive import ReportsSuite

pytestmark = pytest.mark.integration


class TestPostgres(ReportsSuite):
    async def test_replicas_that_hear_the_same_reports_at_once_keep_each_once(self, archive: Archive) -> None:
        topics = Topics()
        reports = [topics.reported(42, f"report {n}") for n in range(20)]
        await asyncio.gather(*(archive.hear(*batch) for batch in (reports, reports[::-1], reports[5:])))
        assert await archive.kept() == [(42, "archiving")] * 20


async def test_the_tables_are_those_that_the_migrations_make(database_url: str) -> None:
    await migrate(database_url, {"archive": "archive"})
    engine = create_async_engine(make_url(database_url).set(drivername="postgresql+asyncpg"))
    async with engine.connect() as connection:
        await connection.execute(text("set search_path to archive"))
        assert await connection.run_sync(_differences) == []
    await engine.dispose()


def _differences(connection: Connection) -> list[object]:
    options = {"compare_type": True, "include_name": lambda name, *_: name != "alembic_version"}
    return list(compare_metadata(MigrationContext.configure(connection, opts=options), METADATA))

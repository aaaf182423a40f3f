"""A replay changes nothing, with every service on PostgreSQL: all tables of all schemas, before and after."""

import json
import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime

import asyncpg
import pytest

from services.catalog_writer.outbox import PostgresOutbox
from services.catalog_writer.store import PostgresCatalog
from services.linker.storage.postgres.store import PostgresLinks
from services.sample_tracking.store import PostgresHappenings, PostgresTracking, PostgresVisits
from services.search.app import new_index
from services.search.store import PostgresReadModel
from shared.postgres.database import Database
from shared.postgres.migrations import SCHEMAS, migrate
from shared.postgres.settings import DatabaseSettings
from tests.builders.described import TECHNIQUES
from tests.builders.pipeline import Stores, World
from tests.builders.read_model import snapshot
from tests.builders.seeds import seed_of_run
from tests.builders.submissions import IDENTITIES
from tests.suites.replays import settled, story, told, without_numbers

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("form")]

OWN = ("linker", "sample_tracking", "catalog")
"""Search has a snapshot of its own."""
NUMBERED = ["seq", "word", "offset", "record_offset", "timestamp_ms", "header_values", "body", "payload"]
NUMBERED += ["rejected", "rejected_ms"]
"""Columns that number arrivals, or say in which of several equal records something was read, or are compressed; and
which of several rejections is a dataset's last, as in the flow's test.
"""


@asynccontextmanager
async def world_on(url: str) -> AsyncIterator[World]:
    """Every service on one database, empty."""
    async with AsyncExitStack() as stack:
        databases = {}
        for schema in SCHEMAS:
            databases[schema] = Database(DatabaseSettings(url=url), schema)
            await databases[schema].open()
            stack.push_async_callback(databases[schema].close)
        tracking, outbox = databases["sample_tracking"], PostgresOutbox(databases["catalog"])

        def clock() -> datetime:
            return datetime(2026, 11, 24, tzinfo=UTC)

        yield World(
            stores=Stores(
                PostgresLinks(databases["linker"], IDENTITIES, TECHNIQUES.input_demands),
                PostgresTracking(tracking),
                PostgresHappenings(tracking),
                PostgresVisits(tracking),
                PostgresCatalog(databases["catalog"], clock, outbox),
                outbox,
                PostgresReadModel(databases["search"], clock, new_index()),
            )
        )


async def everything(url: str) -> dict[str, list[str]]:
    """All tables of all schemas, but for how far topics were read."""
    connection = await asyncpg.connect(url)
    try:
        tables = await connection.fetch(
            "select format('%I.%I', table_schema, table_name) as name from information_schema.tables"
            " where table_schema = any($1)",
            OWN,
        )
        found = {f"search.{table}": rows for table, rows in (await snapshot(connection)).items() if table != "position"}
        partly = (f"search.{table}" for table in ("receipt", "investigation", "revision", "rejection"))
        for name in (*partly, *(row["name"] for row in tables)):
            statement = f"select (to_jsonb(told) - $1::text[])::text from {name} as told"  # noqa: S608  # names
            found[name] = sorted(row[0] for row in await connection.fetch(statement, NUMBERED))
        found["linker.held"] = [row for row in found["linker.held"] if '"state": "released"' not in row]
        answers = [json.loads(row) for row in found["search.receipt"]]
        waits = {"waits_for": None}  # as in the answer: a replay tells what is missing by then
        found["search.receipt"] = [str(row | waits | {"answer": settled(row["answer"])}) for row in answers]
        happened = [json.loads(row) for row in found["search.activity"]]
        found["search.activity"] = sorted(
            str({name: value for name, value in row.items() if name not in NUMBERED}) for row in happened
        )
        return {name: [without_numbers(row) for row in rows] for name, rows in found.items()}
    finally:
        await connection.close()


async def test_a_replay_of_any_group_at_any_moment_changes_no_table(database_url: str) -> None:
    seed = seed_of_run()
    steps = story(random.Random(seed), 50)
    ends = []
    for chance in (None, random.Random(seed)):
        await migrate(database_url)
        async with world_on(database_url) as world:
            await told(world, steps, chance)
        ends.append(await everything(database_url))
        connection = await asyncpg.connect(database_url)
        for schema in SCHEMAS:
            await connection.execute(f"drop schema {schema} cascade")
        await connection.close()
    once, again = ends
    for name, rows in once.items():
        assert set(again[name]) ^ set(rows) == set(), name
        assert again[name] == rows, name
    assert len(once["catalog.dataset"]) >= 1

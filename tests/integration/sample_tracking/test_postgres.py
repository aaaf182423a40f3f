import asyncio
from collections.abc import AsyncIterator
from importlib import import_module

import asyncpg
import pytest
import pytest_asyncio
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import create_async_engine

from services.sample_tracking.handler import track
from services.sample_tracking.register import PostgresRegister
from services.sample_tracking.samples import TrackingView
from services.sample_tracking.store import PostgresHappenings, PostgresTracking, PostgresVisits
from services.sample_tracking.tables import METADATA
from shared.events.dataset import Tracking
from shared.events.identity import sample_key, sample_name
from shared.events.topics import LINKED
from shared.events.wire import read
from shared.postgres.migrations import migrate
from tests.builders.databases import opened
from tests.builders.sample_tracking import IDENTITIES, NOW, World, linked, moved, registered, sample_id, visited
from tests.suites.sample_tracking import StoreSuite

pytestmark = pytest.mark.integration

SCHEMA = "sample_tracking"
ALPHABETS = (*range(1, 0x590), *range(0x1E00, 0x2000))


@pytest_asyncio.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    async with opened(database_url, SCHEMA) as database:
        yield World(
            PostgresTracking(database),
            PostgresHappenings(database),
            PostgresVisits(database),
            PostgresRegister(database),
        )


class TestPostgres(StoreSuite):
    async def test_replicas_that_meet_the_same_samples_at_once_agree(self, world: World) -> None:
        records = [linked(f"/data/{n}", sample=f"s{n % 20}") for n in range(100)]
        batches = [records, records[::-1], records[50:], records[:50]]
        answers = await asyncio.gather(*(world.track(*batch) for batch in batches))
        assert answers[0] == answers[1][::-1] == answers[3] + answers[2]
        assert [await world.datasets(sample_id(f"s{n}")) for n in range(20)] == [5] * 20

    async def test_a_replica_that_is_slower_gives_the_answer_that_is_stored(
        self, world: World, database_url: str
    ) -> None:
        """Its own answer would differ: the input was measured again on another sample in the meantime."""
        child = linked("/data/b", inputs=["/data/a"])
        await world.track(linked("/data/a", sample="x1"))
        events = [read(child, LINKED, TrackingView)]
        async with world.tracking.transaction() as faster:
            await faster.save(events, track(IDENTITIES, events, await faster.load(events), NOW))
            await world.track(linked("/data/a", sample="x2", receipt="again"))
            slower = asyncio.create_task(world.track(child, linked("/data/c", inputs=["/data/a"])))
            await blocked(database_url, slower)
        names = [tracking.sample.name for tracking in await slower if tracking.sample]
        assert names == ["x1", "x2"]
        assert await world.track(child) == (await slower)[:1]

    async def test_replicas_that_hear_the_same_happenings_at_once_keep_each_once(self, world: World) -> None:
        events = [moved("mounted", "RAC1b", hour, session="S1") for hour in range(20)]
        await asyncio.gather(*(world.hear(*batch) for batch in (events, events[::-1], events)))
        assert await world.history(sample_id("RAC1b")) == ["mounted"] * 20


async def blocked(database_url: str, replica: asyncio.Task[list[Tracking]]) -> None:
    """Return as soon as the replica waits for a lock."""
    connection = await asyncpg.connect(database_url)
    waiting = "select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"
    while not await connection.fetch(waiting):
        assert not replica.done(), "it did not wait"
    await connection.close()


async def test_names_are_compared_as_indexes_of_the_database_have_them(database_url: str) -> None:
    letters = [letter for code in ALPHABETS if sample_name(letter := chr(code)) == letter]
    connection = await asyncpg.connect(database_url)
    lowered = await connection.fetchval("select array(select lower(one) from unnest($1::text[]) as one)", letters)
    await connection.close()
    assert lowered == [sample_key(letter) for letter in letters]


async def test_what_was_kept_before_visits_were_is_still_told(world: World, database_url: str) -> None:
    await world.track(linked("/data/a", sample="x1"))
    await world.hear(moved("mounted", "x1"))
    connection = await asyncpg.connect(database_url, server_settings={"search_path": SCHEMA})
    await connection.execute("delete from visit")
    await connection.execute(import_module("services.sample_tracking.migrations.0002_visits").VISITS_OF_SAMPLES)
    await connection.close()
    assert await world.history(sample_id("x1")) == ["mounted"]
    await world.learn(registered(visited("S1", -30)))
    assert await world.history(sample_id("x1")) == []


async def test_the_migrations_make_exactly_the_declared_tables(database_url: str) -> None:
    await migrate(database_url, {SCHEMA: SCHEMA})
    engine = create_async_engine(make_url(database_url).set(drivername="postgresql+asyncpg"))
    async with engine.begin() as connection:
        await connection.execute(text(f"set search_path to {SCHEMA}"))
        differences = await connection.run_sync(_differences)
    await engine.dispose()
    assert differences == []


def _differences(connection: Connection) -> list[object]:
    options = {"compare_type": True, "include_name": lambda name, *_: name != "alembic_version"}
    return list(compare_metadata(MigrationContext.configure(connection, opts=options), METADATA))

"""The read model in PostgreSQL is a function of the set of events, table by table."""

import random

import pytest

from shared.postgres.database import Database
from tests.integration.search.conftest import PostgresWorld
from tests.read_model import LEFT_OUT, SNAPSHOT, Snapshot, differences, snapshot
from tests.unit.search.arriving import arriving, everything

pytestmark = pytest.mark.integration

TABLES = ", ".join(sorted({*SNAPSHOT, *LEFT_OUT} - {"generation"}))
SEEDS, ORDERS = 6, 3


async def emptied(database: Database) -> PostgresWorld:
    """A read model of nothing; what a store remembers of another one is void."""
    async with database.connection() as connection:
        await connection.execute(f"truncate {TABLES}")
        await connection.execute("update generation set generation = gen_random_uuid()")
    return PostgresWorld(database)


async def whole(database: Database) -> Snapshot:
    async with database.connection() as connection:
        return await snapshot(connection)


async def test_any_order_and_any_repetition_of_the_events_of_all_topics_gives_equal_tables(database: Database) -> None:
    for seed in random.sample(range(2**32), SEEDS):
        print(f"SEED={seed}")  # noqa: T201  # shown when the test fails
        chance = random.Random(seed)
        records = everything(chance, 80)
        world = await emptied(database)
        for record in records:
            await world.note(record)
        as_told = await whole(database)
        for _ in range(ORDERS):
            world = await emptied(database)
            for batch in arriving(chance, records):
                await world.note(*batch)
            assert differences(await whole(database), as_told) == []
        assert [table for table in SNAPSHOT if not as_told[table] and table != "session"] == []

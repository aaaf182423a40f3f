"""The read model in PostgreSQL is a function of the set of events, table by table."""

import random

import pytest

from shared.postgres import additions
from shared.postgres.database import Database
from tests.builders.read_model import SNAPSHOT, Snapshot, differences, snapshot
from tests.builders.search.arrivals import arriving, everything
from tests.builders.seeds import seed_of_run
from tests.integration.search.conftest import emptied

pytestmark = pytest.mark.integration

SEEDS, ORDERS = 6, 3


async def whole(database: Database) -> Snapshot:
    async with database.connection() as connection:
        return await snapshot(connection)


@pytest.mark.parametrize("few_rows", [0, additions.FEW_ROWS])
async def test_any_order_and_any_repetition_of_the_events_of_all_topics_gives_equal_tables(
    database: Database, few_rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(additions, "FEW_ROWS", few_rows)
    run = seed_of_run()
    for seed in range(run, run + SEEDS):
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

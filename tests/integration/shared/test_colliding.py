"""As `tests/flow/test_colliding.py`, on PostgreSQL: the same answers, and the same links and investigations."""

import json
import random
from typing import Any

import pytest

from services.catalog_writer.outbox import PostgresOutbox
from services.catalog_writer.store import PostgresCatalog
from services.linker.storage.postgres.store import PostgresLinks
from services.sample_tracking.store import PostgresHappenings, PostgresTracking, PostgresVisits
from services.search.app import new_index
from services.search.query.receipts import submissions
from services.search.store import PostgresReadModel
from shared.postgres.database import Database
from shared.postgres.migrations import migrate
from shared.postgres.settings import DatabaseSettings
from tests.builders.collisions import check, drawn, tell
from tests.builders.described import TECHNIQUES
from tests.builders.pipeline import Stores, World
from tests.builders.search.records import NOON
from tests.builders.seeds import seed_of_run
from tests.builders.submissions import IDENTITIES

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("form")]

BATCHES, LENGTH = 6, 12
ROWS = "select *, coalesce(receipt, receipt_id) as receipt_id from receipt"


USED = ("linker", "sample_tracking", "catalog", "search")


async def answers(search: Database) -> list[dict[str, Any]]:
    async with search.connection() as connection:
        rows = submissions([dict(row) for row in await connection.fetch(ROWS)])
    return [row | {"state": json.loads(row["answer"])["state"]} for row in rows]


async def test_whatever_collides_each_submission_has_its_own_answer(database_url: str) -> None:
    seed = seed_of_run()
    chance = random.Random(seed)
    await migrate(database_url)
    databases = {schema: Database(DatabaseSettings(url=database_url), schema) for schema in USED}
    for database in databases.values():
        await database.open()
    linker, tracking, catalog, search = databases.values()
    outbox = PostgresOutbox(catalog)
    world = World(
        stores=Stores(
            PostgresLinks(linker, IDENTITIES, TECHNIQUES.input_demands),
            PostgresTracking(tracking),
            PostgresHappenings(tracking),
            PostgresVisits(tracking),
            PostgresCatalog(catalog, lambda: NOON, outbox),
            outbox,
            PostgresReadModel(search, lambda: NOON, new_index()),
        )
    )
    said = await tell(world, [drawn(chance, LENGTH) for _ in range(BATCHES)])
    check(world, said, await answers(search))
    for database in databases.values():
        await database.close()

import asyncio

import pytest
from hypothesis import HealthCheck, given, settings

from services.linker.storage.postgres.store import PostgresLinks
from shared.postgres.database import Database
from shared.postgres.settings import DatabaseSettings
from tests.builders.linker.model import histories, live_through
from tests.builders.linker.records import IDENTITIES
from tests.builders.linker.world import DEMANDS, World

pytestmark = pytest.mark.integration


async def live_through_on_postgres(url: str, history: list[tuple[str, object]]) -> None:
    database = Database(DatabaseSettings(url=url), "linker")
    await database.open()
    try:
        async with database.connection() as connection:
            await connection.execute("truncate held, dataset, investigation")
        await live_through(World(PostgresLinks(database, IDENTITIES, DEMANDS)), history)
    finally:
        await database.close()


@settings(max_examples=25, deadline=None, print_blob=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=histories)
def test_whatever_happens_the_linker_does_as_the_model(linker_url: str, history: list[tuple[str, object]]) -> None:
    asyncio.run(live_through_on_postgres(linker_url, history))

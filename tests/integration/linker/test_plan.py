"""What one process remembers of the plan is what the table holds, whoever changed it."""

import pytest
from asyncpg import PostgresError

from services.linker.plan.slots import Slot, opened
from services.linker.storage.postgres.investigations import keep_slots
from services.linker.storage.postgres.plan import VERSION, PlanReader
from shared.postgres.database import Database
from tests.builders.linker.records import IDENTITIES, NOON

pytestmark = pytest.mark.integration

HOME = "mx1", "id30a-3"
OTHER_HOME = "mx2", "id30a-3"


def investigation(home: tuple[str, str] = HOME, number: int = 1) -> Slot:
    return opened(home, NOON, IDENTITIES, number)


@pytest.fixture
def plans() -> PlanReader:
    return PlanReader(IDENTITIES)


async def read(database: Database, plans: PlanReader, home: tuple[str, str] = HOME) -> Slot | None:
    async with database.connection() as connection:
        plan = await plans.read(connection, await connection.fetchval(VERSION), {home}, ())
    return plan.at(home, NOON)


async def test_what_was_read_is_not_read_again_until_the_plan_changes(database: Database, plans: PlanReader) -> None:
    async with database.connection() as connection:
        await keep_slots(connection, [investigation()])
    first, again = [await read(database, plans) for _ in range(2)]
    assert first == investigation()
    assert again is first


async def test_another_home_is_read_without_a_change(database: Database, plans: PlanReader) -> None:
    async with database.connection() as connection:
        await keep_slots(connection, [investigation(), investigation(OTHER_HOME, 2)])
    first = await read(database, plans)
    assert await read(database, plans, OTHER_HOME) == investigation(OTHER_HOME, 2)
    assert await read(database, plans) is first


@pytest.mark.parametrize(
    "statement",
    ["update investigation set title = 'changed'", "delete from investigation", "truncate investigation"],
)
async def test_a_change_by_an_operator_is_seen(database: Database, plans: PlanReader, statement: str) -> None:
    async with database.connection() as connection:
        await keep_slots(connection, [investigation()])
    before = await read(database, plans)
    async with database.connection() as connection:
        await connection.execute(statement)
    after = await read(database, plans)
    assert before is not None
    assert before.title is None
    assert after is None or after.title == "changed"


async def test_a_change_is_seen_when_it_is_committed(database: Database, plans: PlanReader) -> None:
    async with database.transaction() as writer:
        await keep_slots(writer, [investigation()])
        assert await read(database, plans) is None
    assert await read(database, plans) == investigation()


async def test_a_change_that_was_rolled_back_is_forgotten_even_by_the_process_that_read_it(
    database: Database, plans: PlanReader
) -> None:
    async def fail_after_reading() -> None:
        async with database.transaction() as writer:
            await keep_slots(writer, [investigation()])
            plan = await plans.read(writer, await writer.fetchval(VERSION), {HOME}, ())
            assert plan.at(HOME, NOON) == investigation()
            await writer.execute("select 1 / 0")

    with pytest.raises(PostgresError):
        await fail_after_reading()
    assert await read(database, plans) is None
    async with database.connection() as connection:
        await keep_slots(connection, [investigation(number=2)])
    assert await read(database, plans) == investigation(number=2)


async def test_without_a_version_the_plan_is_read_each_time(database: Database, plans: PlanReader) -> None:
    async with database.connection() as connection:
        await connection.execute("truncate plan_version")
    assert await read(database, plans) is None
    async with database.connection() as connection:
        await keep_slots(connection, [investigation()])
        await connection.execute("truncate plan_version")
    first, again = [await read(database, plans) for _ in range(2)]
    assert first == again == investigation()
    assert again is not first

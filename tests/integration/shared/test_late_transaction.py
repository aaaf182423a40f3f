"""A transaction that begins when it is asked to."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest
import pytest_asyncio

from shared.postgres.database import Database, LateTransaction
from tests.builders.databases import opened

pytestmark = pytest.mark.integration

ADD = "insert into freed values (gen_random_uuid())"
LOCK = "select pg_advisory_xact_lock(4711)"
IS_LOCKED = "select exists (select from pg_locks where locktype = 'advisory' and objid = 4711)"


@pytest_asyncio.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    async with opened(database_url, "linker") as database:
        yield database


async def count(database: Database) -> int:
    async with database.connection() as connection:
        return int(await connection.fetchval("select count(*) from freed"))


async def is_open(transaction: LateTransaction) -> bool:
    """Two statements see the same time only within one transaction."""
    first, second = [await transaction.connection.fetchval("select now()") for _ in range(2)]
    return bool(first == second)


async def test_it_begins_when_it_is_asked_to_and_commits_at_the_end(database: Database) -> None:
    async with database.late_transaction() as transaction:
        assert not await is_open(transaction)
        await transaction.begin()
        assert await is_open(transaction)
        await transaction.connection.execute(ADD)
        assert await count(database) == 0, "nobody else sees it yet"
    assert await count(database) == 1


async def test_its_locks_are_taken_as_it_begins_or_later_and_freed_at_the_end(database: Database) -> None:
    for begun in (False, True):
        async with database.late_transaction() as transaction:
            if begun:
                await transaction.begin()
            await transaction.begin(LOCK, "select 1")
            assert await transaction.connection.fetchval(IS_LOCKED)
        async with database.connection() as connection:
            assert not await connection.fetchval(IS_LOCKED)


@pytest.mark.parametrize("statement", ["select 1 / 0", "select pg_cancel_backend(pg_backend_pid())"])
async def test_an_error_takes_back_what_was_written(database: Database, statement: str) -> None:
    async def fail() -> None:
        async with database.late_transaction() as transaction:
            await transaction.begin(LOCK)
            await transaction.connection.execute(ADD)
            await transaction.begin(statement)

    with pytest.raises(asyncpg.PostgresError):
        await fail()
    assert await count(database) == 0
    async with database.connection() as connection:
        assert not await connection.fetchval(IS_LOCKED)


async def test_a_task_that_is_cancelled_takes_back_what_was_written(database: Database) -> None:
    has_written = asyncio.Event()

    async def write() -> None:
        async with database.late_transaction() as transaction:
            await transaction.begin()
            await transaction.connection.execute(ADD)
            has_written.set()
            await transaction.connection.execute("select pg_sleep(60)")

    task = asyncio.create_task(write())
    await has_written.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await count(database) == 0


async def test_an_error_before_it_has_begun_changes_nothing(database: Database) -> None:
    async def fail() -> None:
        async with database.late_transaction():
            raise ValueError

    with pytest.raises(ValueError, match=r"^$"):
        await fail()
    async with database.late_transaction() as transaction:
        assert not await is_open(transaction)

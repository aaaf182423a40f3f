"""What PostgreSQL does with the transaction of a process that is silent, and of one that only waits."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest
import pytest_asyncio

from shared import database as module
from shared.database import Database, kept_awake
from shared.faults import Fault, fault_of
from shared.migrations import migrate
from shared.settings import Settings

pytestmark = pytest.mark.integration

LOCK = 4711
READING = f"""
import asyncio, asyncpg, sys
from shared.database import SILENCE

async def main():
    connection = await asyncpg.connect(sys.argv[1], server_settings=SILENCE | {{"tcp_user_timeout": "1s"}})
    async with connection.transaction():
        await connection.execute("select pg_advisory_xact_lock({LOCK})")
        print("locked", flush=True)
        await connection.fetch("select repeat('x', 1000000) from generate_series(1, 10000)")

asyncio.run(main())
"""  # noqa: S608  # a number of ours
"""Takes a lock and reads ten gigabytes."""


@pytest_asyncio.fixture
async def database(database_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Database]:
    """Whose server has less patience than it is told to have."""
    monkeypatch.setitem(module.SILENCE, "idle_in_transaction_session_timeout", "500ms")
    monkeypatch.setattr(module, "AWAKE_SECONDS", 0.1)
    await migrate(database_url, {"linker": "linker"})
    database = Database(Settings(database_url=database_url), "linker")
    await database.open()
    yield database
    await database.close()


async def lock_of(database: Database) -> None:
    """Wait for the lock, and let it go."""
    async with asyncio.timeout(20), database.transaction() as connection:
        await connection.execute("select pg_advisory_xact_lock($1)", LOCK)


@asynccontextmanager
async def silent(database: Database) -> AsyncIterator[None]:
    """A transaction that holds the lock and says nothing; whoever wakes in it finds that it is gone."""
    async with database.transaction() as connection:
        await connection.execute("select pg_advisory_xact_lock($1)", LOCK)
        yield
        await connection.execute("select 1")


async def test_a_silent_transaction_loses_its_locks_and_its_process_tries_again(database: Database) -> None:
    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError)) as woken:
        async with silent(database):
            await lock_of(database)
    assert fault_of(woken.value) is Fault.TRANSIENT
    await lock_of(database)


async def test_a_process_that_waits_for_something_else_is_heard(database: Database) -> None:
    async with database.transaction() as connection:
        await connection.execute("select pg_advisory_xact_lock($1)", LOCK)
        async with kept_awake(connection):
            await asyncio.sleep(1.5)  # three times what a silent one is given
        assert await connection.fetchval("select 1") == 1


async def test_a_stopped_process_that_reads_no_more_loses_its_locks(database: Database, database_url: str) -> None:
    """The server is in the middle of an answer, so its session is not idle."""
    reader = await asyncio.create_subprocess_exec(
        sys.executable, "-c", READING, database_url, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    assert reader.stdout is not None
    try:
        assert await reader.stdout.readline() == b"locked\n"
        os.kill(reader.pid, signal.SIGSTOP)
        await lock_of(database)
    finally:
        reader.kill()
        await reader.wait()

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

from deploy.commands.recovery import _writing
from shared.postgres import database as module
from shared.postgres.database import Database, kept_awake
from shared.postgres.settings import DatabaseSettings
from shared.runtime.error_kinds import ErrorKind, error_kind
from tests.builders.databases import opened
from tests.builders.settings import base_settings

pytestmark = pytest.mark.integration

LOCK = 4711
MOST_IDLE_SECONDS = 60.0
"""Far more than any of the times that the server is told here; without them it would wait for ever."""
STOPPING = f"""
import asyncio, asyncpg, os, signal, sys
from shared.postgres.database import SILENCE

async def main():
    impatient = {{"tcp_user_timeout": "1s", "transaction_timeout": "5s", "idle_in_transaction_session_timeout": "1min"}}
    connection = await asyncpg.connect(sys.argv[1], server_settings=SILENCE | impatient)
    async with connection.transaction():
        await connection.execute("select pg_advisory_xact_lock({LOCK})")
        print("locked", flush=True)
        %s

asyncio.run(main())
"""
WAITS = """
select exists (select from pg_stat_activity join pg_locks using (pid)
    where locktype = 'advisory' and state = 'active' and wait_event = $1)
"""
STOPS = {
    "while it prepares a statement": (
        "await connection.prepare('select 2'); os.kill(os.getpid(), signal.SIGSTOP)",
        "ClientRead",
    ),
    "while it reads an answer": (
        "await connection.fetch(\"select repeat('x', 1000000) from generate_series(1, 10000)\")",
        "ClientWrite",
    ),
}
"""What a process does with the lock, and what the server then waits for."""


@pytest_asyncio.fixture
async def database(database_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Database]:
    """Whose server has less patience than it is told to have."""
    monkeypatch.setitem(module.SILENCE, "idle_in_transaction_session_timeout", "500ms")
    monkeypatch.setattr(module, "AWAKE_SECONDS", 0.1)
    async with opened(database_url, "linker") as database:
        yield database


async def lock_of(database: Database) -> None:
    """Wait for the lock, and let it go."""
    async with asyncio.timeout(MOST_IDLE_SECONDS), database.transaction() as connection:
        await connection.execute("select pg_advisory_xact_lock($1)", LOCK)


@asynccontextmanager
async def silent(database: Database) -> AsyncIterator[None]:
    """A transaction that holds the lock and says nothing; whoever wakes in it finds that it is gone."""
    async with database.transaction() as connection:
        await connection.execute("select pg_advisory_xact_lock($1)", LOCK)
        yield
        await connection.execute("select 1")


async def test_a_silent_transaction_loses_its_locks_and_its_process_tries_again(database: Database) -> None:
    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, ConnectionError)) as woken:
        async with silent(database):
            await lock_of(database)
    assert error_kind(woken.value) is ErrorKind.TRANSIENT
    await lock_of(database)


async def test_a_process_that_waits_for_something_else_is_heard(database: Database) -> None:
    async with database.transaction() as connection:
        await connection.execute("select pg_advisory_xact_lock($1)", LOCK)
        async with kept_awake(connection):
            await asyncio.sleep(1.5)  # three times what a silent one is given
        assert await connection.fetchval("select 1") == 1


@pytest.mark.usefixtures("database")
async def test_what_an_operator_has_read_again_may_take_its_time(database_url: str) -> None:
    """With the services stopped, nobody waits for it."""
    async with _writing(base_settings(database=DatabaseSettings(url=database_url)), "linker") as connection:
        await asyncio.sleep(1.5)
        assert await connection.fetchval("select count(*) from investigation") == 0


@pytest.mark.parametrize("when", STOPS)
async def test_a_process_that_stops_and_is_not_idle_loses_its_locks(
    database: Database, database_url: str, when: str
) -> None:
    deed, waits_for = STOPS[when]
    stopped = await asyncio.create_subprocess_exec(
        sys.executable, "-c", STOPPING % deed, database_url, stdout=asyncio.subprocess.PIPE
    )
    assert stopped.stdout is not None
    try:
        assert await stopped.stdout.readline() == b"locked\n"
        watching = await asyncpg.connect(database_url)  # roles of services see nothing of other sessions
        async with asyncio.timeout(MOST_IDLE_SECONDS):
            while not await watching.fetchval(WAITS, waits_for):  # noqa: ASYNC110  # the server tells no event
                await asyncio.sleep(0.01)
        await watching.close()
        os.kill(stopped.pid, signal.SIGSTOP)
        await lock_of(database)
    finally:
        stopped.kill()
        await stopped.wait()

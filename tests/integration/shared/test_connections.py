"""A pool on a real PostgreSQL: a connection that broke is not used again, and a fresh one can be asked for."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from shared.foundation.errors import Fatal
from shared.postgres.database import Database, fresh_connections, role_of
from shared.runtime.error_kinds import ErrorKind, error_kind
from tests.builders.databases import opened

pytestmark = pytest.mark.integration

PID = "select pg_backend_pid()"


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    async with opened(database_url, "catalog", connections=2) as database:
        yield database


async def pid_of(database: Database) -> int:
    async with database.transaction() as connection:
        return int(await connection.fetchval(PID))


async def test_a_connection_serves_again_after_an_error_of_the_data(database: Database) -> None:
    before = await pid_of(database)
    with pytest.raises(asyncpg.DivisionByZeroError):
        async with database.transaction() as connection:
            await connection.execute("select 1 / 0")
    assert await pid_of(database) == before


@pytest.mark.parametrize(
    "error",
    [
        asyncpg.InternalClientError("cannot switch to state 15; another operation (2) is in progress"),
        asyncpg.InterfaceError("cannot perform operation: another operation is in progress"),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_a_connection_whose_client_lost_count_is_not_used_again(database: Database, error: Exception) -> None:
    before = await pid_of(database)
    with pytest.raises(ConnectionError, match=type(error).__name__) as caught:
        async with database.connection():
            raise error
    assert error_kind(caught.value) is ErrorKind.TRANSIENT
    assert await pid_of(database) != before


async def test_a_fresh_connection_was_never_used(database: Database) -> None:
    before = await pid_of(database)
    with fresh_connections():
        fresh = await pid_of(database)
    assert fresh != before
    assert await pid_of(database) == fresh


async def test_a_terminated_session_is_transient_wherever_it_ends(database: Database, database_url: str) -> None:
    admin = await asyncpg.connect(database_url)
    try:
        with pytest.raises(Exception) as caught:  # noqa: PT011, PT012  whatever the client makes of it, and wherever
            async with database.transaction() as connection:
                await admin.execute("select pg_terminate_backend($1)", await connection.fetchval(PID))
                await connection.fetchval(PID)
    finally:
        await admin.close()
    assert error_kind(caught.value) is ErrorKind.TRANSIENT
    await pid_of(database)


async def test_a_connection_that_postgres_refuses_for_good_blames_no_event(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Refusing:
        async def acquire(self) -> None:
            raise asyncpg.InvalidParameterValueError(f"role {role_of('catalog')} does not exist")

    monkeypatch.setattr(database, "_work", Refusing())
    with pytest.raises(Fatal, match="refuses a connection"):
        await pid_of(database)

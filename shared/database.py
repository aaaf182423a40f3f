"""PostgreSQL for one service: its own schema, under its own role, and no other."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from typing import TypeAlias

import asyncpg

from shared.fatal import Fatal
from shared.faults import breaks_connection
from shared.settings import Settings

Connection: TypeAlias = "asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"


_IS_FRESH = ContextVar("_IS_FRESH", default=False)


@contextmanager
def fresh_connections() -> Iterator[None]:
    """Inside it, no connection is used again that was there before."""
    token = _IS_FRESH.set(True)
    try:
        yield
    finally:
        _IS_FRESH.reset(token)


def are_connections_fresh() -> bool:
    """Whether only new connections are used here."""
    return _IS_FRESH.get()


def role_of(schema: str) -> str:
    """The role that owns a service's schema and sees no other."""
    return f"beamcat_{schema.removesuffix('_next')}"


async def _nothing(_: "asyncpg.Connection[asyncpg.Record]") -> None:
    """All that a transaction of ours sets ends with it, so a connection needs no reset, which is a round trip."""


class Database:
    """A pool of connections that act as the service's role inside the service's schema."""

    def __init__(self, settings: Settings, schema: str) -> None:
        self.schema = schema
        self._settings = settings
        self._pool: asyncpg.Pool[asyncpg.Record] | None = None

    async def open(self) -> None:
        """Connect, and make sure that the schema is there.

        Raises:
            Fatal: the schema or its role is missing.
        """
        settings: dict[str, str] = {
            "search_path": self.schema,
            "role": role_of(self.schema),
            "application_name": f"beamcat {self.schema}",
        }
        try:
            pool = await asyncpg.create_pool(
                self._settings.database_url,
                min_size=1,
                max_size=self._settings.database_connections,
                server_settings=settings,
                command_timeout=60,
                reset=_nothing,
            )
        except asyncpg.InvalidParameterValueError as error:
            raise Fatal(
                f"the database knows no role {role_of(self.schema)}: run `beamcat migrate` first ({error})"
            ) from error
        if await pool.fetchval("select to_regclass('alembic_version') is null"):
            await pool.close()
            raise Fatal(f"the schema {self.schema} is not there: run `beamcat migrate` first")
        self._pool = pool

    async def close(self) -> None:
        """Close every connection; transactions under way are rolled back by the server."""
        if self._pool is not None:
            self._pool.terminate()
            self._pool = None

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """A connection outside a transaction. It is not used again after an error that leaves it in an unknown state.

        Raises:
            Fatal: PostgreSQL takes no connection of this role with these settings.
            ConnectionError: the connection broke, whatever its client said of it.
        """
        if self._pool is None:
            raise ConnectionError("the database is not reached yet")
        if are_connections_fresh():
            await self._pool.expire_connections()
        connection = await self._acquire(self._pool)
        try:
            yield connection
        except Exception as error:
            if not breaks_connection(error):
                raise
            connection.terminate()
            raise ConnectionError(f"the connection broke: {type(error).__name__}: {error}") from error
        finally:
            await self._pool.release(connection)

    async def _acquire(self, pool: "asyncpg.Pool[asyncpg.Record]") -> Connection:
        try:
            return await pool.acquire()
        except asyncpg.DataError as error:  # no event has been seen yet: it is about us
            raise Fatal(f"PostgreSQL refuses a connection of {role_of(self.schema)}: {error}") from error

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """A transaction that commits on leaving and rolls back on an error."""
        async with self.connection() as connection, connection.transaction():
            yield connection

"""PostgreSQL for one service: its own schema, under its own role, and no other."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypeAlias

import asyncpg

from shared.fatal import Fatal
from shared.settings import Settings

Connection: TypeAlias = "asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"


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
        """A connection outside a transaction."""
        if self._pool is None:
            raise ConnectionError("the database is not reached yet")
        async with self._pool.acquire() as connection:
            yield connection

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """A transaction that commits on leaving and rolls back on an error."""
        async with self.connection() as connection, connection.transaction():
            yield connection

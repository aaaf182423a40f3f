"""The schema of a service in a database of a test's own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from shared.postgres.database import Database
from shared.postgres.migrations import migrate
from shared.postgres.settings import DatabaseSettings


@asynccontextmanager
async def opened(
    database_url: str, schema: str, service: str | None = None, **settings: int
) -> AsyncIterator[Database]:
    """A database in which the schema is migrated. `service` has another name than the schema, or none."""
    await migrate(database_url, {schema: service or schema})
    database = Database(DatabaseSettings(url=database_url, **settings), schema)
    await database.open()
    yield database
    await database.close()

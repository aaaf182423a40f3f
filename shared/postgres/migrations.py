"""Migrations of the database: each service with a store has one schema, one role and one line of revisions."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Connection, text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import create_async_engine

from shared.foundation.errors import Fatal
from shared.postgres.database import role_of

SCHEMAS = {
    "linker": "linker",
    "sample_tracking": "sample_tracking",
    "catalog": "catalog_writer",
    "search": "search",
    "logbook": "logbook",
    "archive": "archive",
    "icat_plus": "icat_plus",
}
"""Each schema, and the service that owns it."""

ROOT = Path(__file__).parents[2]
MIGRATION_LOCK = 0x6265616D


async def migrate(database_url: str, schemas: dict[str, str] | None = None) -> None:
    """Create missing schemas and apply new revisions, in one transaction for each schema.

    It is safe to run it repeatedly and concurrently.

    Raises:
        Fatal: a schema was made by a newer version.
    """
    engine = create_async_engine(make_url(database_url).set(drivername="postgresql+asyncpg"))
    try:
        for schema, service in (schemas or SCHEMAS).items():
            async with engine.begin() as connection:
                await connection.run_sync(_migrate_schema, schema, service)
    finally:
        await engine.dispose()


def _migrate_schema(connection: Connection, schema: str, service: str) -> None:
    role = role_of(schema)
    connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
    if not connection.scalar(text("select 1 from pg_roles where rolname = :role"), {"role": role}):
        connection.execute(text(f'create role "{role}" nologin'))
        connection.execute(text(f'grant "{role}" to current_user'))
    connection.execute(text(f'create schema if not exists "{schema}" authorization "{role}"'))
    connection.execute(text(f'set local search_path to "{schema}"'))
    connection.execute(text(f'set local role "{role}"'))
    try:
        command.upgrade(alembic_config(connection, service), "head")
    except CommandError as error:
        raise Fatal(
            f"this version does not know the schema {schema} ({error}): run the version that made it"
        ) from error


def alembic_config(connection: Connection, service: str) -> Config:
    """Alembic's configuration for the migrations of one service, on a connection whose search path is the schema."""
    config = Config()
    config.set_main_option("script_location", str(ROOT / "shared/postgres/alembic"))
    config.set_main_option("version_locations", str(ROOT / "services" / service / "migrations"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config

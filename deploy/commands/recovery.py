"""The recovery after an older backup of PostgreSQL was restored, across the tables of all services."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

import services
from services.catalog_writer.lost_numbers import LostNumbers
from services.linker.storage.postgres.lost_investigations import LostInvestigations
from shared.events.topics import COMMITTED, REGISTERED
from shared.kafka.rewind import check_empty, replay, rewind
from shared.postgres.database import Connection, Database
from shared.runtime.settings import Settings


@dataclass(frozen=True)
class Recovered:
    """The result: what was found again, and where the services continue."""

    numbers: int
    """Datasets that the catalogue lacks, whose numbers are reserved again."""
    investigations: int
    groups: Sequence[str]
    gone: dict[str, datetime]
    """Topics that no longer go back to `since`, with the time from which they do."""


async def recover(settings: Settings, since: datetime, progress: Callable[[int, int], None]) -> Recovered:
    """Restore what only the lost tables and Kafka knew, then rewind every stage with tables to `since`.

    Doing it again changes nothing.

    Raises:
        Fatal: a service runs, or a schema is missing.
    """
    groups = remembering_groups(settings)
    await check_empty(settings, groups)
    async with _writing(settings, "catalog") as catalogue, _writing(settings, "linker") as linker:
        numbers, investigations = LostNumbers(catalogue), LostInvestigations(linker)
        async for records in replay(settings, [COMMITTED, REGISTERED], progress):
            await numbers.take(records)
            await investigations.take(records)
        found = await numbers.finish(), await investigations.finish()
    return Recovered(*found, groups, await rewind(settings, groups, since))


def remembering_groups(settings: Settings) -> list[str]:
    """The consumer groups of the services that have tables."""
    loaded = [service for service in map(services.load, services.NAMES) if service.schema]
    return [stage.group for service in loaded for stage in service.assemble(service.resources(settings)).stages]


@asynccontextmanager
async def _writing(settings: Settings, schema: str) -> AsyncIterator[Connection]:
    database = Database(settings, schema)
    await database.open()
    try:
        async with database.transaction() as connection:
            for setting in ("idle_in_transaction_session_timeout", "transaction_timeout"):
                await connection.execute(f"set local {setting} = 0")  # topics are read meanwhile, and no service waits
            yield connection
    finally:
        await database.close()

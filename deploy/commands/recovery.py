"""The recovery after an older backup of PostgreSQL was restored, across the tables of all services."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

import services
from services.catalog_writer.lost_numbers import LostNumbers
from services.linker.storage.postgres.lost_investigations import LostInvestigations
from shared.events.topics import COMMITTED, REGISTERED
from shared.host.settings import ServiceSettings
from shared.kafka.rewind import check_empty, replay, rewind
from shared.postgres.database import Connection, Database


@dataclass(frozen=True)
class Recovered:
    """The result: what was found again, and where the services continue."""

    numbers: int
    """Datasets that the catalogue lacks, whose numbers are reserved again."""
    investigations: int
    groups: Sequence[str]
    gone: dict[str, datetime]
    """Topics that no longer go back to `since`, with the time from which they do."""


async def recover(settings: ServiceSettings, since: datetime, progress: Callable[[int, int], None]) -> Recovered:
    """Restore what only the lost tables and Kafka knew, then rewind every stage with tables to `since`.

    Doing it again changes nothing.

    Raises:
        Fatal: a service runs, or a schema is missing.
    """
    groups = remembering_groups(settings)
    await check_empty(settings.kafka, groups)
    async with _writing(settings, "catalog") as catalogue, _writing(settings, "linker") as linker:
        numbers, investigations = LostNumbers(catalogue), LostInvestigations(linker)
        async for records in replay(settings.kafka, [COMMITTED, REGISTERED], settings.stages.batch_events, progress):
            await numbers.take(records)
            await investigations.take(records)
        found = await numbers.finish(), await investigations.finish()
    return Recovered(*found, groups, await rewind(settings.kafka, groups, since))


def remembering_groups(settings: ServiceSettings) -> list[str]:
    """The consumer groups of the services that have tables."""
    loaded = [service for service in map(services.load, services.NAMES) if service.schema]
    common = {name: getattr(settings, name) for name in ServiceSettings.model_fields}
    assembled = [service.assemble(service.resources(service.settings(**common))) for service in loaded]
    return [stage.group for components in assembled for stage in components.stages]


@asynccontextmanager
async def _writing(settings: ServiceSettings, schema: str) -> AsyncIterator[Connection]:
    database = Database(settings.database, schema)
    await database.open()
    try:
        async with database.transaction() as connection:
            for setting in ("idle_in_transaction_session_timeout", "transaction_timeout"):
                await connection.execute(f"set local {setting} = 0")  # idle while topics are read; no service waits
            yield connection
    finally:
        await database.close()

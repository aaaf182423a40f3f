"""Nonsense on any topic is told as the record's own fault, and the database never has to say so."""

import os
import random
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from services.archive.catalogue import MemoryCatalogue
from services.archive.store import PostgresReports
from services.catalog_writer.outbox import PostgresOutbox
from services.catalog_writer.store import PostgresCatalog
from services.linker.storage.postgres.store import PostgresLinks
from services.logbook.store import PostgresEntries
from services.sample_tracking.store import PostgresHappenings, PostgresTracking, PostgresVisits
from services.search.app import new_index
from services.search.store import PostgresReadModel
from shared.events.codes import Refusal
from shared.events.record import Record
from shared.postgres.database import Database
from shared.postgres.migrations import SCHEMAS, migrate
from shared.postgres.settings import DatabaseSettings
from shared.stages.stage import Store
from tests.builders.described import TECHNIQUES
from tests.builders.garbage import garbled
from tests.builders.submissions import IDENTITIES
from tests.suites.garbage import BATCH, DEFECTS, NOW, SEED, STAGES, WholeWorld, samples

pytestmark = pytest.mark.integration

__all__ = ["samples"]
RUNS = int(os.environ.get("BEAMCAT_GARBAGE_RUNS", "2"))


@asynccontextmanager
async def stores(database_url: str) -> AsyncIterator[Mapping[str, Store[Any, Any]]]:
    """PostgreSQL's stores, by the name of the stage."""
    async with AsyncExitStack() as ends:
        databases: dict[str, Database] = {}
        for schema in SCHEMAS:
            databases[schema] = Database(DatabaseSettings(url=database_url), schema)
            await databases[schema].open()
            ends.push_async_callback(databases[schema].close)
        links = PostgresLinks(databases["linker"], IDENTITIES, TECHNIQUES.input_demands)
        read_model = PostgresReadModel(databases["search"], lambda: NOW, new_index())
        yield {
            "linker": links.linking,
            "linker-commits": links.commits,
            "linker-investigations": links.announcements,
            "linker-rejections": links.rejections,
            "sample_tracking": PostgresTracking(databases["sample_tracking"]),
            "sample-events": PostgresHappenings(databases["sample_tracking"]),
            "sample-visits": PostgresVisits(databases["sample_tracking"]),
            "catalog_writer": PostgresCatalog(databases["catalog"], lambda: NOW, PostgresOutbox(databases["catalog"])),
            "logbook": PostgresEntries(databases["logbook"]),
            "archive": PostgresReports(databases["archive"], MemoryCatalogue()),
            **{stage: read_model for stage in STAGES if stage.startswith("search")},
        }


async def test_nonsense_never_reaches_the_database(database_url: str, samples: dict[str, list[Record]]) -> None:
    await migrate(database_url)
    faults = []
    async with stores(database_url) as by_stage:
        world = WholeWorld()
        for runner, witness in zip(world.runners, world.witnesses, strict=True):
            name = runner.stage.name
            runner.stage = replace(runner.stage, store=by_stage.get(name, runner.stage.store))
            for run in range(RUNS):
                chance = random.Random(f"{SEED} {name} {run}")
                base = samples[runner.stage.consumes.name]
                records = [garbled(chance.choice(base), chance) for _ in range(BATCH)]
                witness.outcomes.clear()
                await runner.run([*records, base[0]])
                faults += [
                    f"{name}, run {run}: {outcome.message}\n{record}"
                    for outcome, record in zip(witness.outcomes, records, strict=False)
                    if isinstance(outcome, Refusal) and outcome.code in DEFECTS
                ]
    assert not faults, f"SEED={SEED}: {len(faults)} defects, such as\n" + "\n".join(faults[:10])

# ruff: noqa: PLR2004 - numbers of the domain
"""The cost of a dataset in the catalogue: its stage and relay process generated events, with their own PostgreSQL."""

import argparse
import asyncio
import random
import tempfile
import time
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from benchmarks.instruments.processes import family_cpu_seconds
from deploy.embedded.stack import embedded_stack
from services.catalog_writer.documents import CatalogView
from services.catalog_writer.handler import commit
from services.catalog_writer.outbox import PostgresOutbox
from services.catalog_writer.store import PostgresCatalog
from shared.events.dataset import Parameter
from shared.events.record import Record
from shared.events.topics import TRACKED
from shared.kafka.publisher import MemoryPublisher
from shared.postgres.database import Database
from shared.postgres.migrations import migrate
from shared.postgres.settings import DatabaseSettings
from shared.runtime.backoff import Backoff
from shared.stages.halt import HaltRule
from shared.stages.relay import Relay
from shared.stages.stage import Stage, StageRunner
from shared.vocabulary.vocabulary import load_combining
from tests.builders.catalog_writer import Tracked
from tests.builders.submissions import IDENTITIES

BATCH = 500
FAMILIES = ("MX", "MXAutoprocIntegrationScaling_overall", "InstrumentMonochromator")


def records(count: int, chance: random.Random) -> list[Record]:
    """Datasets with 60 parameters and 500 samples; every fifth has an input."""
    datasets = []
    for at in range(count):
        parameters: dict[str, Parameter] = {}
        for each in range(60):
            name = f"{chance.choice(FAMILIES)}_value{each}"
            text = f"{chance.uniform(0, 1000):.4f}" if each % 5 else f"beam-{chance.getrandbits(40):x}"
            parameters[name] = {"value": float(text) if each % 5 else text, "original": text, "unit": "mm"}
        inputs = (f"run{chance.randrange(at)}",) if at % 5 == 4 else ()
        name, sample = f"run{at}", f"sample{at % 500}"
        datasets.append(Tracked(name, f"r{at}", parameters=parameters, inputs=inputs, sample=sample).record(at))
    return datasets


async def measure(count: int, seed: int) -> None:
    """Write all datasets, relay them, and print the cost of each dataset."""
    batch = records(count, random.Random(seed))
    print(f"{count} datasets of {sum(len(each.value or b'') for each in batch) // count} bytes, batches of {BATCH}")
    with tempfile.TemporaryDirectory() as directory:
        async with embedded_stack(Path(directory), environment={"BEAMCAT_KAFKA_BOOTSTRAP_SERVERS": "none"}) as stack:
            await migrate(stack.database_url, {"catalog": "catalog_writer"})
            database = Database(DatabaseSettings(url=stack.database_url), "catalog")
            await database.open()
            postgres = stack.pid("postgres")
            publisher = MemoryPublisher()
            outbox = PostgresOutbox(database)
            store = PostgresCatalog(database, lambda: datetime.now(UTC), outbox)
            stage = Stage("catalog_writer", TRACKED, CatalogView, partial(commit, load_combining()), store)
            runner = StageRunner(stage, publisher, lambda: datetime.now(UTC), HaltRule(), Backoff(), IDENTITIES)
            relay = Relay("catalog-relay", outbox, publisher, Backoff())

            async def write() -> None:
                for start in range(0, count, BATCH):
                    await runner.run(batch[start : start + BATCH])

            async def drain() -> None:
                while await relay.drain_once():
                    pass

            for what, work in (("written", write), ("relayed", drain), ("replayed", write)):
                began, own, theirs = time.perf_counter(), time.process_time(), family_cpu_seconds(postgres)
                await work()
                seconds = time.perf_counter() - began
                own, theirs = time.process_time() - own, family_cpu_seconds(postgres) - theirs
                print(
                    f"{what}: {count / seconds:,.0f} datasets/s, CPU per dataset: "
                    f"{own / count * 1e6:.0f} µs here, {theirs / count * 1e6:.0f} µs PostgreSQL"
                )
            async with database.connection() as connection:
                size = await connection.fetchval(
                    "select sum(pg_total_relation_size(oid)) from pg_class where relkind = 'r'"
                    " and relnamespace = 'catalog'::regnamespace"
                )
            print(f"{int(size) / count:,.0f} bytes per dataset on disk")
            await database.close()


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--datasets", type=int, default=20_000)
    arguments.add_argument("--seed", type=int, default=1)
    given = arguments.parse_args()
    asyncio.run(measure(given.datasets, given.seed))

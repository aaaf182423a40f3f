"""The speed of search at indexing and queries: `make bench-search`, or `python -m benchmarks.search --datasets N`.

Datasets of 60 parameters go through the service's own stage and store into an embedded PostgreSQL (fsync on); then
every kind of question is asked with random values, before and after ANALYZE, beside two references of the same run.
"""

import argparse
import asyncio
import random
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median, quantiles
from typing import Any
from zoneinfo import ZoneInfo

from pydantic_core import to_json

from benchmarks.instruments.processes import family_cpu_seconds
from deploy.embedded.stack import KAFKA_VARIABLE, embedded_stack
from services.search.app import new_index, stages_of
from services.search.index.seals import FAN_IN, Seals
from services.search.query.catalogue import CatalogueReader
from services.search.query.lineage import lineage
from services.search.query.naming import Naming
from services.search.query.query import FACETS, read_query
from services.search.store import PostgresReadModel
from shared.events.dataset import Commit, Document, LinkedInput
from shared.events.headers import headers_of
from shared.events.identity import Identities
from shared.events.investigation import InvestigationRef
from shared.events.record import Record
from shared.events.sample import SampleRef
from shared.events.sections import Finding, Producer, Severity
from shared.events.topics import COMMITTED
from shared.host.process import spare_garbage
from shared.kafka.publisher import MemoryPublisher
from shared.postgres.database import Database
from shared.postgres.migrations import migrate
from shared.postgres.settings import DatabaseSettings
from shared.runtime.backoff import Backoff
from shared.stages.halt import HaltRule
from shared.stages.stage import StageRunner
from shared.vocabulary.vocabulary import Vocabulary

BATCH = 500
CHAIN = 6
"""A raw dataset, and five datasets that are each made from the one before."""
NUMBERS = 45
TEXTS = 15
REPETITIONS = 40
IDENTITIES = Identities("facility.example")
FIRST_DAY = datetime(2020, 1, 1, tzinfo=UTC)
ZONE = ZoneInfo("Europe/Paris")
NAMING = Naming(Vocabulary.load())
PROGRAMS = ("autoPROC", "xia2_dials", "XDSAPP", "grenades_fastproc", "EDNA_proc")
FINDINGS = [
    Finding(code=code, severity=Severity.WARNING, message="as the validator puts it", parameter="MX_quantity_00")
    for code in ("value_implausible", "parameter_unknown")
]
SPACE_GROUPS = ("P 21 21 21", "P 1", "C 2", "P 43 21 2", "I 2 3", "P 61 2 2", "R 3", "P 21")


def path_of(number: int) -> str:
    """The folder of a dataset."""
    family = number // CHAIN
    session = f"/data/visitor/mx{1000 + family % 500}/id30a-{family % 20}/202{number % 5}0301"
    return f"{session}/RAW_DATA/sample_{family % 2000}/run_{number}"


def document(number: int, chance: random.Random) -> Document:
    """One dataset as the catalogue writes it. Numbers are uniform between 0 and 1,000."""
    step, family = number % CHAIN, number // CHAIN
    proposal, beamline = f"mx{1000 + family % 500}", f"id30a-{family % 20}"
    parameters: dict[str, Any] = {}
    for index in range(NUMBERS):
        value = round(chance.random() * 1000, 4)
        parameters[f"MX_quantity_{index:02}"] = {"value": value, "original": str(value), "unit": "mm"}
    for index in range(TEXTS):
        match index % 3:
            case 0:
                text = chance.choice(SPACE_GROUPS)
            case 1:
                text = f"{path_of(number)}/prefix_{chance.randrange(10**6)}_####.cbf"
            case _:
                text = f"{chance.choice(PROGRAMS)} {chance.randrange(1000)}"
        parameters[f"MX_text_{index:02}"] = {"value": text, "original": text}
    start = FIRST_DAY + timedelta(seconds=chance.randrange(5 * 365 * 24 * 3600))
    inputs = [] if step == 0 else [_input(number - 1)]
    return Document(
        dataset_id=IDENTITIES.dataset(path_of(number)), path=path_of(number), name=f"run_{number}_{PROGRAMS[step % 5]}",
        type="processed" if step else "raw", technique="MX", technique_pid=None,
        kind=("datacollection", "characterisation", "integration")[step % 3], proposal=proposal, beamline=beamline,
        start=start, end=start + timedelta(seconds=60), complete=True, sequence_index=None,
        investigation=InvestigationRef(
            investigation_id=IDENTITIES.opened(proposal, beamline, FIRST_DAY), facility_id=None, proposal=proposal,
            beamline=beamline, start=None, end=None, title=None, placeholder=True),
        sample=SampleRef(sample_id=IDENTITIES.opened("sample", proposal, FIRST_DAY), name=f"sample_{family % 2000}"),
        container=None, sample_changer_position=None, parameters=parameters, inputs=inputs, files=[], file_count=100,
        volume_bytes=10**9, findings=FINDINGS[: chance.choice((0, 0, 0, 1, 2))], producer=Producer(software="bench"),
    )  # fmt: skip


def _input(number: int) -> LinkedInput:
    return LinkedInput(path=path_of(number), dataset_id=IDENTITIES.dataset(path_of(number)), kind="datacollection")


def record(number: int, chance: random.Random) -> Record:
    """The committed event of one dataset, as in Kafka."""
    made = document(number, chance)
    now = datetime.now(UTC)
    receipt_id = f"receipt-{number}"
    commit = Commit(
        receipt_id=receipt_id, dataset_id=made.dataset_id, path=made.path, revision=1, outcome="created",
        submitted_at=now, committed_at=now,
    )  # fmt: skip
    headers = headers_of(COMMITTED, receipt_id=receipt_id, source="/beamcat/catalog_writer", time=now.isoformat())
    value = to_json({"commit": commit, "document": made})
    return Record(COMMITTED.name, number % 12, number, 0, str(made.dataset_id).encode(), value, headers)


@dataclass
class Bench:
    """A loaded catalogue, and the queries to it."""

    database: Database
    reader: CatalogueReader
    datasets: int
    chance: random.Random

    async def ask(self, **fields: str) -> None:
        """Run one query of a URL."""
        await self.reader.find(read_query(fields.items(), IDENTITIES, ZONE, NAMING))

    async def range_of(self, share: float, *names: str, **fields: str) -> None:
        """Numeric ranges that each match this share of all datasets."""
        low = self.chance.random() * 1000 * (1 - share)
        wanted = ",".join(f"{name}~gteq~{low},{name}~lt~{low + share * 1000}" for name in names)
        await self.ask(parameters=wanted, **fields)

    def some(self) -> int:
        """A random dataset."""
        return self.chance.randrange(self.datasets)

    async def sql(self, text: str) -> None:
        """A reference query: one statement."""
        async with self.database.connection() as connection:
            await connection.fetch(text)

    async def lineage(self) -> None:
        """The lineage of the last dataset of a chain."""
        last = self.some() // CHAIN * CHAIN + CHAIN - 1
        await lineage(self.reader, IDENTITIES.dataset(path_of(min(last, self.datasets - 1))), "up", 5)

    def questions(self) -> Iterator[tuple[str, Callable[[], Awaitable[Any]]]]:
        """Every kind of query."""
        one, two = ("MX_quantity_07",), ("MX_quantity_11", "MX_quantity_30")
        yield "reference: select 1", lambda: self.sql("select 1")
        yield "reference: scan of all datasets", lambda: self.sql("select count(*) from dataset where path <> ''")
        yield "one range of 5 %", lambda: self.range_of(0.05, *one, sort="name")
        yield "two ranges of 5 % each", lambda: self.range_of(0.05, *two, sort="name")
        yield "two ranges, newest first", lambda: self.range_of(0.05, *two)
        yield "one range, sorted by another number", lambda: self.range_of(0.05, *one, sort="MX_quantity_20")
        yield (
            "one proposal, sorted by a number",
            lambda: self.ask(proposal=f"mx{1000 + self.chance.randrange(500)}", sort="MX_quantity_20"),
        )
        yield "all, newest first", self.ask
        yield "exact text", lambda: self.ask(parameters=f"MX_text_02~eq~autoPROC {self.chance.randrange(1000)}")
        yield (
            "substring of a text",
            lambda: self.ask(parameters=f"MX_text_01~like~prefix_{self.chance.randrange(10**4)}"),
        )
        yield "substring of letters alone", lambda: self.ask(parameters="MX_text_02~like~autoproc")
        yield "full text, two words", lambda: self.ask(q=f"mx{1000 + self.chance.randrange(500)} autoproc")
        yield "facets of all", lambda: self.ask(facets=",".join(FACETS))
        yield "facets of 5 %", lambda: self.range_of(0.05, *one, facets="technique,kind,beamline,proposal")
        yield (
            "count, facets of half, one proposal",
            lambda: self.range_of(
                0.5, *one, count="true", facets="technique,kind", proposal=f"mx{1000 + self.chance.randrange(500)}"
            ),
        )
        yield "count of half of all", lambda: self.range_of(0.5, *one, count="true")
        yield "one proposal", lambda: self.ask(proposal=f"mx{1000 + self.chance.randrange(500)}")
        yield "a dataset", lambda: self.reader.event(IDENTITIES.dataset(path_of(self.some())))
        yield "lineage of depth 5", self.lineage
        yield "a receipt", lambda: self.reader.submissions([f"receipt-{self.some()}"])
        yield "200 receipts", lambda: self.reader.submissions([f"receipt-{self.some()}" for _ in range(200)])

    async def measure(self) -> dict[str, list[float]]:
        """Measure every kind of query in milliseconds."""
        taken: dict[str, list[float]] = {}
        for name, question in self.questions():
            await question()
            for _ in range(REPETITIONS):
                begin = time.perf_counter()
                await question()
                taken.setdefault(name, []).append((time.perf_counter() - begin) * 1000)
        return taken


async def load(database: Database, postmaster: int, datasets: int, chance: random.Random) -> None:
    """Index all datasets as the running service does, and print the cost."""
    store = PostgresReadModel(database, lambda: datetime.now(UTC), new_index())
    backoff = Backoff()
    runner = StageRunner(
        stages_of(store, Identities("facility.example"))[0],
        MemoryPublisher(),
        lambda: datetime.now(UTC),
        HaltRule(),
        backoff,
        IDENTITIES,
    )
    sealing = Seals(database, backoff)
    wall = python = 0.0
    postgres = family_cpu_seconds(postmaster)
    for begin in range(0, datasets, BATCH):
        records = [record(number, chance) for number in range(begin, min(begin + BATCH, datasets))]
        wall_begin, python_begin = time.perf_counter(), time.process_time()
        await runner.run(records)
        if begin // BATCH % FAN_IN == FAN_IN - 1:
            await sealing.seal()
        wall += time.perf_counter() - wall_begin
        python += time.process_time() - python_begin
    postgres = family_cpu_seconds(postmaster) - postgres
    cpu = f"Python {python / datasets * 1e6:.0f} µs, PostgreSQL {postgres / datasets * 1e6:.0f} µs"
    print(f"indexed alone: {datasets / wall:,.0f} datasets/s; CPU per dataset: {cpu}, sealing included")


def table(before: dict[str, list[float]], after: dict[str, list[float]]) -> None:
    """Print both measurements. The ratio is to a scan of all datasets."""
    scan = median(after["reference: scan of all datasets"])
    print(f"{'milliseconds':38}{'p50':>8}{'p95':>8}   after ANALYZE {'p50':>8}{'p95':>8}{'p50/scan':>10}")
    for name, first in before.items():
        second = after[name]
        then = f"{median(second):8.1f}{p95(second):8.1f}{median(second) / scan:10.2f}"
        print(f"{name:38}{median(first):8.1f}{p95(first):8.1f}{'':17}{then}")


def p95(taken: Sequence[float]) -> float:
    """The 95th percentile."""
    return quantiles(taken, n=20)[-1]


async def main(datasets: int, seed: int) -> None:
    """Load, query, run ANALYZE, and query again."""
    spare_garbage()  # as the services do
    with tempfile.TemporaryDirectory() as folder:
        async with embedded_stack(Path(folder), environment={KAFKA_VARIABLE: "not needed"}) as stack:
            await migrate(stack.database_url, {"search": "search"})
            database = Database(DatabaseSettings(url=stack.database_url), "search")
            await database.open()
            chance = random.Random(seed)  # a repeatable benchmark
            await load(database, stack.pid("postgres"), datasets, chance)
            bench = Bench(database, CatalogueReader(database, NAMING, new_index()), datasets, chance)
            before = await bench.measure()
            await bench.sql("analyze")
            table(before, await bench.measure())
            await database.close()


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--datasets", type=int, default=100_000)
    arguments.add_argument("--seed", type=int, default=1)
    given = arguments.parse_args()
    print(f"{given.datasets} datasets of {NUMBERS + TEXTS} parameters, seed {given.seed}", file=sys.stderr)
    asyncio.run(main(given.datasets, given.seed))

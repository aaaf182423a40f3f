"""An embedded column store (DuckDB): one table with a column for each parameter, in the order of arrival."""
# ruff: noqa: S608 - SQL of its own constants

import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import duckdb
import numpy as np

from benchmarks.dataset_columns import Array, Chunk
from benchmarks.index_questions import FACETS, Counted, Question

SETTINGS = {"threads": 2, "memory_limit": "3GB"}


class ColumnStore:
    """A database file. While one process has it open for writing, no other process can read it."""

    name = "duckdb"

    def __init__(self, file: Path, numbers: Sequence[str], texts: Sequence[str]) -> None:
        self._file = file
        self._sql = duckdb.connect(str(file), config=SETTINGS)
        columns = [f'"{name}" double' for name in numbers] + [f'"{name}" varchar' for name in texts]
        facts = ("kind", "technique", "beamline", "proposal", "sample", "path", "words")
        facts_of = ", ".join(f"{name} varchar" for name in facts)
        self._sql.execute(f"create table dataset (ordinal integer, started bigint, {facts_of}, {', '.join(columns)})")

    async def load(self, chunk: Chunk) -> None:
        """Insert all columns at once."""
        rows = {
            "ordinal": chunk.ordinals,
            "started": chunk.started,
            **{
                name: np.array(values, dtype=object)
                for name, values in (
                    ("kind", chunk.kinds),
                    ("technique", chunk.techniques),
                    ("beamline", chunk.beamlines),
                    ("proposal", chunk.proposals),
                    ("sample", chunk.samples),
                    ("path", chunk.paths),
                    ("words", [f" {words}" for words in chunk.words]),
                )
            },
            **{name: _sparse(len(chunk.ordinals), *of) for name, of in chunk.numbers.items()},
            **{name: _texts(len(chunk.ordinals), *of) for name, of in chunk.texts.items()},
        }
        self._sql.register("chunk", rows)
        self._sql.execute("insert into dataset by name select * from chunk")
        self._sql.unregister("chunk")

    async def add(self, chunk: Chunk) -> None:
        """Insert in a transaction of its own, which the write-ahead log makes durable."""
        await self.load(chunk)

    async def finish(self) -> None:
        """Write the log into the file."""
        self._sql.execute("checkpoint")

    async def page(self, question: Question, limit: int) -> list[int]:
        """The newest matching datasets."""
        where, values = _where(question)
        page = f"select ordinal from dataset{where} order by started desc limit {limit}"
        return [ordinal for (ordinal,) in self._sql.execute(page, values).fetchall()]

    async def count(self, question: Question) -> Counted:
        """One statement: a grouping set for each facet, and the empty one for the total."""
        where, values = _where(question)
        sets = ", ".join(f"({name})" for name in FACETS)
        counted = f"select {', '.join(FACETS)}, count(*) from dataset{where} group by grouping sets ({sets}, ())"
        total, facets = 0, {name: dict[str, int]() for name in FACETS}
        for *of, number in self._sql.execute(counted, values).fetchall():
            named = [(name, value) for name, value in zip(FACETS, of, strict=True) if value is not None]
            if named:
                facets[named[0][0]][named[0][1]] = number
            else:
                total = number
        return total, facets

    async def size_bytes(self) -> int:
        """The size of the file and its log."""
        self._sql.execute("checkpoint")
        return sum(file.stat().st_size for file in self._file.parent.glob(f"{self._file.name}*"))

    def cpu_seconds(self) -> float:
        """The CPU time of this process."""
        return time.process_time()

    def close(self) -> None:
        """Close the file."""
        self._sql.close()


def _sparse(size: int, rows: Array, values: Array) -> Array:
    column, absent = np.zeros(size), np.ones(size, dtype=bool)
    column[rows], absent[rows] = values, False
    return np.ma.MaskedArray(column, absent)


def _texts(size: int, rows: Array, values: list[str]) -> Array:
    column = np.full(size, None, dtype=object)
    column[rows] = values
    return column


def _where(question: Question) -> tuple[str, list[object]]:
    """The conditions as SQL. DuckDB has no index of words that grows with the table, so it reads the column."""
    conditions: list[str] = []
    values: list[object] = []
    for name, low, high in question.ranges:
        conditions.append(f'"{name}" between ? and ?')
        values += [low, high]
    for name, beginning in question.beginnings:
        conditions.append(f'starts_with("{name}", ?)')
        values.append(beginning)
    for word in question.words:
        conditions.append("contains(words, ?)")
        values.append(f" {word}")
    if question.technique:
        conditions.append("technique = ?")
        values.append(question.technique)
    return (f" where {' and '.join(conditions)}" if conditions else ""), values


@asynccontextmanager
async def column_store(folder: Path, numbers: Sequence[str], texts: Sequence[str]) -> AsyncIterator[ColumnStore]:
    """An empty database."""
    store = ColumnStore(folder / "datasets.duckdb", numbers, texts)
    try:
        yield store
    finally:
        store.close()

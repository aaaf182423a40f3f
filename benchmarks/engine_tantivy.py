"""An embedded text engine (Tantivy): inverted indexes of words and texts, and a column for each number."""

import json
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import tantivy
from tantivy import FieldType, Occur, Order, Query

from benchmarks.dataset_columns import Chunk
from benchmarks.index_questions import FACETS, Counted, Question

HEAP_BYTES, THREADS = 256_000_000, 2
MOST_VALUES = 1000


class TextEngine:
    """A folder with one writer. A reader sees what was committed before it was last reloaded.

    The fields of a schema are fixed. A vocabulary that grows would need one JSON field in place of these.
    """

    name = "tantivy"

    def __init__(self, folder: Path, numbers: Sequence[str], texts: Sequence[str]) -> None:
        self._folder = folder
        builder = tantivy.SchemaBuilder()
        builder.add_unsigned_field("ordinal", fast=True)
        builder.add_integer_field("started", fast=True)
        builder.add_text_field("words", tokenizer_name="whitespace", index_option="basic")
        for name in FACETS:
            builder.add_text_field(name, tokenizer_name="raw", index_option="basic", fast=True)
        for name in numbers:
            builder.add_float_field(name, fast=True)
        for name in texts:
            builder.add_text_field(name, tokenizer_name="raw", index_option="basic")
        self._schema = builder.build()
        self._index = tantivy.Index(self._schema, str(folder))
        self._writer = self._index.writer(HEAP_BYTES, THREADS)

    async def load(self, chunk: Chunk) -> None:
        """Add documents one by one: there is no other way."""
        for document in _documents(chunk):
            self._writer.add_json(json.dumps(document))

    async def add(self, chunk: Chunk) -> None:
        """Add a batch and commit it, which writes and syncs a segment."""
        await self.load(chunk)
        self._writer.commit()
        self._index.reload()

    async def finish(self) -> None:
        """Commit, and wait until the segments are merged."""
        self._writer.commit()
        self._writer.wait_merging_threads()
        self._writer = self._index.writer(HEAP_BYTES, THREADS)
        self._index.reload()

    async def page(self, question: Question, limit: int) -> list[int]:
        """The newest matching datasets."""
        searcher = self._index.searcher()
        result = searcher.search(self._query(question), limit, count=False, order_by_field="started", order=Order.Desc)
        return [int(at or 0) for at in searcher.fast_field_values("ordinal", [place for _, place in result.hits])]

    async def count(self, question: Question) -> Counted:
        """One aggregation for the total and all facets."""
        asked: dict[str, Any] = {name: {"terms": {"field": name, "size": MOST_VALUES}} for name in FACETS}
        asked["total"] = {"value_count": {"field": "ordinal"}}
        answer = self._index.searcher().aggregate(self._query(question), asked)
        facets = {name: {each["key"]: each["doc_count"] for each in answer[name]["buckets"]} for name in FACETS}
        return int(answer["total"]["value"]), facets

    def _query(self, question: Question) -> Query:
        wanted = [
            Query.range_query(self._schema, name, FieldType.Float, low, high) for name, low, high in question.ranges
        ]
        wanted += [Query.regex_query(self._schema, name, f"{beginning}.*") for name, beginning in question.beginnings]
        wanted += [Query.regex_query(self._schema, "words", f"{word}.*") for word in question.words]
        if question.technique:
            wanted.append(Query.term_query(self._schema, "technique", question.technique))
        return Query.boolean_query([(Occur.Must, each) for each in wanted]) if wanted else Query.all_query()

    async def size_bytes(self) -> int:
        """The size of all segments."""
        self._writer.garbage_collect_files()
        return sum(file.stat().st_size for file in self._folder.iterdir())

    def cpu_seconds(self) -> float:
        """The CPU time of this process."""
        return time.process_time()


def _documents(chunk: Chunk) -> list[dict[str, Any]]:
    columns = (chunk.ordinals.tolist(), chunk.started.tolist(), chunk.words, chunk.techniques, chunk.kinds)
    names = ("ordinal", "started", "words", "technique", "kind", "beamline")
    documents = [dict(zip(names, row, strict=True)) for row in zip(*columns, chunk.beamlines, strict=True)]
    for name, (rows, numbers) in chunk.numbers.items():
        for at, number in zip(rows.tolist(), numbers.tolist(), strict=True):
            documents[at][name] = number
    for name, (rows, texts) in chunk.texts.items():
        for at, text in zip(rows.tolist(), texts, strict=True):
            documents[at][name] = text
    return documents


@asynccontextmanager
async def text_engine(folder: Path, numbers: Sequence[str], texts: Sequence[str]) -> AsyncIterator[TextEngine]:
    """An empty index."""
    yield TextEngine(folder, numbers, texts)

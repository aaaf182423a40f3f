"""The conditions of a query as SQL: facts of datasets, and sets of ordinals. Pure.

Each condition on parameters or words is a *set of ordinals*. Sets are never joined with each other, nor with `dataset`
where much may match: the cost of a join depends on the planner's estimates, which are wrong here.
"""
# ruff: noqa: S608  # the text is put together from this package's own words; values are arguments

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import assert_never

from services.search.index.port import Names
from services.search.index.question import AnyOf, Condition, Exists, Like, NoneOf, Query, Test, Within
from services.search.index.tables import SEALED_TIER, SEGMENT_ORDINALS
from services.search.projections.datasets.note import LONGEST_TEXT
from shared.postgres.statement import Bind, asked_for, where_of

CHOSEN = "ordinal in (select ordinal from chosen)"
CHOSEN_OF_FIRST = (
    "(ordinal in (select ordinal from chosen where (ordinal in (select ordinal from first)) is true)) is true"
)
"""A set with `is true` is a hash table and never one side of a join. The smaller set is hashed."""
MOST_SEGMENTS = 2000
"""The most segments that are read for candidates. If they are in more, blocks are read instead."""
NARROW_FACETS = {"proposal", "sample"}
"""The facets whose values select few datasets and are indexed."""
_LENGTH = "pg_column_size(ordinals) / 4"
"""How many values a block has, without reading them from where long arrays are stored."""


def facts_of(query: Query, bind: Bind) -> list[str]:
    """The conditions on the columns of `dataset`."""
    where = []
    for name, values in query.values.items():
        wanted = f"any({bind(list(values), 'text[]')})"
        if name == "finding":
            where.append(_found(f"exists (select from unnest(codes) as code where lower(code) = {wanted})"))
        else:
            where.append(f"lower({name}) = {wanted}")
    if query.has_warnings is not None:
        where.append(_found(f"(codes <> '{{}}') = {bind(query.has_warnings, 'bool')}"))
    where += asked_for(
        bind,
        ("dataset.dataset_id = {}", query.dataset_id, "uuid"),
        ("dataset.dataset_id = any({})", query.dataset_ids, "uuid[]"),
        ("dataset.number = any({})", query.numbers, "bigint[]"),
        ("dataset.investigation_id = any({})", query.investigations, "uuid[]"),
        ("dataset.complete = {}", query.complete, "bool"),
        ("dataset.started >= {}", query.started_from, "timestamptz"),
        ("dataset.started <= {}", query.started_until, "timestamptz"),
    )
    if query.numbered:
        where.append("dataset.number is not null")
    return where


def _found(condition: str) -> str:
    return f"dataset.finding_set in (select finding_set from finding_set where {condition})"


def is_narrow(query: Query) -> bool:
    """Whether the conditions on facts select few datasets."""
    named = (query.dataset_id, query.dataset_ids, query.numbers, query.investigations)
    return not NARROW_FACETS.isdisjoint(query.values) or any(each is not None for each in named)


def segments_of(candidates: str) -> str:
    """The SQL of a table of the segments of candidates, which `Sets` needs beside the table of the candidates."""
    segments = f"select distinct ordinal / {SEGMENT_ORDINALS} as segment from {candidates}"
    return f"{candidates}_segment as materialized ({segments})"


def are_few(candidates: str) -> str:
    """The SQL of the condition that it is faster to read the segments of the candidates than blocks."""
    return f"(select count(*) from {candidates}_segment) <= {MOST_SEGMENTS}"


@dataclass(frozen=True)
class Sets:
    """The sets of ordinals that pass the conditions of a query, as SQL. They may contain ordinals several times.

    If `candidates` names a table of ordinals, a set need only be right about these, and what is known of them is read
    from their segments if they are few. What is not sealed yet is not in segments; there is little of it.
    """

    query: Query
    names: Names
    bind: Bind
    candidates: str = ""

    def chosen(self) -> str:
        """The ordinals that are in every set; empty if no set is asked for."""
        sets = [f"({self._passing(one.test, self.ids(one))})" for one in self.query.conditions]
        if self.query.words:
            sets.append(f"({self._words()})")
        return " intersect ".join(sets)

    def entries(self, kind: str, ids: str, blocks: str = "true") -> str:
        """The values of parameters, each with the ordinal of its dataset. Other blocks may be left out."""
        entry = "select unnest(entries) as value, unnest(ordinals) as ordinal from"
        by_value = f"{entry} {kind}_block where parameter_id = any({ids}) and {blocks}"
        if not self.candidates:
            return by_value
        few, segments = are_few(self.candidates), f"any(array(select segment from {self.candidates}_segment))"
        return (
            f"{entry} {kind}_segment where parameter_id = any({ids}) and segment = {segments} and {few}"
            f" union all {by_value} and tier < {SEALED_TIER} and {few} union all {by_value} and not {few}"
        )

    def ids(self, condition: Condition) -> str:
        """The numbers of the parameters of a condition."""
        return self.bind([one.parameter_id for one in self.names[condition.name.lower()]], "int[]")

    def _words(self) -> str:
        words = f"words @@ {self.bind(' & '.join(map(_word, self.query.words)), 'text')}::tsquery"
        by_word = f"select ordinal from dataset_words where {words}"
        if not self.candidates:
            return by_word
        few, candidates = are_few(self.candidates), f"any(array(select ordinal from {self.candidates}))"
        return f"{by_word} and ordinal = {candidates} and {few} union all {by_word} and not {few}"

    def frequent(self, most: int, limit: str) -> Iterator[str]:
        """Conditions that hold only if `most` datasets are expected to have as many matches as a page.

        They are about the tests of the query one by one, and only read the rows of blocks, not their values.
        """
        for condition in self.query.conditions:
            if touched := self._touched(condition.test):
                ids = self.ids(condition)
                values = " + ".join(
                    f"(select coalesce(sum({_LENGTH}), 0) from {kind}_block"
                    f" where parameter_id = any({ids}) and {blocks})"
                    for kind, blocks, _ in touched
                )
                yield f"({values}) * {most} >= {limit} * (select max(ordinal) from dataset)"

    def _touched(self, test: Test) -> Sequence[tuple[str, str, str]]:
        """The kinds of values that a test of values reads, with conditions on blocks and on values."""
        match test:
            case Within(low, high):
                least, most = self.bind(low, "float8"), self.bind(high, "float8")
                return [("number", f"low <= {most} and high >= {least}", f"value between {least} and {most}")]
            case AnyOf(texts) as wanted:
                read = [self._equal("text", self.bind([text[:LONGEST_TEXT] for text in texts], "text[]"))]
                return read + ([self._equal("number", self.bind(wanted.numbers, "float8[]"))] if wanted.numbers else [])
            case _:
                return []

    def _passing(self, test: Test, ids: str) -> str:
        match test:
            case Within() | AnyOf():
                return " union all ".join(
                    self._of(kind, ids, blocks, entries) for kind, blocks, entries in self._touched(test)
                )
            case NoneOf(values):
                return f"({self._passing(Exists(), ids)}) except ({self._passing(values, ids)})"
            case Like(pattern):
                like = f"value ilike {self.bind(pattern, 'text')}"
                return self._of("text", ids, _may_hold(pattern, self.bind), like)
            case Exists():
                return " union all ".join(self._of(kind, ids, "true", "true") for kind in ("number", "text"))
            case _:
                assert_never(test)

    def _equal(self, kind: str, wanted: str) -> tuple[str, str, str]:
        inside = f"exists (select from unnest({wanted}) as wanted (one) where low <= one and high >= one)"
        return kind, inside, f"value = any({wanted})"

    def _of(self, kind: str, ids: str, blocks: str, entries: str) -> str:
        wanted = [f"(ordinal in (select ordinal from {self.candidates})) is true"] if self.candidates else []
        return f"select ordinal from ({self.entries(kind, ids, blocks)}) as entry{where_of([*wanted, entries])}"


def _word(word: str) -> str:
    """A word of a query in the syntax of `tsquery`: a prefix, or, for a word with dashes, its parts or the whole."""
    parts = word.split("-")
    if len(parts) == 1:
        return f"{word}:*"
    return f"(({' & '.join(f'{part}:*' for part in parts)}) | {''.join(parts)}:*)"


def _may_hold(pattern: str, bind: Bind) -> str:
    """A cheap condition that excludes blocks of runs by the longest piece of a pattern."""
    pieces = re.findall(r"(?:\\.|[^%_\\])+", pattern, re.DOTALL)
    piece = max((re.sub(r"\\(.)", r"\1", one, flags=re.DOTALL) for one in pieces), key=len, default="")
    if not piece:
        return "true"
    return f'(folded is null or strpos(folded, lower({bind(piece, "text")} collate "C")) > 0)'

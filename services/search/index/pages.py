"""Pages of datasets as SQL, in the order that a query asks for. Pure."""
# ruff: noqa: S608  # the text is put together from this package's own words; values are arguments

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from services.search.index.conditions import (
    CHOSEN,
    CHOSEN_OF_FIRST,
    Sets,
    are_few,
    facts_of,
    is_narrow,
    segments_of,
)
from services.search.index.port import Names
from services.search.index.question import COLUMN_SORTS, Query
from services.search.projections.datasets.statements import LISTED
from shared.postgres.statement import Bind, Statement, where_of

MOST_NEAREST = 400
"""The datasets that are examined first for a page. Their values are read from segments."""
MOST_FIRST = 2000
"""The datasets that are examined next. They are looked up in the sets of the conditions."""
MOST_BLOCKS_FIRST = 256
"""The blocks that are searched first, in the order of a parameter."""
MOST_CANDIDATES = 20_000
"""The most datasets that are sorted by their own values, if the conditions on facts select few."""


class _Step(NamedTuple):
    """A way to find the page."""

    name: str
    page: str
    suffices: str
    """Whether this is the page, and the next steps are not taken."""


def page(query: Query, names: Names) -> Statement:
    """The statement for a page and one more row, which shows whether another page follows."""
    statement = Statement()
    sets = Sets(query, names, statement.bind)
    statement.text = _page_by_column(sets) if query.sort in COLUMN_SORTS else _NumberPage(sets).text()
    return statement


def _page_by_column(sets: Sets) -> str:
    """The page in the order of an index.

    If much matches, the nearest datasets of the order fill the page. If they do not, or if this is not to be expected,
    more of them are looked up in the sets, and at last all matches are sorted.
    """
    query, bind = sets.query, sets.bind
    key = f"dataset.{COLUMN_SORTS[query.sort]}"
    facts, order = [*facts_of(query, bind), *_after(query, key, bind)], _order(query, key, "dataset.dataset_id")
    chosen, limit = sets.chosen(), bind(query.limit + 1, "int")
    if not chosen:
        return f"select {LISTED}, {key} as sort_key from dataset{where_of(facts)}{order} limit {limit}"

    def listed(table: str, *wanted: str) -> str:
        return f"select {LISTED}, {key} as sort_key from {table}{where_of(wanted)}{order} limit {limit}"

    def first(most: int, *wanted: str) -> str:
        return f"materialized (select * from dataset{where_of([*facts, *wanted])}{order} limit {most})"

    near = f"(ordinal in ({replace(sets, candidates='nearest').chosen()})) is true"
    return _first_sufficient(
        query,
        [
            *(f"nearest as {first(MOST_NEAREST, *sets.frequent(MOST_NEAREST, limit))}", segments_of("nearest")),
            *(f"chosen as materialized ({chosen})", f"first as {first(MOST_FIRST)}"),
        ],
        _full("near", listed("nearest as dataset", near), limit),
        _full("next", listed("first as dataset", CHOSEN_OF_FIRST), limit),
        last=listed("dataset", *facts, CHOSEN),
    )


class _NumberPage:
    """The page in the order of a parameter, looked up dataset by dataset until it is full.

    If the conditions on facts select few datasets, their values are read from segments and sorted. Otherwise the first
    blocks of the order are searched, which contain all values up to the beginning of the next block, and all values
    only if the page is not full. A block that the cursor divides begins at the cursor.
    """

    def __init__(self, sets: Sets) -> None:
        query, self._bind = sets.query, sets.bind
        self._sets = sets
        self._ids = self._bind([one.parameter_id for one in sets.names[query.sort.lower()] if not one.many], "int[]")
        self._direction = "desc" if query.descending else "asc"
        self._facts, self._chosen = facts_of(query, self._bind), sets.chosen()
        self._after, self._limit = _after(query, "sorted.value", self._bind), self._bind(query.limit + 1, "int")

    def text(self) -> str:
        """The SQL of the page."""
        tables = [f"chosen as materialized ({self._chosen})"] if self._chosen else []
        tables.append(f"first as materialized ({self._first()})")
        among = [CHOSEN_OF_FIRST] if self._chosen else []
        near = self._listed("first", among, f"fetch first {MOST_FIRST} rows with ties")
        steps = [_full("near", near, self._limit)]
        if is_narrow(self._sets.query):
            tables += [f"candidate as materialized ({self._candidates()})", segments_of("candidate")]
            steps.insert(0, self._narrow())
        wanted = [f"({CHOSEN}) is true"] if self._chosen else []
        wanted += [f"(ordinal in (select ordinal from dataset{where_of(self._facts)})) is true"] if self._facts else []
        last = self._listed(f"({self._sets.entries('number', self._ids)}) as entry", wanted, "offset 0")
        return _first_sufficient(self._sets.query, tables, *steps, last=last)

    def _first(self) -> str:
        query = self._sets.query
        infinity = math.inf if query.descending else -math.inf
        begin = self._bind(query.after.key if query.after else infinity, "float8")
        edge, before = (f"least(high, {begin})", ">") if query.descending else (f"greatest(low, {begin})", "<")
        next_block = (
            f"select {edge} from number_block where parameter_id = any({self._ids})"
            f" order by 1 {self._direction} offset {MOST_BLOCKS_FIRST} limit 1"
        )
        bound = f"coalesce(({next_block}), {self._bind(-infinity, 'float8')})"
        entries = self._sets.entries("number", self._ids, f"{edge} {before} bound")
        return (
            f"select value, ordinal from (select {bound} as bound) as next, lateral ({entries}) as entry"
            f" where value {before} bound"
        )

    def _candidates(self) -> str:
        return f"select ordinal from dataset{where_of(self._facts)} limit {MOST_CANDIDATES + 1}"

    def _narrow(self) -> _Step:
        sets = replace(self._sets, candidates="candidate")
        few = f"((select count(*) from candidate) <= {MOST_CANDIDATES} and {are_few('candidate')})"
        among = [few, "(ordinal in (select ordinal from candidate)) is true"]
        among += [f"(ordinal in ({sets.chosen()})) is true"] if self._chosen else []
        return _Step("narrow", self._listed(f"({sets.entries('number', self._ids)}) as entry", among, "offset 0"), few)

    def _listed(self, entries: str, among: Sequence[str], most: str) -> str:
        key = "sorted.value"
        return (
            f"select {LISTED}, {key} as sort_key from"
            f" (select * from {entries}{where_of(among)} order by value {self._direction} {most}) as sorted,"
            " lateral (select * from dataset where dataset.ordinal = sorted.ordinal offset 0) as dataset"
            f"{where_of([*self._facts, *self._after])}{_order(self._sets.query, key, 'dataset.dataset_id')}"
            f" limit {self._limit}"
        )


def _full(name: str, page: str, limit: str) -> _Step:
    """A step that suffices if it fills the page."""
    return _Step(name, page, f"(select count(*) from {name}) = {limit}")


def _first_sufficient(query: Query, tables: Sequence[str], *steps: _Step, last: str) -> str:
    """The page from the first step that suffices, or from the last. A step that is not taken costs only planning."""
    tables, pages, yet = [*tables], list[str](), list[str]()
    for name, page, suffices in steps:
        tables.append(f"{name} as materialized (select * from ({page}) as page{where_of(yet)})")
        pages.append(f"select * from {name} where {suffices}")
        yet.append(f"not {suffices}")
    pages.append(f"select * from ({last}) as page{where_of(yet)}")
    return f"with {', '.join(tables)} {' union all '.join(pages)}{_order(query, 'sort_key', 'dataset_id')}"


def _after(query: Query, key: str, bind: Bind) -> list[str]:
    if query.after is None:
        return []
    cast = {str: "text", float: "float8"}.get(type(query.after.key), "timestamptz")
    compare = "<" if query.descending else ">"
    return [
        f"({key}, dataset.dataset_id) {compare} ({bind(query.after.key, cast)}, {bind(query.after.row_id, 'uuid')})"
    ]


def _order(query: Query, key: str, then: str) -> str:
    direction = "desc" if query.descending else "asc"
    return f" order by {key} {direction}, {then} {direction}"

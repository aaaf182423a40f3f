"""Pages of datasets as SQL, in the order that a query asks for. Pure."""
# ruff: noqa: S608  # the text is put together from this package's own words; values are arguments

import math
from collections.abc import Sequence

from services.search.index.conditions import CHOSEN, CHOSEN_OF_FIRST, chosen_by_all, entries_of, facts_of
from services.search.index.port import Names
from services.search.index.question import COLUMN_SORTS, Query
from services.search.projections.datasets.statements import LISTED
from shared.postgres.statement import Bind, Statement, where_of

MOST_FIRST = 2000
"""The datasets that are searched first for a page."""
MOST_BLOCKS_FIRST = 256
"""The blocks that are searched first, in the order of a parameter."""
FOUND = "(select count(*) from near)"


def page(query: Query, names: Names) -> Statement:
    """The statement for a page and one more row, which shows whether another page follows."""
    statement = Statement()
    by = _page_by_column if query.sort in COLUMN_SORTS else _page_by_number
    statement.text = by(query, names, statement.bind)
    return statement


def _page_by_column(query: Query, names: Names, bind: Bind) -> str:
    """The page in the order of an index.

    If much matches, the first datasets of the order fill the page. Only if they do not, all matches are looked up and
    sorted.
    """
    key = f"dataset.{COLUMN_SORTS[query.sort]}"
    facts, order = [*facts_of(query, bind), *_after(query, key, bind)], _order(query, key, "dataset.dataset_id")
    chosen, limit = chosen_by_all(query, names, bind), bind(query.limit + 1, "int")
    listed = f"select {LISTED}, {key} as sort_key from"
    if not chosen:
        return f"{listed} dataset{where_of(facts)}{order} limit {limit}"
    first = f"select * from dataset{where_of(facts)}{order} limit {MOST_FIRST}"
    near = f"{listed} first as dataset where {CHOSEN_OF_FIRST}{order} limit {limit}"
    far = f"{listed} dataset{where_of([*facts, CHOSEN, f'{FOUND} < {limit}'])}{order} limit {limit}"
    return _near_or_far(query, chosen, first, near, far, limit)


def _page_by_number(query: Query, names: Names, bind: Bind) -> str:
    """The page in the order of a parameter, looked up dataset by dataset until it is full.

    The first blocks of the order contain all values up to the beginning of the next block. These values are searched
    first, and all values only if the page is not full. A block that the cursor divides begins at the cursor.
    """
    ids = bind([one.parameter_id for one in names[query.sort.lower()] if not one.many], "int[]")
    key, direction, infinity = "sorted.value", *(("desc", math.inf) if query.descending else ("asc", -math.inf))
    begin = bind(query.after.key if query.after else infinity, "float8")
    edge, before = (f"least(high, {begin})", ">") if query.descending else (f"greatest(low, {begin})", "<")
    next_block = (
        f"select {edge} from number_block where parameter_id = any({ids})"
        f" order by 1 {direction} offset {MOST_BLOCKS_FIRST} limit 1"
    )
    bound = f"coalesce(({next_block}), {bind(-infinity, 'float8')})"
    first = (
        f"select value, ordinal from (select {bound} as bound) as next,"
        f" lateral ({entries_of('number_block', ids, f'{edge} {before} bound')}) as entry where value {before} bound"
    )
    facts, chosen = facts_of(query, bind), chosen_by_all(query, names, bind)
    after, limit = _after(query, key, bind), bind(query.limit + 1, "int")

    def listed(entries: str, among: Sequence[str], most: str, *more: str) -> str:
        return (
            f"select {LISTED}, {key} as sort_key from"
            f" (select * from {entries}{where_of(among)} order by value {direction} {most}) as sorted,"
            " lateral (select * from dataset where dataset.ordinal = sorted.ordinal offset 0) as dataset"
            f"{where_of([*facts, *after, *more])}{_order(query, key, 'dataset.dataset_id')} limit {limit}"
        )

    wanted = [f"({CHOSEN}) is true"] if chosen else []
    wanted += [f"(ordinal in (select ordinal from dataset{where_of(facts)})) is true"] if facts else []
    near = listed("first", [CHOSEN_OF_FIRST] if chosen else [], f"fetch first {MOST_FIRST} rows with ties")
    far = listed(f"({entries_of('number_block', ids)}) as entry", wanted, "offset 0", f"{FOUND} < {limit}")
    return _near_or_far(query, chosen, first, near, far, limit)


def _near_or_far(query: Query, chosen: str, first: str, near: str, far: str, limit: str) -> str:
    """The page from the first datasets if they fill it, otherwise from all. A part that is not read costs nothing."""
    return (
        f"with {f'chosen as materialized ({chosen}), ' if chosen else ''}first as materialized ({first}),"
        f" near as materialized ({near}), far as ({far})"
        f" select * from near where {FOUND} = {limit} union all select * from far"
        f"{_order(query, 'sort_key', 'dataset_id')}"
    )


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

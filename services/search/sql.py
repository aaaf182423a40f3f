"""From a query to SQL. Pure. Every value goes in as an argument; the text is put together from this file's words alone.

Each condition on parameters or words is a *set of ordinals*. Sets are never joined, neither with each other nor with
`dataset` where much may match: what joins cost depends on what the planner guesses, and it cannot know.
"""
# ruff: noqa: S608  # as the first line says

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, assert_never

from services.search.filters import AnyOf, Condition, Exists, Like, NoneOf, Test, Within
from services.search.projections.datasets.note import LONGEST_TEXT
from services.search.query import COLUMN_SORTS, Query


def as_written(table: str, otherwise: str) -> str:
    """A row's proposal as the user office writes it: of its investigations the last created says how."""
    return (
        "coalesce((select proposal_name from investigation as office"
        f" where lower(office.proposal) = lower({table}.proposal) and proposal_name is not null"
        f" order by registered desc, number desc nulls last, investigation_id limit 1), {otherwise})"
    )


LISTED = (
    f"dataset_id, path, name, type, kind, technique, {as_written('dataset', 'proposal')} as proposal, beamline, sample,"
    ' started as start, ended as "end",'
    " complete, revision, submitted_at, committed_at, file_count, volume_bytes, number,"
    " coalesce((select codes from finding_set where finding_set.finding_set = dataset.finding_set), '{}') as findings"
)
NODES = f"select {LISTED} from dataset where dataset_id = any($1::uuid[])"  # own words alone
KNOWN = "select parameter_id, name, many from parameter where lower(name) = any($1::text[])"
LINKS = {
    side: f"select child, parent, parent_path from link where {side} = any($1::uuid[]) order by child, parent limit $2"
    for side in ("child", "parent")
}
_HEARD = "coalesce(heard_at, submitted_at, to_timestamp(0))"
_WARNINGS = (
    "(select codes from dataset join finding_set using (finding_set) where dataset.dataset_id = known.dataset_id)"
    " as warnings"
)
_RECEIPT = (
    "coalesce(receipt, receipt_id) as receipt_id, source, content, dataset_id, path, submitted_at,"
    f" {_HEARD} as heard_at, rank, word, answer"
)
_SIZE = "octet_length(answer) + coalesce(octet_length(path), 0) + 300"
"""Bytes of a receipt's JSON, with its names and ids."""
_ORDER = f"source is distinct from $2, {_HEARD}, receipt_id"
SUBMISSIONS = f"""
select known.*, {_WARNINGS} from (
    select place, found.*,
        sum(size) over (order by place range between unbounded preceding and 1 preceding) as before
    from unnest($1::text[]) with ordinality as asked (id, place) left join lateral (
        select {_RECEIPT}, {_SIZE} as size,
            sum({_SIZE}) over (order by {_ORDER} rows between unbounded preceding and 1 preceding) as ahead
        from receipt
        where (receipt = asked.id or (receipt is null and receipt_id = asked.id))
            and ($3::uuid is null or dataset_id = $3)
        order by {_ORDER} limit $4
    ) as found on true
) as known where coalesce(before, 0) < $5 and coalesce(ahead, 0) < $5 order by place
"""
"""Of each receipt id the submissions under it, those of one source first, so that no number of others takes their
place; a row without an answer where there is none. What goes beyond the bytes is left out: whole ids at the end,
and of one id the last submissions."""
RECEIPTS = (
    f"select {_RECEIPT}, {_WARNINGS} from receipt as known where dataset_id = $1"
    " order by submitted_at desc nulls last, receipt_id offset $2"
)
MOST_FIRST = 2000
"""Datasets among which a page is looked for first."""
MOST_BLOCKS_FIRST = 256
"""Blocks among whose values it is, in the order of a parameter."""
FOUND = "(select count(*) from near)"
CHOSEN = "ordinal in (select ordinal from chosen)"
CHOSEN_OF_FIRST = (
    "(ordinal in (select ordinal from chosen where (ordinal in (select ordinal from first)) is true)) is true"
)
"""Said with `is true`, a set is a hash table and never one side of a join; the smaller one is it."""
SHORTEST_PIECE = 3
"""Characters of a substring that are worth sorting out whole blocks by."""


class Known(NamedTuple):
    """What the read model calls a parameter; lists and single values are called differently."""

    parameter_id: int
    name: str
    many: bool


Names = Mapping[str, Sequence[Known]]
"""The parameters of a name in lower case."""


@dataclass
class Statement:
    """SQL under construction, with its arguments."""

    text: str = ""
    arguments: list[object] = field(default_factory=list)

    def bind(self, value: object, cast: str) -> str:
        """The placeholder of a value."""
        self.arguments.append(value)
        return f"${len(self.arguments)}::{cast}"


Bind = Callable[[object, str], str]


def page(query: Query, names: Names) -> Statement:
    """One row more than the page has, so that it is known whether another follows."""
    statement = Statement()
    by = _page_by_column if query.sort in COLUMN_SORTS else _page_by_number
    statement.text = by(query, names, statement.bind)
    return statement


def _page_by_column(query: Query, names: Names, bind: Bind) -> str:
    """The page in the order of an index.

    Where much matches, the first datasets of the order fill it; only if they do not, all that match are looked up and
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

    The first blocks of the order hold all values up to where the next block begins. These values are looked at first;
    only if they do not fill the page, all are. A block that reaches over the cursor begins there.
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
        f" lateral ({_entries('number_block', ids, f'{edge} {before} bound')}) as entry where value {before} bound"
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
    far = listed(f"({_entries('number_block', ids)}) as entry", wanted, "offset 0", f"{FOUND} < {limit}")
    return _near_or_far(query, chosen, first, near, far, limit)


def _near_or_far(query: Query, chosen: str, first: str, near: str, far: str, limit: str) -> str:
    """A page of what comes first, if that fills it; else one of all. What is not read is not looked for either."""
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


def where_of(conditions: Sequence[str]) -> str:
    """The conditions as a clause, if there are any."""
    return f" where {' and '.join(conditions)}" if conditions else ""


def asked_for(bind: Bind, *conditions: tuple[str, object, str]) -> list[str]:
    """The conditions (with `{}` for the value, the value, its type) whose value is asked for: None does not matter."""
    return [condition.format(bind(value, cast)) for condition, value, cast in conditions if value is not None]


def facts_of(query: Query, bind: Bind) -> list[str]:
    """What the columns of `dataset` must satisfy."""
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


def chosen_by_all(query: Query, names: Names, bind: Bind) -> str:
    """The ordinals that are in every set, one perhaps twice; nothing where nothing asks for a set."""
    sets = [f"({_ordinals(condition, names, bind)})" for condition in query.conditions]
    if query.words:
        words = " & ".join(map(_word, query.words))
        sets.append(f"(select ordinal from dataset_words where words @@ {bind(words, 'text')}::tsquery)")
    return " intersect ".join(sets)


def _word(word: str) -> str:
    """A word of a query as PostgreSQL asks for it: its beginning, or where it has dashes its parts or all of it."""
    parts = word.split("-")
    if len(parts) == 1:
        return f"{word}:*"
    return f"(({' & '.join(f'{part}:*' for part in parts)}) | {''.join(parts)}:*)"


def _ordinals(condition: Condition, names: Names, bind: Bind) -> str:
    return _passing(condition.test, bind([one.parameter_id for one in names[condition.name.lower()]], "int[]"), bind)


def _passing(test: Test, ids: str, bind: Bind) -> str:
    match test:
        case Within(low, high):
            least, most = bind(low, "float8"), bind(high, "float8")
            inside = f"value between {least} and {most}"
            return _chosen("number_block", ids, f"low <= {most} and high >= {least}", inside)
        case AnyOf(texts) as wanted:
            cut = [text[:LONGEST_TEXT] for text in texts]
            chosen = [_equal("text_block", ids, bind(cut, "text[]"))]
            if wanted.numbers:
                chosen.append(_equal("number_block", ids, bind(wanted.numbers, "float8[]")))
            return " union all ".join(chosen)
        case NoneOf(values):
            return f"({_passing(Exists(), ids, bind)}) except ({_passing(values, ids, bind)})"
        case Like(pattern):
            return _chosen("text_block", ids, _may_hold(pattern, bind), f"value ilike {bind(pattern, 'text')}")
        case Exists():
            return " union all ".join(_chosen(table, ids, "true", "true") for table in ("number_block", "text_block"))
        case _:
            assert_never(test)


def _may_hold(pattern: str, bind: Bind) -> str:
    """Sorts out blocks by the longest piece of a pattern that has no letters: `ilike` costs a multiple."""
    pieces = re.findall(r"(?:\\.|[^A-Za-z%\\])+", pattern, re.DOTALL)
    piece = max((re.sub(r"\\(.)", r"\1", one, flags=re.DOTALL) for one in pieces), key=len, default="")
    if len(piece) < SHORTEST_PIECE:
        return "true"
    return f"strpos(array_to_string(entries, chr(31)), {bind(piece, 'text')}) > 0"


def _equal(table: str, ids: str, wanted: str) -> str:
    inside = f"exists (select from unnest({wanted}) as wanted (one) where low <= one and high >= one)"
    return _chosen(table, ids, inside, f"value = any({wanted})")


def _chosen(table: str, ids: str, blocks: str, entries: str) -> str:
    return f"select ordinal from ({_entries(table, ids, blocks)}) as entry where {entries}"


def _entries(table: str, ids: str, blocks: str = "true") -> str:
    return (
        f"select unnest(entries) as value, unnest(ordinals) as ordinal from {table}"
        f" where parameter_id = any({ids}) and {blocks}"
    )

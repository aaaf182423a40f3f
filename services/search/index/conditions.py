"""The conditions of a query as SQL: facts of datasets, and sets of ordinals. Pure.

Each condition on parameters or words is a *set of ordinals*. Sets are never joined with each other, nor with `dataset`
where much may match: the cost of a join depends on the planner's estimates, which are wrong here.
"""
# ruff: noqa: S608  # the text is put together from this package's own words; values are arguments

import re
from typing import assert_never

from services.search.index.port import Names
from services.search.index.question import AnyOf, Condition, Exists, Like, NoneOf, Query, Test, Within
from services.search.projections.datasets.note import LONGEST_TEXT
from shared.postgres.statement import Bind, asked_for

CHOSEN = "ordinal in (select ordinal from chosen)"
CHOSEN_OF_FIRST = (
    "(ordinal in (select ordinal from chosen where (ordinal in (select ordinal from first)) is true)) is true"
)
"""A set with `is true` is a hash table and never one side of a join. The smaller set is hashed."""
SHORTEST_PIECE = 3
"""The fewest characters of a substring by which it pays to exclude whole blocks."""


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


def chosen_by_all(query: Query, names: Names, bind: Bind) -> str:
    """The SQL of the ordinals that are in every set, perhaps with repetitions; empty if no set is asked for."""
    sets = [f"({_ordinals(condition, names, bind)})" for condition in query.conditions]
    if query.words:
        words = " & ".join(map(_word, query.words))
        sets.append(f"(select ordinal from dataset_words where words @@ {bind(words, 'text')}::tsquery)")
    return " intersect ".join(sets)


def _word(word: str) -> str:
    """A word of a query in the syntax of `tsquery`: a prefix, or, for a word with dashes, its parts or the whole."""
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
    """A cheap condition that excludes blocks by the longest piece of a pattern without letters."""
    pieces = re.findall(r"(?:\\.|[^A-Za-z%\\])+", pattern, re.DOTALL)
    piece = max((re.sub(r"\\(.)", r"\1", one, flags=re.DOTALL) for one in pieces), key=len, default="")
    if len(piece) < SHORTEST_PIECE:
        return "true"
    return f"strpos(array_to_string(entries, chr(31)), {bind(piece, 'text')}) > 0"


def _equal(table: str, ids: str, wanted: str) -> str:
    inside = f"exists (select from unnest({wanted}) as wanted (one) where low <= one and high >= one)"
    return _chosen(table, ids, inside, f"value = any({wanted})")


def _chosen(table: str, ids: str, blocks: str, entries: str) -> str:
    return f"select ordinal from ({entries_of(table, ids, blocks)}) as entry where {entries}"


def entries_of(table: str, ids: str, blocks: str = "true") -> str:
    """The SQL of the values of parameters in these blocks, each with the ordinal of its dataset."""
    return (
        f"select unnest(entries) as value, unnest(ordinals) as ordinal from {table}"
        f" where parameter_id = any({ids}) and {blocks}"
    )

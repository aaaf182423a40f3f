"""Counts as SQL: of all datasets that match, or by facet. Pure."""
# ruff: noqa: S608  # the text is put together from these files' words alone

from collections.abc import Sequence
from dataclasses import replace

from services.search.index.conditions import CHOSEN_OF_FIRST, Sets, facts_of, is_narrow, segments_of
from services.search.index.port import Names
from services.search.index.question import Query, Within
from services.search.projections.investigations.statements import as_written
from shared.postgres.statement import Statement, where_of

MOST_FACET_VALUES = 100
WRITTEN = as_written("counted_value", "value")


def count(query: Query, names: Names) -> Statement:
    """The statement that counts the matches. If only parameters and words decide, it reads no dataset."""
    statement = Statement()
    sets, facts = Sets(query, names, statement.bind), facts_of(query, statement.bind)
    if facts or not (query.conditions or query.words):
        statement.text = f"select count(*) from {_matching(sets, facts)}"
    elif _is_single(query, names) and isinstance(within := query.conditions[0].test, Within):
        statement.text = _count_within(sets, within)
    else:
        each = "distinct ordinal" if len(query.conditions) + bool(query.words) == 1 else "ordinal"
        statement.text = (
            f"select count({each}) from ({sets.chosen()}) as chosen"
            " where (ordinal in (select ordinal from void)) is not true"
        )
    return statement


def _is_single(query: Query, names: Names) -> bool:
    """Whether the only condition is on a parameter of which every dataset has at most one value."""
    if len(query.conditions) != 1 or query.words:
        return False
    return [one.many for one in names[query.conditions[0].name.lower()]] == [False]


def _count_within(sets: Sets, within: Within) -> str:
    """Blocks that lie within the bounds are counted by their length, and only the entries of those at an edge are read.

    What is void is counted too, and subtracted. It is looked up by its ordinal.
    """
    ids = sets.ids(sets.query.conditions[0])
    least, most = sets.bind(within.low, "float8"), sets.bind(within.high, "float8")
    whole, touched = f"low >= {least} and high <= {most}", f"low <= {most} and high >= {least}"
    inside = f"value between {least} and {most}"
    void = replace(sets, candidates="void").entries("number", ids, touched)
    return (
        f"with {segments_of('void')} select"
        f" (select coalesce(sum(cardinality(ordinals)), 0) from number_block"
        f" where parameter_id = any({ids}) and {whole})"
        f" + (select count(*) from ({sets.entries('number', ids, f'{touched} and not ({whole})')}) as entry"
        f" where {inside})"
        f" - (select count(*) from ({void}) as entry"
        f" where {inside} and (ordinal in (select ordinal from void)) is true)"
    )


def facets(query: Query, names: Names) -> Statement:
    """The statement for the values of each facet among the matches, with counts, the most frequent first."""
    statement = Statement()
    matching = _matching(Sets(query, names, statement.bind), facts_of(query, statement.bind))
    counted = [_by_finding()] if "finding" in query.facets else []
    if columns := [name for name in query.facets if name != "finding"]:
        counted.append(_by_column(columns))
    statement.text = (
        f"with number as materialized (select context, finding_set, count(*) as number"
        f" from {matching} group by finding_set, context),"
        f" counted as ({' union all '.join(counted)}),"
        " ranked as (select *, row_number() over (partition by facet order by number desc, value) as place"
        " from counted where value is not null)"
        f" select facet, case facet when 'proposal' then {WRITTEN} else value end as value, number"
        f" from (select *, value as proposal from ranked where place <= {MOST_FACET_VALUES}) as counted_value"
        " order by facet, place"
    )
    return statement


def _by_column(columns: Sequence[str]) -> str:
    facet = " ".join(f"when grouping({name}) = 0 then '{name}'" for name in columns)
    sets = ", ".join(f"({name})" for name in columns)
    return (
        f"select case {facet} end as facet, coalesce({', '.join(columns)}) as value, sum(number)::bigint as number"
        " from (select context, sum(number) as number from number group by context) as number"
        f" join context using (context) group by grouping sets ({sets})"
    )


def _by_finding() -> str:
    return (
        "select 'finding' as facet, code as value, sum(number)::bigint as number"
        " from (select finding_set, sum(number) as number from number group by finding_set) as number"
        " join finding_set using (finding_set), unnest(codes) as code group by code"
    )


def _matching(sets: Sets, facts: Sequence[str]) -> str:
    """The SQL of the datasets that match. If the conditions on facts select few, each of them is looked up in the set.

    Otherwise the datasets of the set are read by its array, which has each once. `offset 0` keeps other conditions
    outside: the planner assumes ten elements for every array, and would compare each row of such a condition with all
    of them.
    """
    query = sets.query
    if not (query.conditions or query.words):
        return f"dataset{where_of(facts)}"
    if is_narrow(query):
        return (
            f"(with first as materialized (select ordinal, context, finding_set from dataset{where_of(facts)}),"
            f" {segments_of('first')}, chosen as ({replace(sets, candidates='first').chosen()})"
            f" select * from first where {CHOSEN_OF_FIRST}) as dataset"
        )
    return f"(select * from dataset where ordinal = any(array({sets.chosen()})) offset 0) as dataset{where_of(facts)}"

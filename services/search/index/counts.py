"""Counts as SQL: of all datasets that match, or by facet. Pure."""
# ruff: noqa: S608  # the text is put together from these files' words alone

from collections.abc import Sequence

from services.search.index.conditions import CHOSEN_OF_FIRST, chosen_by_all, facts_of
from services.search.index.port import Names
from services.search.index.question import Query
from services.search.projections.investigations.statements import as_written
from shared.postgres.statement import Statement, where_of

MOST_FACET_VALUES = 100
WRITTEN = as_written("counted_value", "value")
NARROW_FACETS = {"proposal", "sample"}
"""The facets whose values select few datasets and are indexed."""


def count(query: Query, names: Names) -> Statement:
    """The statement that counts the matches. If only parameters and words decide, it reads no dataset."""
    statement = Statement()
    chosen, facts = chosen_by_all(query, names, statement.bind), facts_of(query, statement.bind)
    if not chosen or facts:
        statement.text = f"select count(*) from {_matching(query, chosen, facts)}"
        return statement
    each = "ordinal" if _holds_each_once(query, names) else "distinct ordinal"
    statement.text = (
        f"select count({each}) from ({chosen}) as chosen where (ordinal in (select ordinal from void)) is not true"
    )
    return statement


def _holds_each_once(query: Query, names: Names) -> bool:
    """Whether no ordinal is chosen twice. Intersections never repeat one, nor does a parameter with single values."""
    if len(query.conditions) != 1 or query.words:
        return True
    return [one.many for one in names[query.conditions[0].name.lower()]] == [False]


def facets(query: Query, names: Names) -> Statement:
    """The statement for the values of each facet among the matches, with counts, the most frequent first."""
    statement = Statement()
    matching = _matching(query, chosen_by_all(query, names, statement.bind), facts_of(query, statement.bind))
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


def _matching(query: Query, chosen: str, facts: Sequence[str]) -> str:
    """The SQL of the datasets that match. If the conditions on facts select few, each of them is looked up in the set.

    Otherwise the datasets of the set are read by its array, which has each once. `offset 0` keeps other conditions
    outside: the planner assumes ten elements for every array, and would compare each row of such a condition with all
    of them.
    """
    if chosen and _is_narrow(query):
        return (
            f"(with chosen as ({chosen}),"
            f" first as materialized (select ordinal, context, finding_set from dataset{where_of(facts)})"
            f" select * from first where {CHOSEN_OF_FIRST}) as dataset"
        )
    source = f"(select * from dataset where ordinal = any(array({chosen})) offset 0) as" if chosen else ""
    return f"{source} dataset{where_of(facts)}"


def _is_narrow(query: Query) -> bool:
    """Whether the conditions on facts select few datasets."""
    named = (query.dataset_id, query.dataset_ids, query.numbers, query.investigations)
    return not NARROW_FACETS.isdisjoint(query.values) or any(each is not None for each in named)

"""From a query to the SQL that counts: all that match, or by facet. Pure."""
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
"""Of few datasets, and indexed."""


def count(query: Query, names: Names) -> Statement:
    """How many match. Where parameters and words alone choose, no dataset is read for it."""
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
    """Whether no ordinal is chosen twice: not where sets meet, nor of one parameter that has one value a dataset."""
    if len(query.conditions) != 1 or query.words:
        return True
    return [one.many for one in names[query.conditions[0].name.lower()]] == [False]


def facets(query: Query, names: Names) -> Statement:
    """The values of each facet among all that match, with counts; the most frequent first."""
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
    """The datasets that match, to be counted. Of a set and few datasets, each of the few is looked for in the set.

    Else those of the set are read by the array of it, which holds each once. `offset 0` keeps other conditions outside:
    the planner takes every array for ten elements, and would compare each row that such a condition finds with all of
    them.
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
    """Whether the facts that are asked for are those of few datasets."""
    named = (query.dataset_id, query.dataset_ids, query.numbers, query.investigations)
    return not NARROW_FACETS.isdisjoint(query.values) or any(each is not None for each in named)

"""The read model of search as one value: every table in a fixed order, without the numbers that a rebuild changes."""

from typing import Any, TypeAlias

import asyncpg

PlainConnection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

LEFT_OUT = {
    "void": "ordinals that no dataset has any more; a rebuild assigns new ones",
    "generation": "changes with each swap, to invalidate what was cached before",
    "number_segment": "values of number_block once more, as far as they are sealed",
    "text_segment": "likewise",
}
"""The tables that a snapshot does not have, and why."""

WHOLE = (
    *("context", "finding_set", "revision", "link", "receipt", "rejection", "position"),
    *("investigation", "sample", "declaration", "place", "parcel_status"),
)
_ENTRIES = """
select jsonb_build_array(dataset_id, parameter.name, many, value) from {schema}.dataset
join (select parameter_id, unnest(entries) as value, unnest(ordinals) as ordinal from {schema}.{table}) as entry
using (ordinal) join {schema}.parameter using (parameter_id)
"""
SNAPSHOT = {table: f"select to_jsonb({table}) from {{schema}}.{table}" for table in WHOLE} | {  # noqa: S608  # names
    "dataset": "select to_jsonb(dataset) - 'ordinal' from {schema}.dataset",
    # pending activity counts only while the submission waits, as for those who watch it
    "activity": "select to_jsonb(activity) from {schema}.activity where state <> 'pending' or exists ("
    " select from {schema}.receipt where since = activity.at"
    " and (receipt, dataset_id) = (activity.receipt_id, activity.dataset_id))",
    "dataset_words": "select jsonb_build_array(dataset_id, words::text) from {schema}.dataset_words"
    " join {schema}.dataset using (ordinal)",
    "parameter": "select jsonb_build_array(name, many) from {schema}.parameter",
    "number_block": _ENTRIES.replace("{table}", "number_block"),
    "text_block": _ENTRIES.replace("{table}", "text_block"),
}
"""The content of each table, one JSON value for each row. Blocks of parameters are compared by their values."""

Snapshot: TypeAlias = dict[str, list[str]]


async def snapshot(connection: Any, schema: str = "search") -> Snapshot:  # a connection from a pool, or a plain one
    """Everything in a read model."""
    return {
        table: sorted(str(row[0]) for row in await connection.fetch(statement.format(schema=schema)))
        for table, statement in SNAPSHOT.items()
    }


def differences(left: Snapshot, right: Snapshot) -> list[str]:
    """The differences by table, with the first row on each side."""
    told = []
    for table in SNAPSHOT:
        one, other = set(left[table]) - set(right[table]), set(right[table]) - set(left[table])
        if one or other or len(left[table]) != len(right[table]):
            first = [*sorted(one)[:1], *sorted(other)[:1]]
            told.append(f"{table}: {len(one)} rows here alone, {len(other)} there: {first}")
    return told

"""The table `dataset`: what is committed, awaited or rejected."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import replace

import asyncpg

from services.linker.inputs.near import MOST_NEAR, Near, near_each, places_of
from services.linker.inputs.relationships import CataloguedDataset
from services.linker.known import Known
from services.linker.plan.moves import Placed
from shared.events.identity import proposal_key
from shared.postgres.database import Connection

COLUMNS = """dataset_id, path, kind, inputs, proposal, sample, start, complete, named, revision, inherits, made_at,
    recollected_at, committed, rejected"""

NEAR_PATHS = """
select asked.path as asked, near.path as found from unnest($1::text[]) as asked (path)
cross join lateral (
    select path from dataset
    where committed and lower(replace(dataset.path, ' ', '')) = lower(replace(asked.path, ' ', ''))
    order by path limit $2
) near
"""
"""The catalogued paths that are near some paths.

The join is lateral for the same reason as in ANCESTRY. The expression is the same as `near.key_of`.
"""


def with_datasets(rows: Iterable[asyncpg.Record], known: Known) -> Known:
    """`known` with the current state of these rows."""
    catalogued, rejected = dict(known.catalogued), dict(known.rejected)
    for row in rows:
        rejected.pop(row["dataset_id"], None)
        if row["committed"]:
            catalogued[row["dataset_id"]] = _catalogued(row)
        elif row["rejected"] is not None:
            rejected[row["dataset_id"]] = row["rejected"]
    return replace(known, catalogued=catalogued, rejected=rejected)


async def near_of(connection: Connection, paths: Collection[str]) -> Near:
    """The catalogued paths that may be meant by some paths that are not catalogued."""
    if not paths:
        return {}
    places = {place for path in paths for place in places_of(path)}
    found = defaultdict(list)
    for row in await connection.fetch(NEAR_PATHS, list(places), MOST_NEAR):
        found[row["asked"]].append(row["found"])
    return near_each(paths, found)


def placed_of(row: asyncpg.Record) -> Placed:
    """A row of a committed dataset that may move."""
    return Placed(
        row["dataset_id"],
        row["facts"],
        row["revision"],
        row["investigation_id"],
        row["in_placeholder"],
        row["inherits"],
    )


def _catalogued(row: asyncpg.Record) -> CataloguedDataset:
    return CataloguedDataset(
        path=row["path"],
        kind=row["kind"],
        inputs=frozenset(row["inputs"]),
        proposal=row["proposal"] and proposal_key(row["proposal"]),
        sample=row["sample"],
        start=row["start"],
        complete=row["complete"],
        named=row["named"],
        revision=row["revision"],
        inherits=row["inherits"],
        made_at=row["made_at"],
        recollected_at=row["recollected_at"],
    )

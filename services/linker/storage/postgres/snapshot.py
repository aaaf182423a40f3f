"""What one statement reads of several tables, so that most batches need one round trip to load what they depend on."""

from collections.abc import Collection
from typing import NamedTuple
from uuid import UUID

from services.linker.known import Known
from services.linker.storage.postgres.datasets import COLUMNS, with_datasets
from services.linker.storage.postgres.held import HELD_BY
from services.linker.storage.postgres.plan import VERSION
from shared.postgres.database import Connection

SNAPSHOT = f"""
select batch.*, known.* from (
    select ({VERSION}) as plan_version, exists (select from held where {HELD_BY}) as is_any_held
) as batch left join (
    select {COLUMNS} from dataset where (committed or rejected is not null) and dataset_id = any($3::uuid[])
) as known on true
"""  # noqa: S608  # made of constants
"""Without any dataset it has one row."""


class Snapshot(NamedTuple):
    """The state of some datasets, of what is held, and of the plan, at one moment."""

    plan_version: int | None
    """None if the table has lost it."""
    is_any_held: bool
    """Whether `HELD_OF` finds anything for the same keys and queues."""
    known: Known
    """Those of the datasets that are committed or rejected."""


async def snapshot_of(
    connection: Connection, ids: Collection[UUID], keys: Collection[str] = (), queues: Collection[UUID] = ()
) -> Snapshot:
    """The state of some datasets, and whether anything is held by some keys or in the queues of some datasets."""
    rows = await connection.fetch(SNAPSHOT, list(keys), list(queues), list(ids))
    known = with_datasets((row for row in rows if row["dataset_id"] is not None), Known())
    return Snapshot(rows[0]["plan_version"], rows[0]["is_any_held"], known)

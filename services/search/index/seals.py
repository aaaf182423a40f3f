"""Seals: merges of small blocks into ordered runs, so that a range reads little more than it finds.

A batch leaves one block for each parameter, and at the pace of a beamline a batch is one dataset. Sixteen blocks of a
tier become one of the next tier. Sixteen of the last tier become a run: many ordered blocks of 128 values. Every value
is rewritten at most three times, and at most a few thousand values of a parameter are outside a run.
"""

from collections.abc import Sequence

from services.search.index.blocks import BEYOND, LONGEST_BOUND
from services.search.lock import SHARE_LOCK, lock_name
from shared.postgres.database import Database
from shared.runtime.backoff import Backoff
from shared.runtime.retries import every

FAN_IN = 16
RUN_BLOCK_ENTRIES = 128
SEALED_TIER = 3
SEALING_LOCK = 0x7365616C
REST_SECONDS = 2.0
NAME = "search-sealing"

RIPE = """
select parameter_id, tier from {table} where tier < $1 group by parameter_id, tier having count(*) >= $2
order by parameter_id, tier
"""
MERGE = """
with taken as (delete from {table} where parameter_id = $1 and tier = $2 returning entries, ordinals),
entry as (select unnest(entries) as value, unnest(ordinals) as ordinal from taken),
placed as (select value, ordinal, (row_number() over (order by value, ordinal) - 1) / $3 as place from entry)
insert into {table} (parameter_id, tier, low, high, entries, ordinals)
select $1, $2 + 1, {low}, {high}, array_agg(value order by value, ordinal), array_agg(ordinal order by value, ordinal)
from placed group by place
"""
MERGES = {
    "number_block": MERGE.format(table="number_block", low="min(value)", high="max(value)"),
    # bounds are cut as `blocks.py` cuts them
    "text_block": MERGE.format(
        table="text_block",
        low=f"left(min(value), {LONGEST_BOUND})",
        high=f"case when length(max(value)) > {LONGEST_BOUND} then left(max(value), {LONGEST_BOUND}) || '{BEYOND}'"
        " else max(value) end",
    ),
}


class Seals:
    """Merges blocks in the background. Only one of several replicas works at a time."""

    def __init__(self, database: Database, backoff: Backoff) -> None:
        self._database = database
        self._backoff = backoff

    async def run(self) -> None:
        """Seal blocks until the service stops."""
        await every(REST_SECONDS, NAME, self.seal, self._backoff)

    async def seal(self) -> None:
        """Merge blocks until none are ripe."""
        for table in MERGES:
            while ripe := await self._ripe(table):
                for parameter_id, tier in ripe:
                    if self._backoff.stopping or not await self._merge(table, parameter_id, tier):
                        return

    async def _ripe(self, table: str) -> Sequence[tuple[int, int]]:
        async with self._database.connection() as connection:
            rows = await connection.fetch(RIPE.format(table=table), SEALED_TIER, FAN_IN)
        return [(row["parameter_id"], row["tier"]) for row in rows]

    async def _merge(self, table: str, parameter_id: int, tier: int) -> bool:
        """Merge in one transaction, so that readers see either the small blocks or the large one."""
        async with self._database.transaction() as connection:
            await connection.execute(SHARE_LOCK, lock_name(self._database.schema))
            if not await connection.fetchval("select pg_try_advisory_xact_lock($1)", SEALING_LOCK):
                return False
            size = RUN_BLOCK_ENTRIES if tier + 1 == SEALED_TIER else 2**31 - 1
            await connection.execute(MERGES[table], parameter_id, tier, size)
        return True

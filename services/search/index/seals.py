"""Seals: merges of small blocks into ordered runs, so that a range reads little more than it finds.

A batch leaves one block for each parameter, and at the pace of a beamline a batch is one dataset. Sixteen blocks of a
tier become one of the next tier. Sixteen of tier 2 become a run: many ordered blocks of 128 values, which are also
copied to segments. A block with one value throughout, as most have, joins the run as it is. Every value is rewritten at
most three times, and at most a few thousand values of a parameter are outside a run. Tier 3 has the runs of versions
that wrote no segments; they are merged again. Small blocks of all parameters are merged in one statement, since a round
trip for each would cost more than the work.
"""
# ruff: noqa: S608  # the text is put together from this file's words alone

from collections.abc import Sequence

from services.search.index.blocks import BEYOND, LONGEST_BOUND
from services.search.index.tables import RUN_BLOCK_ENTRIES, SEALED_TIER, SEGMENT_ORDINALS
from services.search.lock import share_lock
from shared.postgres.database import Database
from shared.runtime.backoff import Backoff
from shared.runtime.retries import every

FAN_IN = 16
MOST_BLOCKS = 1024
"""The most blocks that are merged at once."""
SEALED_FROM = 2
"""The lowest tier whose blocks become a run."""
SEALING_LOCK = 0x7365616C
REST_SECONDS = 2.0
NAME = "search-sealing"

RIPE = """
select tier, array_agg(parameter_id order by parameter_id) as parameters from (
  select parameter_id, tier from {kind}_block where tier < $1 group by parameter_id, tier having count(*) >= $2
) as ripe group by tier order by tier
"""
_BLOCKS = """ctid = any(array(
    select ctid from {kind}_block where parameter_id = any($1::int[]) and tier = $2 order by parameter_id, ctid limit $3
  ))"""
_ENTRIES = "select parameter_id, unnest(entries) as value, unnest(ordinals) as ordinal from"
MERGE = f"""
with taken as (
  delete from {{kind}}_block where {_BLOCKS} returning parameter_id, entries, ordinals
)
insert into {{kind}}_block (parameter_id, tier, low, high, entries, ordinals)
select parameter_id, $2 + 1, {{low}}, {{high}},
  array_agg(value order by value, ordinal), array_agg(ordinal order by value, ordinal)
from ({_ENTRIES} taken) as entry group by parameter_id
"""
SEAL = f"""
with uniform as (
  update {{kind}}_block set tier = {SEALED_TIER}{{fold_uniform}} where {_BLOCKS} and low = high
  returning parameter_id, entries, ordinals
),
taken as (
  delete from {{kind}}_block where {_BLOCKS} and low <> high returning parameter_id, entries, ordinals
),
entry as materialized ({_ENTRIES} taken),
copied as (
  insert into {{kind}}_segment (parameter_id, segment, entries, ordinals)
  select parameter_id, ordinal / {SEGMENT_ORDINALS}, array_agg(value), array_agg(ordinal)
  from (table entry union all {_ENTRIES} uniform) as entry group by 1, 2
),
placed as (
  select parameter_id, value, ordinal,
    (row_number() over (partition by parameter_id order by value, ordinal) - 1) / {RUN_BLOCK_ENTRIES} as place
  from entry
)
insert into {{kind}}_block (parameter_id, tier, low, high, entries, ordinals{{folded}})
select parameter_id, {SEALED_TIER}, {{low}}, {{high}}, array_agg(value), array_agg(ordinal){{fold}}
from placed group by parameter_id, place
"""
KINDS = {
    "number": {"low": "min(value)", "high": "max(value)", "folded": "", "fold": "", "fold_uniform": ""},
    "text": {
        # bounds are cut as `blocks.py` cuts them
        "low": f"left(min(value), {LONGEST_BOUND})",
        "high": f"case when length(max(value)) > {LONGEST_BOUND} then left(max(value), {LONGEST_BOUND}) || '{BEYOND}'"
        " else max(value) end",
        "folded": ", folded",
        "fold": ", lower(string_agg(value, chr(31)))",
        "fold_uniform": ", folded = lower(low)",  # two bounds are equal only if neither is cut
    },
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
        for kind in KINDS:
            while ripe := await self._ripe(kind):
                for tier, parameters in ripe:
                    if self._backoff.stopping or not await self._merge(kind, tier, parameters):
                        return

    async def _ripe(self, kind: str) -> Sequence[tuple[int, Sequence[int]]]:
        """The tiers with ripe blocks, and their parameters. Runs are made for one parameter at a time."""
        async with self._database.connection() as connection:
            rows = await connection.fetch(RIPE.format(kind=kind), SEALED_TIER, FAN_IN)
        found = [(row["tier"], row["parameters"]) for row in rows]
        return [
            (tier, lot)
            for tier, parameters in found
            for lot in ([parameters] if tier < SEALED_FROM else [[parameter_id] for parameter_id in parameters])
        ]

    async def _merge(self, kind: str, tier: int, parameters: Sequence[int]) -> bool:
        """Merge in one transaction, so that readers see either the small blocks or the large one."""
        statement = MERGE if tier < SEALED_FROM else SEAL
        async with self._database.transaction(share_lock(self._database.schema)) as connection:
            if not await connection.fetchval("select pg_try_advisory_xact_lock($1)", SEALING_LOCK):
                return False
            text = statement.format(kind=kind, **KINDS[kind])
            await connection.execute(text, parameters, tier, MOST_BLOCKS)
        return True

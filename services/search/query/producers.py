"""How the submissions of each producer fare: the SQL, and what a reader gets of its rows. Pure."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from shared.events.states import COUNTED_STATES

MOST_PRODUCERS = 200
"""Those with most rejections. Who writes to Kafka directly can invent any number of names."""
LONGEST = timedelta(days=31)
"""How far back is counted."""

PRODUCERS = f"""
with submission as (
  select source as producer, heard_at, rank, rank = 3 and answer like '{{"state":"unchanged"%' as unchanged
  from receipt where heard_at >= $1 and source <> ''
), handed_in as (
  select producer, max(heard_at) as heard_at,
    count(*) filter (where rank = 0) as in_flight,
    count(*) filter (where rank = 1) as pending,
    count(*) filter (where rank = 3 and not unchanged) as committed,
    count(*) filter (where unchanged) as unchanged
  from submission group by producer
), refused as (
  select producer, count(*) as rejected, max(rejected_at) as rejected_at
  from rejection where rejected_at >= $1 and producer is not null group by producer
), listed as (
  select producer, coalesce(committed, 0) as committed, coalesce(unchanged, 0) as unchanged,
    coalesce(pending, 0) as pending, coalesce(in_flight, 0) as in_flight, coalesce(rejected, 0) as rejected,
    greatest(heard_at, rejected_at) as last_heard, rejected_at
  from handed_in full join refused using (producer)
  order by rejected desc, last_heard desc, producer limit {MOST_PRODUCERS}
)
select listed.*, newest.rejection_id, newest.code, newest.message
from listed left join lateral (
  select rejection_id, code, message from rejection
  where rejection.producer = listed.producer and rejection.rejected_at = listed.rejected_at
  order by rejection_id desc limit 1
) as newest on true
order by listed.rejected desc, listed.last_heard desc, listed.producer
"""  # noqa: S608  # of constants

NEWEST = ("rejection_id", "rejected_at", "code", "message")


def producer_answer(row: Mapping[str, Any]) -> dict[str, Any]:
    """One producer: what became of what it sent, when it was last heard of, and its newest rejection."""
    newest = {name: row[name] for name in NEWEST} if row["rejected"] else None
    told = {name: row[name] for name in ("producer", *COUNTED_STATES, "last_heard")}
    return told | {"newest_rejection": newest}

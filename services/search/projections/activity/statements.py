"""The SQL that reads the table of activity and deletes old rows."""

RECENT_ACTIVITY = """
select recent.*
from unnest($1::text[], $2::int[], $3::bigint[], $4::bigint[]) as stretch (topic, partition, begins, ends)
cross join lateral (
  select * from activity where activity.topic = stretch.topic and activity.partition = stretch.partition
    and record_offset >= begins and record_offset < ends and (state <> 'pending' or exists (
      select from receipt where receipt.receipt = activity.receipt_id and receipt.dataset_id = activity.dataset_id
        and since = activity.at
    ))
  order by record_offset limit $5
) as recent
order by max(at) over (partition by recent.topic, recent.partition order by record_offset),
  recent.topic, recent.partition, record_offset
"""
"""Rows by time, as far as the rows of each partition keep their own order: nothing before the end of an answer is left
out. A row about waiting is shown only while the submission still waits, because a stage that reads again may report
once more that a settled submission waits.
"""

FORGET = """
delete from activity where activity_id = any(array(
  select activity_id from activity where at < $1 limit $2 for update skip locked
))
"""

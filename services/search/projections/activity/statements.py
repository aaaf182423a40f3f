"""The SQL that reads the table of what happened, and forgets what is old."""

HAPPENED = """
select told.* from unnest($1::text[], $2::int[], $3::bigint[], $4::bigint[]) as stretch (topic, partition, begins, ends)
cross join lateral (
  select * from activity where activity.topic = stretch.topic and activity.partition = stretch.partition
    and record_offset >= begins and record_offset < ends and (state <> 'pending' or exists (
      select from receipt where receipt.receipt = activity.receipt_id and receipt.dataset_id = activity.dataset_id
        and since = activity.at
    ))
  order by record_offset limit $5
) as told
order by max(at) over (partition by told.topic, told.partition order by record_offset),
  told.topic, told.partition, record_offset
"""
"""By time as far as each partition stays in its own order: where an answer ends, nothing before it is left out.

Of what waited, only what still waits: a stage that reads again may say once more that something settled waits.
"""

FORGET = """
delete from activity where activity_id = any(array(
  select activity_id from activity where at < $1 limit $2 for update skip locked
))
"""

"""The table of what happened lately."""

from sqlalchemy import BigInteger, Column, Index, Integer, Table, Text, Uuid

from services.search.projections.activity.note import ACTIVITY, ActivityRow
from services.search.projections.projection import Projection
from services.search.projections.schema import METADATA, TIME

HAPPENING = Table(
    "activity",
    METADATA,
    Column("activity_id", Uuid, primary_key=True, comment="follows from what happened"),
    Column("topic", Text, nullable=False),
    Column("partition", Integer, nullable=False),
    Column("record_offset", BigInteger, nullable=False),
    Column("timestamp_ms", BigInteger, nullable=False, comment="of the record; of several tellings the first stands"),
    Column("at", TIME, nullable=False),
    Column("state", Text, nullable=False),
    Column("dataset_id", Uuid),
    Column("path", Text),
    Column("name", Text),
    Column("kind", Text),
    Column("beamline", Text),
    Column("proposal", Text),
    Column("code", Text),
    Column("message", Text),
    Column("revision", Integer),
    Column("receipt_id", Text),
    Column("rejection_id", Uuid),
    Index("activity_by_place", "topic", "partition", "record_offset"),
    comment="what happened lately, for those who watch",
)

SAVE = Projection(
    ACTIVITY,
    f"""
insert into activity as known ({", ".join(ActivityRow._fields)})
select * from unnest($1::uuid[], $2::text[], $3::int[], $4::bigint[], $5::bigint[], $6::timestamptz[], $7::text[],
                     $8::uuid[], $9::text[], $10::text[], $11::text[], $12::text[], $13::text[], $14::text[],
                     $15::text[], $16::int[], $17::text[], $18::uuid[])
on conflict (activity_id) do update set
  {", ".join(f"{name} = excluded.{name}" for name in ActivityRow._fields[1:])}
where (excluded.timestamp_ms, excluded.topic collate "C", excluded.partition, excluded.record_offset)
    < (known.timestamp_ms, known.topic collate "C", known.partition, known.record_offset)
""",  # noqa: S608  # its own column names
)

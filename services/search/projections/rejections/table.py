"""The table of rejections."""

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import ARRAY

from services.search.projections.projection import Projection
from services.search.projections.rejections.note import REJECTIONS, RejectionRow
from services.search.projections.schema import METADATA, TIME

REJECTION = Table(
    "rejection",
    METADATA,
    Column("rejection_id", Uuid, primary_key=True),
    Column("receipt_id", Text),
    Column("dataset_id", Uuid),
    Column("path", Text),
    Column("producer", Text),
    Column("stage", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("message", Text, nullable=False),
    Column("findings", Text, nullable=False),
    Column("topic", Text, nullable=False),
    Column("partition", Integer, nullable=False),
    Column("record_offset", BigInteger, nullable=False),
    Column("timestamp_ms", BigInteger, nullable=False),
    Column("headers", Text, nullable=False),
    Column("key", LargeBinary),
    Column("value", LargeBinary),
    Column("rejected_at", TIME, nullable=False),
    Column("submission", Text, comment="the key of the submission that was refused; absent if none was"),
    Column("heard_at", TIME, comment="when Kafka took what was refused; absent if noted by a version that kept none"),
    Column("beamline", Text, comment="in lower case, if the original tells one; absent likewise"),
    Column("finding_codes", ARRAY(Text), comment="in order, each once; absent likewise"),
    Index("rejection_by_time", "rejected_at", "rejection_id"),
    Index("rejection_by_dataset", "dataset_id", "rejected_at"),
    Index("rejection_by_beamline", "beamline", "rejected_at", "rejection_id"),
    Index("rejection_by_words", text("md5(path)"), "rejected_at", postgresql_where=text("dataset_id is null")),
    Index("rejection_by_finding", "finding_codes", postgresql_using="gin"),
)

SAVE = Projection(
    REJECTIONS,
    f"""
insert into rejection ({", ".join(RejectionRow._fields)})
select {", ".join(RejectionRow._fields[:-1])}, finding_codes::text[]
from unnest($1::uuid[], $2::text[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
            $9::text[], $10::text[], $11::int[], $12::bigint[], $13::bigint[], $14::text[], $15::bytea[],
            $16::bytea[], $17::timestamptz[], $18::text[], $19::timestamptz[], $20::text[], $21::text[])
  as new ({", ".join(RejectionRow._fields)})
on conflict (rejection_id) do update set
  {", ".join(f"{name} = excluded.{name}" for name in RejectionRow._fields[1:])}
where (excluded.rejected_at, excluded.code collate "C", excluded.message collate "C")
    < (rejection.rejected_at, rejection.code collate "C", rejection.message collate "C")
""",  # noqa: S608  # its own column names
)

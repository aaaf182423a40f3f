"""The table of revisions."""

from sqlalchemy import Column, Integer, LargeBinary, Table, Text, Uuid

from services.search.projections.projection import Projection
from services.search.projections.revisions.note import REVISIONS, RevisionRow
from services.search.projections.schema import METADATA, TIME

REVISION = Table(
    "revision",
    METADATA,
    Column("dataset_id", Uuid, primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("receipt_id", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("submitted_at", TIME, nullable=False),
    Column("committed_at", TIME, nullable=False),
    Column("body", LargeBinary, nullable=False, comment="the committed event, lz4"),
)

SAVE = Projection(
    REVISIONS,
    f"""
insert into revision ({", ".join(RevisionRow._fields)})
select * from unnest($1::uuid[], $2::int[], $3::text[], $4::text[], $5::timestamptz[], $6::timestamptz[], $7::bytea[])
on conflict (dataset_id, revision) do update set
  {", ".join(f"{name} = excluded.{name}" for name in RevisionRow._fields[2:])}
where excluded.committed_at > revision.committed_at
""",  # noqa: S608  # its own column names
)

"""The table of the electronic logbook."""

from uuid import UUID

from sqlalchemy import BigInteger, Column, Index, LargeBinary, Table, Text, Uuid, func, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from services.search.projections.logbook.note import LOGBOOK, LogbookRow
from services.search.projections.projection import Projection
from services.search.projections.schema import METADATA, TIME

LOGBOOK_ENTRY = Table(
    "logbook_entry",
    METADATA,
    Column("entry_id", Uuid, primary_key=True),
    Column("type", Text, nullable=False),
    Column("category", Text),
    Column("proposal", Text),
    Column("beamline", Text),
    Column("investigation_number", BigInteger),
    Column("dataset_name", Text),
    Column("tags", ARRAY(Text), nullable=False),
    Column("content", JSONB, nullable=False),
    Column("file_name", Text),
    Column("file_type", Text),
    Column("file", LargeBinary),
    Column("software", Text),
    Column("machine", Text),
    Column("created_at", TIME, nullable=False),
    Column("received_at", TIME, nullable=False),
    Column("said", Uuid, comment="which event said so; absent if noted by a version that did not keep it"),
    Column("source", Text, comment="in what it was written"),
    Index("logbook_entry_by_investigation", "investigation_number", "created_at"),
    Index("logbook_entry_by_proposal", func.lower(text("proposal")), "created_at"),
    Index("logbook_entry_by_beamline", func.lower(text("beamline")), "created_at"),
)

_CASTS = {"tags": "tags::text[]", "content": "content::jsonb"}

SAVE = Projection(
    LOGBOOK,
    f"""
insert into logbook_entry as known ({", ".join(LogbookRow._fields)})
select {", ".join(_CASTS.get(name, name) for name in LogbookRow._fields)}
from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::text[], $8::text[],
            $9::text[], $10::text[], $11::text[], $12::bytea[], $13::text[], $14::text[], $15::timestamptz[],
            $16::timestamptz[], $17::uuid[], $18::text[]) as new ({", ".join(LogbookRow._fields)})
on conflict (entry_id) do update set {", ".join(f"{name} = excluded.{name}" for name in LogbookRow._fields[1:])}
where (excluded.received_at, excluded.said) < (known.received_at, coalesce(known.said, '{UUID(int=2**128 - 1)}'))
""",  # noqa: S608  # its own column names
)

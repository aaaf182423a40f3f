"""The tables of the schema `logbook`. They can be rebuilt entirely from the topic."""

from sqlalchemy import BigInteger, Column, Index, LargeBinary, MetaData, Table, Text, Uuid, func, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TIMESTAMP

METADATA = MetaData()
TIME = TIMESTAMP(timezone=True)

ENTRY = Table(
    "entry",
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
    Column("said", Uuid, nullable=False, comment="identifies the event that it came in"),
    Column("source", Text, comment="in what it was written"),
    Index("entry_by_investigation", "investigation_number", "created_at"),
    Index("entry_by_proposal", func.lower(text("proposal")), "created_at"),
    Index("entry_by_beamline", func.lower(text("beamline")), "created_at"),
    comment="entries of the electronic logbook",
)

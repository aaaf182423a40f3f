"""The tables of the schema `search` that only ICAT's clients need."""

from sqlalchemy import BigInteger, Boolean, Column, Index, LargeBinary, Table, Text, Uuid, func, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from services.search.tables import METADATA, TIME

INVESTIGATION = Table(
    "investigation",
    METADATA,
    Column("investigation_id", Uuid, primary_key=True),
    Column("number", BigInteger, comment="by which ICAT clients know it; without one they do not see it"),
    Column("facility_id", Text),
    Column("proposal", Text, nullable=False),
    Column("beamline", Text, nullable=False),
    Column("started", TIME),
    Column("ended", TIME),
    Column("title", Text),
    Column("placeholder", Boolean, nullable=False),
    Column("proposal_name", Text, comment="how the user office writes the proposal"),
    Column("actual_started", TIME, comment="to when it was rescheduled"),
    Column("actual_ended", TIME),
    Column("registered", Boolean, nullable=False, comment="the linker said so, not a dataset"),
    Column("word", BigInteger, nullable=False, comment="orders what was said"),
    Index("investigation_by_number", "number"),
    Index("investigation_by_proposal", func.lower(text("proposal"))),
)

SAMPLE = Table(
    "sample",
    METADATA,
    Column("sample_number", BigInteger, primary_key=True, autoincrement=False, comment="follows from the id"),
    Column("sample_id", Uuid, nullable=False),
    Column("investigation_id", Uuid, nullable=False),
    Column("name", Text, nullable=False),
    Column("container", JSONB),
    Column("sample_changer_position", Text),
    Column("word", BigInteger, nullable=False, comment="orders what was said"),
    Index("sample_by_investigation", "investigation_id"),
)

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
    Index("logbook_entry_by_investigation", "investigation_number", "created_at"),
    Index("logbook_entry_by_proposal", func.lower(text("proposal")), "created_at"),
    Index("logbook_entry_by_beamline", func.lower(text("beamline")), "created_at"),
)

SESSION = Table(
    "session",
    METADATA,
    Column("session_sha256", Text, primary_key=True),
    Column("token_sha256", Text, nullable=False, comment="the grant that opened it"),
    Column("expires_at", TIME, nullable=False),
    comment="told on no topic: a rebuild takes it along",
)

"""The tables of the schema `search` that only ICAT's clients need."""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, LargeBinary, Table, Text, Uuid, func, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from services.search.tables import C_TEXT, METADATA, TIME

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
    Column("dataset_id", Uuid, comment="which said so; absent of what the linker said"),
    Column("revision", Integer, comment="likewise"),
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
    Column("contained", Boolean, nullable=False, server_default=text("false"), comment="the word names a container"),
    Column("word", BigInteger, nullable=False, comment="orders what was said"),
    Column("dataset_id", Uuid, comment="which said so; absent if noted by a version that knew none"),
    Column("revision", Integer, comment="likewise"),
    Index("sample_by_investigation", "investigation_id"),
)

DECLARATION = Table(
    "declaration",
    METADATA,
    Column("investigation_id", Uuid, primary_key=True),
    Column("kind", C_TEXT, primary_key=True, comment="shipment, parcel, item or sheet"),
    Column("id", C_TEXT, primary_key=True),
    Column("parent", Text, comment="a parcel's shipment; the parcel or item in which an item lies"),
    Column("body", JSONB, nullable=False),
    Column("removed", Boolean, nullable=False),
    Column("said_at", TIME, nullable=False, comment="with `said`: what was said last stands"),
    Column("said", Uuid, nullable=False),
    Column("content_at", TIME, comment="with `content_said`: what it holds was last said in full"),
    Column("content_said", Uuid),
    Column("first_at", TIME, nullable=False, comment="with `first_said`: when it was first heard of"),
    Column("first_said", Uuid, nullable=False),
    Index("declaration_by_id", "kind", "id"),
    comment="what travels to a beamline, as it was declared",
)

PLACE = Table(
    "place",
    METADATA,
    Column("beamline", C_TEXT, primary_key=True),
    Column("location", Integer, primary_key=True, autoincrement=False),
    Column("investigation_id", Uuid, nullable=False),
    Column("item", Text, nullable=False),
    Column("said_at", TIME, nullable=False),
    Column("said", Uuid, nullable=False),
    comment="what was loaded last into each place of the sample changers",
)

PARCEL_STATUS = Table(
    "parcel_status",
    METADATA,
    Column("said", Uuid, primary_key=True),
    Column("investigation_id", Uuid, nullable=False),
    Column("parcel", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("location", Text),
    Column("body", JSONB, nullable=False),
    Column("said_by", Text),
    Column("at", TIME, nullable=False),
    Index("parcel_status_by_parcel", "investigation_id", "parcel", "at"),
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
    Column("said", Uuid, comment="which event said so; absent if noted by a version that did not keep it"),
    Column("source", Text, comment="in what it was written"),
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

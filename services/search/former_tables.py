"""Tables of the schema `search` that earlier versions wrote. Nothing writes or reads them now.

They stay while the processes of the version before may still run. A later version drops them.
"""

from sqlalchemy import BigInteger, Column, Index, LargeBinary, Table, Text, Uuid, func, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

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
    comment="not in use: the service logbook keeps entries; a later version drops it",
)

REPORT = Table(
    "report",
    METADATA,
    Column("event_id", Text, primary_key=True, comment="follows from all of the event"),
    Column("dataset_number", BigInteger, nullable=False),
    Column("about", Text, nullable=False),
    Column("level", Text, nullable=False),
    Column("message", Text),
    Column("at", TIME, nullable=False),
    Index("report_by_dataset", "dataset_number", "at", "event_id"),
    comment="not in use: the service archive keeps reports; a later version drops it",
)

SESSION = Table(
    "session",
    METADATA,
    Column("session_sha256", Text, primary_key=True),
    Column("token_sha256", Text, nullable=False, comment="the grant that opened it"),
    Column("expires_at", TIME, nullable=False),
    comment="not in use: the service icat_plus keeps sessions; a later version drops it",
)

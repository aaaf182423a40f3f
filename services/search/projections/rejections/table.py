"""The table of rejections."""

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import ARRAY

from services.search.projections.projection import Projection
from services.search.projections.rejections.note import REJECTIONS
from services.search.projections.schema import METADATA, TIME
from shared.postgres.bulk import insert, update

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

_EARLIER = """(excluded.rejected_at, excluded.code collate "C", excluded.message collate "C")
    < (rejection.rejected_at, rejection.code collate "C", rejection.message collate "C")"""
PROJECTION = Projection(REJECTIONS, insert(REJECTION, then=update(REJECTION, where=_EARLIER)))

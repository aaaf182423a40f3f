"""The table of recent activity."""

from sqlalchemy import BigInteger, Column, Index, Integer, Table, Text, Uuid

from services.search.projections.activity.note import ACTIVITY
from services.search.projections.projection import Projection
from services.search.projections.schema import METADATA, TIME
from shared.postgres.additions import Additions
from shared.postgres.bulk import insert, update

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

_EARLIER = """(excluded.timestamp_ms, excluded.topic collate "C", excluded.partition, excluded.record_offset)
    < (activity.timestamp_ms, activity.topic collate "C", activity.partition, activity.record_offset)"""
PROJECTION = Projection(
    ACTIVITY, insert(HAPPENING, then=update(HAPPENING, where=_EARLIER)), additions=Additions(HAPPENING)
)

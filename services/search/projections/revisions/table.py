"""The table of revisions."""

from sqlalchemy import Column, Integer, LargeBinary, Table, Text, Uuid

from services.search.projections.projection import Projection
from services.search.projections.revisions.note import REVISIONS
from services.search.projections.schema import METADATA, TIME
from shared.postgres.additions import Additions
from shared.postgres.bulk import insert, update

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

PROJECTION = Projection(
    REVISIONS,
    insert(REVISION, then=update(REVISION, where="excluded.committed_at > revision.committed_at")),
    additions=Additions(REVISION),
)

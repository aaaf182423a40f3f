"""The table of sessions, which only ICAT's clients need."""

from sqlalchemy import Column, Table, Text

from services.search.projections.schema import METADATA, TIME

SESSION = Table(
    "session",
    METADATA,
    Column("session_sha256", Text, primary_key=True),
    Column("token_sha256", Text, nullable=False, comment="the grant that opened it"),
    Column("expires_at", TIME, nullable=False),
    comment="told on no topic: a rebuild takes it along",
)

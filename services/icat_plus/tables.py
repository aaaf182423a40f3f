"""The table of the schema `icat_plus`. No topic contains it: if it is lost, all clients have to log in again."""

from sqlalchemy import Column, MetaData, Table, Text
from sqlalchemy.dialects.postgresql import TIMESTAMP

METADATA = MetaData()

SESSION = Table(
    "session",
    METADATA,
    Column("session_sha256", Text, primary_key=True),
    Column("token_sha256", Text, nullable=False, comment="the token that opened it"),
    Column("expires_at", TIMESTAMP(timezone=True), nullable=False),
    comment="open sessions of clients of ICAT+",
)

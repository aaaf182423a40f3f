"""The tables of the schema `archive`. They can be rebuilt entirely from the topic."""

from sqlalchemy import BigInteger, Column, Index, MetaData, Table, Text
from sqlalchemy.dialects.postgresql import TIMESTAMP

METADATA = MetaData()

REPORT = Table(
    "report",
    METADATA,
    Column("event_id", Text, primary_key=True, comment="derived from all of the event"),
    Column("dataset_number", BigInteger, nullable=False),
    Column("about", Text, nullable=False),
    Column("level", Text, nullable=False),
    Column("message", Text),
    Column("at", TIMESTAMP(timezone=True), nullable=False),
    Index("report_by_dataset", "dataset_number", "at", "event_id"),
    comment="what became of the files of datasets",
)

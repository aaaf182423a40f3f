"""The tables of sample tracking.

`tracked` only grows, by one row for each submission in the order of arrival. So the newest row of a dataset has its
present sample, and an old submission that arrives again finds its row and changes nothing. It has no foreign key to
`sample`: the check would lock, and so write, the one sample row that all datasets of an experiment share.
"""

from sqlalchemy import BigInteger, Boolean, Column, DateTime, Identity, Index, MetaData, Table, Text, Uuid, func, text
from sqlalchemy.dialects.postgresql import JSONB

METADATA = MetaData()

SAMPLE = Table(
    "sample",
    METADATA,
    Column("sample_id", Uuid, primary_key=True),
    Column("investigation_id", Uuid, nullable=False),
    Column("facility_id", Text),
    Column("proposal", Text, nullable=False),
    Column("beamline", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("acronym", Text),
    Index("sample_by_name", "proposal", "name", "sample_id"),
    Index("sample_by_key", "proposal", func.lower(text("name"))),
)

VISIT = Table(
    "visit",
    METADATA,
    Column("investigation_id", Uuid, primary_key=True),
    Column("number", BigInteger),
    Column("facility_id", Text),
    Column("proposal", Text, nullable=False),
    Column("beamline", Text, nullable=False),
    Column("start", DateTime(timezone=True), comment="empty while only a sample's event has named it"),
    Column("end", DateTime(timezone=True)),
    Column("placeholder", Boolean, nullable=False),
    Column("word", BigInteger, nullable=False, comment="offset in investigation.registered; -1: from datasets"),
    Index("visit_by_proposal", "proposal"),
    Index("visit_by_facility_id", "facility_id"),
)

TRACKED = Table(
    "tracked",
    METADATA,
    Column("dataset_id", Uuid, primary_key=True),
    Column("receipt_id", Text, primary_key=True),
    Column("seq", BigInteger, Identity(always=True), nullable=False),
    Column("sample_id", Uuid),
    Column("inherited", Boolean, nullable=False),
    Column("findings", JSONB),
    Column("measured_at", DateTime(timezone=True), comment="when the dataset began, if it named a container"),
    Column("container", JSONB),
    Column("sample_changer_position", Text),
    Index("tracked_in_order", "dataset_id", "seq"),
    Index("tracked_by_sample_in_time", "sample_id", "measured_at"),
)

HAPPENING = Table(
    "happening",
    METADATA,
    Column("source", Text, primary_key=True),
    Column("event_id", Text, primary_key=True),
    Column("happening", Text, nullable=False),
    Column("proposal", Text, nullable=False),
    Column("sample_name", Text, nullable=False),
    Column("prefixed_name", Text),
    Column("facility_id", Text),
    Column("beamline", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("place", Text),
    Column("container", JSONB),
    Column("sample_changer_position", Text),
    Index("happening_by_key", "proposal", func.lower(text("sample_name"))),
    Index("happening_by_prefixed_key", "proposal", func.lower(text("prefixed_name"))),
)

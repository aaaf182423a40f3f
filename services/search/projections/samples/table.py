"""The table of samples."""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB

from services.search.projections.projection import Projection, latest
from services.search.projections.samples.note import SAMPLES
from services.search.projections.schema import METADATA

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

PROJECTION = Projection(SAMPLES, latest(SAMPLE, "contained"))

"""The tables of the block index.

Parameters are kept in *blocks*: one row for each parameter of a batch, with its values in order and, beside each, the
`ordinal` of its dataset. A dataset gets a new ordinal with every new revision, so blocks are only ever added, and an
entry whose ordinal no dataset has is void. `seals.py` merges small blocks into ordered runs. It also copies what it
orders into *segments*: one row for each parameter of 128 consecutive ordinals. Blocks answer which datasets have a
value, segments which values a dataset has.
"""

from sqlalchemy import (
    Boolean,
    Column,
    Double,
    Identity,
    Index,
    Integer,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, TSVECTOR

from services.search.projections.schema import C_TEXT, METADATA

SEALED_TIER = 4
"""The tier of ordered runs. Only their values are in segments."""
RUN_BLOCK_ENTRIES = 128
"""The values of a block of a run. The last block of a run may have fewer, and one with equal values may have more."""
SEGMENT_ORDINALS = 128
"""The ordinals of a segment. `ordinal / 128` is its number."""

VOID = Table(
    "void",
    METADATA,
    Column("ordinal", Integer, primary_key=True, autoincrement=False),
    comment="of revisions that were replaced: no dataset has these any more, but blocks of parameters may",
)

DATASET_WORDS = Table(
    "dataset_words",
    METADATA,
    Column("ordinal", Integer, primary_key=True),
    Column("words", TSVECTOR, nullable=False),
    Index("dataset_words_by_word", "words", postgresql_using="gin"),
)

PARAMETER = Table(
    "parameter",
    METADATA,
    Column("parameter_id", Integer, Identity(), primary_key=True),
    Column("name", Text, nullable=False),
    Column("many", Boolean, nullable=False, comment="the value is a list, each element an entry"),
    UniqueConstraint("name", "many", name="parameter_once"),
    Index("parameter_by_name", func.lower(text("name"))),
)

NUMBER_BLOCK = Table(
    "number_block",
    METADATA,
    Column("parameter_id", Integer, nullable=False),
    Column("tier", SmallInteger, nullable=False, comment="how often it was merged"),
    Column("low", Double, nullable=False),
    Column("high", Double, nullable=False),
    Column("entries", ARRAY(Double), nullable=False),
    Column("ordinals", ARRAY(Integer), nullable=False),
    Index("number_block_by_value", "parameter_id", "low", "high"),
    Index("number_block_to_merge", "parameter_id", "tier", postgresql_where=text("tier < 4")),
)

TEXT_BLOCK = Table(
    "text_block",
    METADATA,
    Column("parameter_id", Integer, nullable=False),
    Column("tier", SmallInteger, nullable=False, comment="how often it was merged"),
    Column("low", C_TEXT, nullable=False, comment="not above the first entry; cut, because an index key is bounded"),
    Column("high", C_TEXT, nullable=False, comment="not below the last entry; cut likewise"),
    Column("entries", ARRAY(C_TEXT), nullable=False),
    Column("ordinals", ARRAY(Integer), nullable=False),
    Column("folded", C_TEXT, comment="the entries in lower case, joined, by which a substring is found; in runs only"),
    Index("text_block_by_value", "parameter_id", "low", "high"),
    Index("text_block_to_merge", "parameter_id", "tier", postgresql_where=text("tier < 4")),
)

NUMBER_SEGMENT = Table(
    "number_segment",
    METADATA,
    Column("parameter_id", Integer, nullable=False),
    Column("segment", Integer, nullable=False),
    Column("entries", ARRAY(Double), nullable=False),
    Column("ordinals", ARRAY(Integer), nullable=False),
    Index("number_segment_by_ordinal", "parameter_id", "segment"),
    comment="the values of ordered runs once more, by ordinal; a segment may have several rows",
)

TEXT_SEGMENT = Table(
    "text_segment",
    METADATA,
    Column("parameter_id", Integer, nullable=False),
    Column("segment", Integer, nullable=False),
    Column("entries", ARRAY(C_TEXT), nullable=False),
    Column("ordinals", ARRAY(Integer), nullable=False),
    Index("text_segment_by_ordinal", "parameter_id", "segment"),
    comment="likewise",
)

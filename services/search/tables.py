"""The tables of the read model, schema `search`. All of it can be built anew from the topics.

Parameters lie in *blocks*: one row for each parameter of a batch, with its values in order and, beside each, the
`ordinal` of its dataset. A dataset gets a new ordinal with every revision that applies, so blocks are only ever added,
and an entry whose ordinal no dataset has is void. `services/search/sealing.py` merges small blocks into ordered runs.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, TIMESTAMP, TSVECTOR

METADATA = MetaData()
TIME = TIMESTAMP(timezone=True)
C_TEXT = Text(collation="C")

DATASET = Table(
    "dataset",
    METADATA,
    Column("ordinal", Integer, Identity(), comment="new with every revision that applies"),
    Column("dataset_id", Uuid, nullable=False, unique=True),
    Column("revision", Integer, nullable=False),
    Column("path", Text, nullable=False),
    Column("name", C_TEXT, nullable=False),
    Column("type", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("technique", Text, nullable=False),
    Column("proposal", Text, nullable=False),
    Column("beamline", Text, nullable=False),
    Column("sample", Text),
    Column("started", TIME, nullable=False),
    Column("ended", TIME),
    Column("complete", Boolean, nullable=False),
    Column("submitted_at", TIME, nullable=False),
    Column("committed_at", TIME, nullable=False),
    Column("file_count", BigInteger),
    Column("volume_bytes", BigInteger),
    Column("context", BigInteger, comment="absent only if noted by a version that knew none"),
    Column("finding_set", BigInteger, comment="likewise"),
    Column("number", BigInteger, comment="absent if no event told one"),
    Column("investigation_id", Uuid, comment="absent likewise"),
    PrimaryKeyConstraint("ordinal", name="dataset_pkey", postgresql_include=["context", "finding_set"]),
    UniqueConstraint("number", name="dataset_number_key"),
    Index("dataset_by_investigation", "investigation_id", "started", "dataset_id"),
    Index("dataset_by_findings_and_context", "finding_set", "context"),
    Index("dataset_by_start", "started", "dataset_id"),
    Index("dataset_by_commit", "committed_at", "dataset_id"),
    Index("dataset_by_name", "name", "dataset_id"),
    Index("dataset_by_proposal", func.lower(text("proposal"))),
    Index("dataset_by_sample", func.lower(text("sample"))),
)

VOID = Table(
    "void",
    METADATA,
    Column("ordinal", Integer, primary_key=True, autoincrement=False),
    comment="of revisions that were replaced: no dataset has these any more, but blocks of parameters may",
)

CONTEXT = Table(
    "context",
    METADATA,
    Column("context", BigInteger, primary_key=True, autoincrement=False, comment="follows from the other columns"),
    Column("technique", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("beamline", Text, nullable=False),
    Column("proposal", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("sample", Text),
    comment="what many datasets have in common: facets count them by it, and read a number of each",
)

FINDING_SET = Table(
    "finding_set",
    METADATA,
    Column("finding_set", BigInteger, primary_key=True, autoincrement=False, comment="follows from the codes"),
    Column("codes", ARRAY(Text), nullable=False, comment="in order, each once"),
)

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
    Index("number_block_to_merge", "parameter_id", "tier", postgresql_where=text("tier < 3")),
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
    Index("text_block_by_value", "parameter_id", "low", "high"),
    Index("text_block_to_merge", "parameter_id", "tier", postgresql_where=text("tier < 3")),
)

LINK = Table(
    "link",
    METADATA,
    Column("child", Uuid, primary_key=True),
    Column("parent", Uuid, primary_key=True),
    Column("parent_path", Text, nullable=False),
    Index("link_by_parent", "parent"),
)

RECEIPT = Table(
    "receipt",
    METADATA,
    Column(
        "receipt_id",
        Text,
        primary_key=True,
        comment="the submission's key; a version that knew submissions by their receipt alone wrote that",
    ),
    Column("receipt", Text, comment="the receipt's id; absent only if noted by that version"),
    Column("source", Text, nullable=False, server_default="", comment="whose it is; empty where no report told it"),
    Column("content", Text, nullable=False, server_default="", comment="the fingerprint of its words; empty likewise"),
    Column("dataset_id", Uuid),
    Column("path", Text),
    Column("submitted_at", TIME),
    Column("heard_at", TIME, comment="when Kafka took the first report of it; absent as the receipt"),
    Column("rank", SmallInteger, nullable=False),
    Column("word", BigInteger, nullable=False, comment="the last word of a rank stands"),
    Column("answer", Text, nullable=False),
    Column("since", TIME, comment="when it began to wait for its inputs; absent unless it waits"),
    Column("beamline", Text, comment="likewise, as the next ones"),
    Column("proposal", Text),
    Column("kind", Text),
    Column("waits_for", ARRAY(Uuid), comment="the datasets that `answer` names, in the same order"),
    Index("receipt_by_dataset", "dataset_id", "rank", "heard_at"),
    Index("receipt_by_receipt", "receipt", "heard_at"),
    Index("receipt_by_time", "heard_at"),
    Index("receipt_by_waiting", "since", postgresql_where=text("since is not null")),
    Index("receipt_by_awaited", "waits_for", postgresql_using="gin", postgresql_where=text("since is not null")),
)

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
    comment="what became of the files of datasets",
)

ACTIVITY = Table(
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

POSITION = Table(
    "position",
    METADATA,
    Column("topic", Text, primary_key=True),
    Column("partition", Integer, primary_key=True),
    Column("next_offset", BigInteger, nullable=False, comment="everything below is in this read model"),
)

GENERATION = Table(
    "generation",
    METADATA,
    Column("generation", Uuid, primary_key=True, comment="another one after a swap: what is cached of it is void"),
)

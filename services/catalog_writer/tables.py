"""The tables of the catalogue, schema `catalog`.

A dataset's path has no index of its own: `dataset_id` is derived from the path, so the primary key is unique in both.
There is no index for readers: they ask search, and each index would make every write slower. Only links have foreign
keys; the other references are checked on request (`integrity.py`).
"""

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Identity,
    Integer,
    LargeBinary,
    MetaData,
    Sequence,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import TIMESTAMP

METADATA = MetaData()
TIME = TIMESTAMP(timezone=True)
NUMBERS = Sequence("dataset_number", data_type=BigInteger, metadata=METADATA)

INVESTIGATION = Table(
    "investigation",
    METADATA,
    Column("investigation_id", Uuid, primary_key=True),
    Column("facility_id", Text, comment="the user office's own id"),
    Column("proposal", Text, nullable=False),
    Column("beamline", Text, nullable=False),
    Column("start", TIME),
    Column("end", TIME),
    Column("title", Text),
    Column("placeholder", Boolean, nullable=False, comment="stands in until the user office announces the real one"),
)

SAMPLE = Table(
    "sample",
    METADATA,
    Column("sample_id", Uuid, primary_key=True),
    Column("investigation_id", Uuid, nullable=False),
    Column("name", Text, nullable=False),
)

DATASET = Table(
    "dataset",
    METADATA,
    Column("dataset_id", Uuid, primary_key=True),
    Column(
        "number",
        BigInteger,
        NUMBERS,
        server_default=NUMBERS.next_value(),
        nullable=False,
        comment="by which ICAT clients know it, from the sequence dataset_number; never changes",
    ),
    Column("revision", Integer, nullable=False, comment="the current one; its document has the parameters"),
    Column("path", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("technique", Text, nullable=False),
    Column("proposal", Text, nullable=False),
    Column("beamline", Text, nullable=False),
    Column("investigation_id", Uuid, nullable=False),
    Column("sample_id", Uuid),
    Column("start", TIME, nullable=False),
    Column("end", TIME),
    Column("complete", Boolean, nullable=False),
    Column("sequence_index", BigInteger),
    Column("file_count", BigInteger, comment="as declared"),
    Column("volume_bytes", BigInteger, comment="as declared"),
    comment="each dataset as it is now",
)

TOLD_NUMBER = Table(
    "told_number",
    METADATA,
    Column("dataset_id", Uuid, primary_key=True),
    Column("number", BigInteger, nullable=False),
    comment="of datasets that a restored backup lacked: what clients were told before",
)

REVISION = Table(
    "revision",
    METADATA,
    Column("dataset_id", Uuid, primary_key=True),
    Column("revision", Integer, primary_key=True, autoincrement=False),
    Column("receipt_id", Text, nullable=False, comment="the submission that made it"),
    Column("outcome", Text, nullable=False),
    Column("submitted_at", TIME, nullable=False),
    Column("committed_at", TIME, nullable=False),
    Column("payload", LargeBinary, nullable=False, comment="the committed event as an LZ4 block (rows.py)"),
    comment="every state that a dataset ever had; rows are only added",
)

RECEIPT = Table(
    "receipt",
    METADATA,
    Column("dataset_id", Uuid, primary_key=True),
    Column(
        "receipt_id",
        Text,
        primary_key=True,
        comment="the submission's key; a version that knew submissions by their receipt alone wrote that",
    ),
    Column("revision", Integer, comment="the one made, or found unchanged; empty if the submission was refused"),
    Column("refusal_code", Text),
    Column("refusal_message", Text),
    comment="how each submission was answered, so that the same one again gets the same answer",
)

LINK = Table(
    "link",
    METADATA,
    Column("child", ForeignKey("dataset.dataset_id"), primary_key=True),
    Column("parent", ForeignKey("dataset.dataset_id"), primary_key=True),
    comment="which datasets each was made from, as it is now",
)

FILE = Table(
    "file",
    METADATA,
    Column("dataset_id", Uuid, primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("path", Text, nullable=False, comment="relative to the dataset's folder unless absolute"),
    Column("size_bytes", BigInteger),
    comment="the files that the producer listed, as it is now",
)

OUTBOX = Table(
    "outbox",
    METADATA,
    Column("seq", BigInteger, Identity(always=True), primary_key=True),
    Column("dataset_id", Uuid, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("receipt_id", Text, nullable=False),
    Column("committed_at", TIME, nullable=False),
    Column("traceparent", LargeBinary),
    Column("payload", LargeBinary, comment="the event, where it is not the revision's"),
    Column("payload_bytes", Integer, nullable=False, comment="length of the event, unpacked"),
    Column("source", Text, comment="whose submission is answered; empty, as content, of that version's"),
    Column("content", Text, comment="the fingerprint of its words"),
    comment="answers of an older version that are not in Kafka yet; the relay moves them to outbox_batch",
)

OUTBOX_BATCH = Table(
    "outbox_batch",
    METADATA,
    Column("seq", BigInteger, server_default=text("nextval('outbox_seq_seq')"), primary_key=True, autoincrement=False),
    Column("batch_id", Uuid, nullable=False, comment="by which its writer keeps the messages in memory"),
    Column("committed_at", TIME, nullable=False),
    Column("dataset_ids", ARRAY(Uuid), nullable=False, comment="one element for each answer, as the next ones"),
    Column("revisions", ARRAY(Integer), nullable=False),
    Column("receipt_ids", ARRAY(Text), nullable=False),
    Column("sources", ARRAY(Text), nullable=False, comment="whose submission is answered"),
    Column("contents", ARRAY(Text), nullable=False, comment="the fingerprint of its words"),
    Column("traces", ARRAY(LargeBinary), nullable=False, comment="the W3C traceparent"),
    Column("payloads", ARRAY(LargeBinary), nullable=False, comment="the event, where it is not the revision's"),
    Column("sizes", ARRAY(Integer), nullable=False, comment="length of the event, unpacked"),
    Column("published", Integer, server_default="0", nullable=False, comment="how many are in Kafka, from the first"),
    comment="answers that are not in Kafka yet, one row for each batch",
)

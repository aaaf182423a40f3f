"""The table of receipts."""

from typing import Any

from sqlalchemy import BigInteger, Column, Index, SmallInteger, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import ARRAY

from services.search.projections.projection import Projection
from services.search.projections.receipts.note import RECEIPTS, PendingDetails, Receipt
from services.search.projections.schema import METADATA, TIME
from shared.foundation.arrays import array
from shared.postgres.additions import Additions
from shared.postgres.bulk import insert, update

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
    Index("receipt_by_dataset", "dataset_id", "heard_at"),
    Index("receipt_by_receipt", "receipt", "heard_at"),
    Index("receipt_by_time", "heard_at"),
    Index("receipt_by_waiting", "since", postgresql_where=text("since is not null")),
    Index("receipt_by_awaited", "waits_for", postgresql_using="gin", postgresql_where=text("since is not null")),
)

_EQUAL = "(excluded.rank, excluded.word) = (receipt.rank, receipt.word)"
_TEXTS = '({0}.answer collate "C", coalesce({0}.path, \'\') collate "C")'
_NEWER = (
    "((excluded.rank, excluded.word) > (receipt.rank, receipt.word)"
    f" or ({_EQUAL} and {_TEXTS.format('excluded')} < {_TEXTS.format('receipt')}))"
)
_CHANGES = (
    _NEWER
    + """
  or excluded.submitted_at < receipt.submitted_at or excluded.heard_at < receipt.heard_at
  or (receipt.submitted_at is null and excluded.submitted_at is not null)"""
)
_MERGED = {
    name: f"case when {_NEWER} then excluded.{name} else receipt.{name} end"
    for name in ("path", "rank", "word", "answer", *PendingDetails._fields)
} | {name: f"least(excluded.{name}, receipt.{name})" for name in ("submitted_at", "heard_at")}
_INSERT = insert(RECEIPT, then=update(RECEIPT, (), values=_MERGED, where=_CHANGES))


def _row(key: str, receipt: Receipt) -> tuple[Any, ...]:
    said = receipt.submission
    return (
        key,
        said.receipt_id,
        said.source,
        said.content,
        said.dataset_id,
        receipt.path,
        receipt.submitted_at,
        receipt.heard_at,
        int(receipt.rank),
        receipt.word,
        receipt.answer,
        *_waits_row(receipt.waits),
    )


def _waits_row(waits: PendingDetails | None) -> tuple[Any, ...]:
    if waits is None:
        return (None,) * len(PendingDetails._fields)
    return (*waits[:-1], array(map(str, waits.waits_for)))


PROJECTION = Projection(RECEIPTS, _INSERT, _row, Additions(RECEIPT))

"""Asking for rejections: which, and the SQL for a page of them. Pure."""
# ruff: noqa: S608  # the SQL is put together from this file's words alone; values are arguments

from dataclasses import dataclass
from datetime import datetime

from services.search.cursors import Cursor
from services.search.sql import Statement

LISTED = (
    "rejection_id, receipt_id, dataset_id, path, producer, stage, code, message, topic, partition,"
    ' record_offset as "offset", rejected_at'
)
ORDER = "rejected_at desc"


@dataclass(frozen=True)
class RejectionQuery:
    """Which rejections are wanted; newest first."""

    code: str | None = None
    stage: str | None = None
    producer: str | None = None
    receipt_id: str | None = None
    since: datetime | None = None
    limit: int = 50
    after: Cursor | None = None


def rejection_page(query: RejectionQuery) -> Statement:
    """One row more than the page has."""
    statement = Statement()
    where = [
        f"{column} = {statement.bind(value, 'text')}"
        for column, value in (
            ("code", query.code),
            ("stage", query.stage),
            ("producer", query.producer),
            ("receipt_id", query.receipt_id),
        )
        if value is not None
    ]
    if query.since:
        where.append(f"rejected_at >= {statement.bind(query.since, 'timestamptz')}")
    if query.after:
        last = f"{statement.bind(query.after.key, 'timestamptz')}, {statement.bind(query.after.row_id, 'uuid')}"
        where.append(f"(rejected_at, rejection_id) < ({last})")
    wanted = f" where {' and '.join(where)}" if where else ""
    statement.text = (
        f"select {LISTED} from rejection{wanted} order by {ORDER}, rejection_id desc"
        f" limit {statement.bind(query.limit + 1, 'int')}"
    )
    return statement

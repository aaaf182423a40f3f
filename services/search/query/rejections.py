"""Answers about rejections. Pure."""

from datetime import datetime

from services.search.projections.rejections import statements
from shared.postgres.statement import Row


def summary_answer(rows: list[Row], since: datetime | None) -> Row:
    """The groups, and since when they count. The answer is incomplete if there are too many rejections or groups."""
    counted, counted_from = (rows[0][name] for name in ("counted", "counted_from"))
    groups = [
        {name: row[name] for name in ("code", "producer", "count", "open", "first", "last", "rejection_id")}
        for row in rows
        if row["rejection_id"] is not None
    ]
    cut = counted == statements.MOST_COUNTED
    return {
        "since": counted_from if cut else since,
        "complete": not cut and len(groups) <= statements.MOST_GROUPS,
        "groups": groups[: statements.MOST_GROUPS],
    }


def resolved_answer(row: Row) -> Row:
    """The row, with what resolved the rejection under the name `resolved`."""
    kept = {name: value for name, value in row.items() if not name.startswith(("resolved_", "walked_", "is_asked"))}
    resolved = {
        "dataset_id": row["resolved_by"],
        "revision": row["resolved_revision"],
        "committed_at": row["resolved_at"],
    }
    return kept | {"resolved": resolved if row["resolved_by"] else None}

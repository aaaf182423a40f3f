"""What waits for its inputs: which of it is asked for, the SQL, and what a reader gets."""
# ruff: noqa: S608  # the SQL is put together from this file's words alone; values are arguments

import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from services.search.index.question import Cursor
from services.search.projections.investigations.table import as_written
from services.search.query.catalogue import CatalogueReader
from services.search.query.cursors import read_cursor, write_cursor
from services.search.query.faults import FaultCollector, dataset_at
from shared.events.identity import Identities, proposal_key
from shared.foundation.lists import split
from shared.foundation.pages import page_while_read
from shared.postgres.statement import Statement

Row = dict[str, Any]

ORDER = "since asc"
COMPARED: dict[str, Callable[[str], str]] = {"proposal": proposal_key, "producer": str}
"""How a filter's values are compared; those of all others are in lower case."""
COLUMNS = {"beamline": "beamline", "proposal": "proposal", "kind": "kind", "producer": "source"}

_IS_SUPERSEDED = """
exists (select from receipt as later where later.receipt = receipt.receipt
        and later.dataset_id = receipt.dataset_id and later.rank > 1)
"""
WAITS = f"since is not null and rank = 1 and ((source <> '' and content <> '') or not {_IS_SUPERSEDED})"
"""A report of a version that told neither source nor content is about whatever submission its receipt is of."""

LISTED = f"""
select coalesce(receipt, receipt_id) as receipt_id, md5(receipt_id)::uuid as row_id, dataset_id, path,
  nullif(source, '') as producer, since, beamline, kind, {as_written("receipt", "proposal")} as proposal, answer,
  array(select place from unnest(waits_for) with ordinality as awaited (dataset_id, place)
        join dataset using (dataset_id) where dataset.complete) as arrived
from receipt where {WAITS}
"""
COUNTED = f"select count(*) from receipt where {WAITS}"
_AWAITED = "not exists (select from dataset where dataset.dataset_id = {one} and dataset.complete)"


@dataclass(frozen=True)
class PendingQuery:
    """Which of what waits is asked for; all conditions must hold."""

    values: dict[str, list[str]] = field(default_factory=dict)
    """By field, any of several, as they are compared."""
    dataset_id: UUID | None = None
    waits_for: UUID | None = None
    limit: int = 50
    after: Cursor | None = None


def read_pending_query(said: dict[str, str | None], limit: int, identities: Identities) -> PendingQuery:
    """The query that a URL's fields ask.

    Raises:
        QueryInvalid: a path or the cursor cannot be read.
    """
    fields = FaultCollector()
    after = fields.parsed("cursor", said["cursor"], lambda text: read_cursor(text, ORDER, datetime))
    path, waits_for = (
        fields.parsed(name, said[name], partial(dataset_at, identities)) for name in ("path", "waits_for")
    )
    values = {
        name: [COMPARED.get(name, str.lower)(value.strip()) for value in split(text, ",")]
        for name in COLUMNS
        if (text := said[name])
    }
    fields.check()
    return PendingQuery(values, path, waits_for, limit, after)


def _conditions(query: PendingQuery, statement: Statement) -> str:
    where = [f" and {COLUMNS[name]} = any({statement.bind(values, 'text[]')})" for name, values in query.values.items()]
    if query.dataset_id:
        where.append(f" and dataset_id = {statement.bind(query.dataset_id, 'uuid')}")
    if query.waits_for:
        one = statement.bind(query.waits_for, "uuid")
        where.append(f" and waits_for @> array[{one}] and {_AWAITED.format(one=one)}")
    return "".join(where)


def pending_page(query: PendingQuery) -> Statement:
    """The rows from the cursor on, the oldest first."""
    statement = Statement()
    statement.text = LISTED + _conditions(query, statement)
    if query.after:
        last = f"{statement.bind(query.after.key, 'timestamptz')}, {statement.bind(query.after.row_id, 'uuid')}"
        statement.text += f" and (since, md5(receipt_id)::uuid) > ({last})"
    statement.text += " order by since, md5(receipt_id)::uuid"
    return statement


def pending_count(query: PendingQuery) -> Statement:
    """How many there are on all pages."""
    statement = Statement()
    statement.text = COUNTED + _conditions(query, statement)
    return statement


def pending_answer(row: Row) -> Row:
    """One submission that waits, with the inputs that are missing by now."""
    told: Row = json.loads(row["answer"])
    arrived = set(row["arrived"])
    missing = [path for place, path in enumerate(told["waits_for"], 1) if place not in arrived]
    return {name: row[name] for name in ("receipt_id", "dataset_id", "path")} | {
        "name": told.get("name"),
        **{name: row[name] for name in ("kind", "proposal", "beamline", "producer", "since")},
        "deadline": told["deadline"],
        "waits_for": missing,
        "waits_for_count": told["waits_for_count"] - len(arrived),
        "near": [each for each in told.get("near", ()) if each["path"] in missing],
    }


async def read_pending(reader: CatalogueReader, query: PendingQuery) -> Row:
    """A page of what waits, and how much there is on all pages."""
    page, count = pending_page(query), pending_count(query)
    async with reader.connection() as connection:

        async def rows() -> AsyncIterator[Row]:
            async for row in connection.cursor(page.text, *page.arguments, prefetch=query.limit + 1):
                yield pending_answer(dict(row)) | {"row_id": row["row_id"]}

        found, has_more = await page_while_read(rows(), query.limit)
        number = await connection.fetchval(count.text, *count.arguments)
    following = write_cursor(ORDER, Cursor(found[-1]["since"], found[-1]["row_id"])) if has_more else None
    shown = [{name: value for name, value in row.items() if name != "row_id"} for row in found]
    return {"pending": shown, "count": number, "next": following}

"""Submissions that wait for their inputs: the query that a URL asks, and the answer."""

import json
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from functools import partial

from services.search.cursors import Cursor, read_cursor, write_cursor
from services.search.projections.receipts.statements import (
    PENDING_COLUMNS,
    PENDING_ORDER,
    PendingQuery,
    pending_count,
    pending_page,
)
from services.search.query.catalogue import CatalogueReader
from services.search.query.faults import FaultCollector, dataset_at
from shared.events.identity import Identities, proposal_key
from shared.foundation.lists import split
from shared.foundation.pages import page_while_read
from shared.postgres.statement import Row

COMPARED: dict[str, Callable[[str], str]] = {"proposal": proposal_key, "producer": str}
"""How the values of a filter are compared. The values of all others are compared in lower case."""


def read_pending_query(given: dict[str, str | None], limit: int, identities: Identities) -> PendingQuery:
    """The query that the fields of a URL express.

    Raises:
        QueryInvalid: a path or the cursor cannot be read.
    """
    fields = FaultCollector()
    after = fields.parsed("cursor", given["cursor"], lambda text: read_cursor(text, PENDING_ORDER, datetime))
    path, waits_for = (
        fields.parsed(name, given[name], partial(dataset_at, identities)) for name in ("path", "waits_for")
    )
    values = {
        name: [COMPARED.get(name, str.lower)(value.strip()) for value in split(text, ",")]
        for name in PENDING_COLUMNS
        if (text := given[name])
    }
    fields.check()
    return PendingQuery(values, path, waits_for, limit, after)


def pending_answer(row: Row) -> Row:
    """One waiting submission, with the inputs that are still missing."""
    answer: Row = json.loads(row["answer"])
    arrived = set(row["arrived"])
    missing = [path for place, path in enumerate(answer["waits_for"], 1) if place not in arrived]
    return {name: row[name] for name in ("receipt_id", "dataset_id", "path")} | {
        "name": answer.get("name"),
        **{name: row[name] for name in ("kind", "proposal", "beamline", "producer", "since")},
        "deadline": answer["deadline"],
        "waits_for": missing,
        "waits_for_count": answer["waits_for_count"] - len(arrived),
        "near": [each for each in answer.get("near", ()) if each["path"] in missing],
    }


async def read_pending(reader: CatalogueReader, query: PendingQuery) -> Row:
    """A page of waiting submissions, and the number of them on all pages."""
    page, count = pending_page(query), pending_count(query)
    async with reader.connection() as connection:

        async def rows() -> AsyncIterator[Row]:
            async for row in connection.cursor(page.text, *page.arguments, prefetch=query.limit + 1):
                yield pending_answer(dict(row)) | {"row_id": row["row_id"]}

        found, has_more = await page_while_read(rows(), query.limit)
        number = await connection.fetchval(count.text, *count.arguments)
    following = write_cursor(PENDING_ORDER, Cursor(found[-1]["since"], found[-1]["row_id"])) if has_more else None
    shown = [{name: value for name, value in row.items() if name != "row_id"} for row in found]
    return {"pending": shown, "count": number, "next": following}

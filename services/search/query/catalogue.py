"""The reader of the catalogue: it answers each question with a few statements on one connection."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from uuid import UUID

from services.search.cursors import Cursor, write_cursor
from services.search.index.port import ROWS_AT_ONCE, Index
from services.search.index.question import Query
from services.search.projections.datasets.statements import DOCUMENTS, LINKED, NODES
from services.search.projections.receipts.statements import MOST_SUBMISSIONS, PRODUCERS, RECEIPTS, SUBMISSIONS
from services.search.projections.rejections.statements import (
    REJECTION,
    RejectionQuery,
    rejection_page,
    rejection_summary,
)
from services.search.projections.revisions.statements import EVENT, EVENTS, HISTORY, SIZES
from services.search.query.history import Revision, history_of
from services.search.query.naming import Naming
from services.search.query.parameters import names_of
from services.search.query.producers import producer_answer
from services.search.query.query import order_name
from services.search.query.rejections import resolved_answer
from shared.foundation.packing import unpacked
from shared.foundation.pages import page_while_read
from shared.postgres.database import Connection, Database, Questions
from shared.postgres.statement import Row, Statement

MOST_EVENTS = 50
MOST_PACKED_BYTES = 1024 * 1024
"""The most bytes of packed events that are read at once. Their JSON is about ten times as large."""
MOST_SUBMISSIONS_BYTES = 4 * 1024 * 1024
"""The most bytes of submissions in one answer. Those of the last receipt id may exceed it by as much again."""


class CatalogueReader:
    """Answers every question about the read model."""

    def __init__(self, database: Database, naming: Naming, index: Index) -> None:
        self._database = database
        self._naming = naming
        self._index = index

    def connection(self, questions: Questions = Questions.COSTLY) -> AbstractAsyncContextManager[Connection]:
        """A connection for reading, once it is the turn of this question."""
        return self._database.answering(questions)

    async def find(self, query: Query) -> Row:
        """A page of datasets, with facets and count where they are asked for.

        Raises:
            QueryInvalid: the query names a parameter that neither a dataset nor the vocabulary has.
        """
        async with self.connection() as connection:
            names = await names_of(self._index, connection, query, self._naming)
            rows, has_more = await page_while_read(self._index.page(connection, query, names), query.limit)
            answer: Row = {"datasets": [_without(row, "sort_key") for row in rows], "next": None}
            if has_more:
                cursor = Cursor(rows[-1]["sort_key"], rows[-1]["dataset_id"])
                answer["next"] = write_cursor(order_name(query.sort, query.descending), cursor)
            if query.count:
                answer["count"] = await self._index.count(connection, query, names)
            if query.facets:
                answer["facets"] = {name: [] for name in query.facets}
                for row in await self._index.facets(connection, query, names):
                    answer["facets"][row["facet"]].append({"value": row["value"], "count": row["number"]})
        return answer

    async def event(self, dataset_id: UUID, revision: int | None = None) -> bytes | None:
        """The committed event of the current (or the given) revision of a dataset, byte for byte, if it exists."""
        async with self.connection(Questions.QUICK) as connection:
            body = await connection.fetchval(EVENT, dataset_id, revision)
        return None if body is None else unpacked(body)

    async def events(self, revisions: Sequence[tuple[UUID, int]]) -> dict[UUID, bytes]:
        """The committed events of these revisions, by dataset. There is one revision for each dataset."""
        async with self.connection() as connection:
            rows = await connection.fetch(
                EVENTS, [dataset_id for dataset_id, _ in revisions], [revision for _, revision in revisions]
            )
        return {row["dataset_id"]: unpacked(row["body"]) for row in rows}

    async def lots(self, rows: Sequence[Row]) -> list[Sequence[Row]]:
        """These datasets in lots whose events can be read at once. One event may have megabytes."""
        async with self.connection() as connection:
            known = await connection.fetch(
                SIZES, [row["dataset_id"] for row in rows], [row["revision"] for row in rows]
            )
        return list(_lots(rows, {row["dataset_id"]: row["size"] for row in known}))

    async def rows(
        self,
        statement: Statement,
        most_rows: int,
        most_bytes: int,
        at_once: int = ROWS_AT_ONCE,
        questions: Questions = Questions.COSTLY,
    ) -> tuple[list[Row], bool]:
        """The rows of a statement up to a limit, and whether more rows follow."""
        async with self.connection(questions) as connection:
            return await page_while_read(statement.rows(connection, at_once), most_rows, most_bytes)

    async def documents(self, ids: Collection[UUID]) -> dict[UUID, bytes]:
        """The committed events of the current revisions of datasets, by dataset. Unknown datasets are left out."""
        async with self.connection() as connection:
            rows = await connection.fetch(DOCUMENTS, list(ids))
        return {row["dataset_id"]: unpacked(row["body"]) for row in rows}

    async def revisions(self, dataset_id: UUID, limit: int, below: int | None) -> tuple[list[Revision], bool]:
        """The revisions below `below`, newest first, each with what it changed, and whether more follow."""
        async with self.connection() as connection:
            rows = Statement(HISTORY, [dataset_id, below]).rows(connection, 2)  # each may have megabytes
            return await page_while_read(history_of(rows), limit)

    async def links(self, ids: Collection[UUID], side: str, most: int) -> Sequence[tuple[UUID, UUID, str]]:
        """The first links (child, parent, parent's path) whose child or parent, as `side` says, is one of these."""
        async with self.connection() as connection:
            return [tuple(row) for row in await connection.fetch(LINKED[side], list(ids), most)]

    async def nodes(self, ids: Collection[UUID]) -> list[Row]:
        """The facts of each dataset that a lineage shows. Datasets that are not catalogued yet are left out."""
        async with self.connection() as connection:
            rows = await connection.fetch(NODES, list(ids))
        return [dict(row) for row in rows]

    async def submissions(
        self, ids: Sequence[str], source: str | None = None, dataset_id: UUID | None = None
    ) -> dict[str, list[Row]]:
        """The submissions under each receipt id, those of `source` first; only those of `dataset_id`, if it is given.

        Ids at the end that do not fit into one answer are left out. The first id is never left out.
        """
        async with self.connection(Questions.QUICK) as connection:
            rows = await connection.fetch(
                SUBMISSIONS, ids, source, dataset_id, MOST_SUBMISSIONS, MOST_SUBMISSIONS_BYTES
            )
        found: dict[str, list[Row]] = {}
        for row in rows:
            found.setdefault(ids[row["place"] - 1], []).extend([dict(row)] if row["answer"] is not None else [])
        return found

    async def receipts(self, dataset_id: UUID, limit: int, skip: int) -> tuple[list[Row], bool]:
        """The submissions of one dataset, newest first, and whether more follow."""
        async with self.connection(Questions.QUICK) as connection:
            return await page_while_read(Statement(RECEIPTS, [dataset_id, skip]).rows(connection, ROWS_AT_ONCE), limit)

    async def rejections(self, query: RejectionQuery) -> tuple[list[Row], Cursor | None]:
        """Rejections, newest first, and the cursor behind which more may follow."""
        async with self.connection() as connection:
            rows, has_more = await page_while_read(rejection_page(query).rows(connection, ROWS_AT_ONCE), query.limit)
        found = [resolved_answer(row) for row in rows if row["rejection_id"]]
        if has_more:
            return found, Cursor(found[-1]["rejected_at"], found[-1]["rejection_id"])
        return found, Cursor(rows[0]["walked_to"], rows[0]["walked_to_id"]) if rows[0]["walked_to"] else None

    async def rejection_summary(self, query: RejectionQuery) -> list[Row]:
        """The rejections by code and producer."""
        summary = rejection_summary(query)
        async with self.connection() as connection:
            return [dict(row) for row in await connection.fetch(summary.text, *summary.arguments)]

    async def producers(self, since: datetime) -> list[Row]:
        """Each producer that was active since then, with the number of its submissions in each state."""
        async with self.connection() as connection:
            return [producer_answer(dict(row)) for row in await connection.fetch(PRODUCERS, since)]

    async def rejection(self, rejection_id: UUID) -> Row | None:
        """One rejection with its original bytes."""
        async with self.connection(Questions.QUICK) as connection:
            row = await connection.fetchrow(REJECTION, rejection_id)
        return None if row is None else resolved_answer(dict(row))


def _lots(rows: Sequence[Row], sizes: Mapping[UUID, int]) -> Iterator[Sequence[Row]]:
    begin, size = 0, 0
    for end, row in enumerate(rows):
        size += sizes.get(row["dataset_id"], 0)
        if end > begin and (size > MOST_PACKED_BYTES or end - begin == MOST_EVENTS):
            yield rows[begin:end]
            begin, size = end, sizes.get(row["dataset_id"], 0)
    if rows:
        yield rows[begin:]


def _without(row: Row, name: str) -> Row:
    return {key: value for key, value in row.items() if key != name}

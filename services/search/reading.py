"""Answers from the read model: each a handful of statements on one connection."""

import difflib
from collections.abc import AsyncIterator, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from services.search import counting, sql
from services.search.cursors import Cursor, write_cursor
from services.search.grammar import spelled_out
from services.search.index_entry import unpacked
from services.search.naming import Naming
from services.search.producers import PRODUCERS, producer_answer
from services.search.query import COLUMN_SORTS, COLUMNS, FACTS, Query, QueryInvalid, order_name
from services.search.receipts import MOST_SUBMISSIONS
from services.search.rejections import (
    REJECTION,
    RejectionQuery,
    rejection_page,
    rejection_summary,
    resolved_answer,
)
from services.search.revisions import Revision, history_of
from services.search.sql import Known
from shared.foundation.errors import Fault
from shared.foundation.pages import page_while_read
from shared.postgres.database import Connection, Database, Questions

ROWS_AT_ONCE = 128
MOST_EVENTS = 50
MOST_PACKED_BYTES = 1024 * 1024
"""Of committed events that are read at one time, packed as they are kept: some ten times less than their JSON."""
MOST_SUBMISSIONS_BYTES = 4 * 1024 * 1024
"""Of the submissions under several receipt ids; those of the last id may go beyond by as much again."""
ALIKE = 0.75
"""How like a name must be (1 is equal) to be what was meant."""
Row = dict[str, Any]


class CatalogueReader:
    """Everything that search can be asked."""

    def __init__(self, database: Database, naming: Naming) -> None:
        self._database = database
        self._naming = naming

    def connection(self, questions: Questions = Questions.COSTLY) -> AbstractAsyncContextManager[Connection]:
        """A connection to read by, when it is the question's turn."""
        return self._database.answering(questions)

    async def find(self, query: Query) -> Row:
        """A page of datasets, with facets and count where they are asked for.

        Raises:
            QueryInvalid: a parameter that neither a dataset nor the vocabulary has is asked for.
        """
        async with self.connection() as connection:
            names = await _names(connection, query, self._naming)
            rows, has_more = await page_while_read(_read(connection, sql.page(query, names)), query.limit)
            answer: Row = {"datasets": [_without(row, "sort_key") for row in rows], "next": None}
            if has_more:
                cursor = Cursor(rows[-1]["sort_key"], rows[-1]["dataset_id"])
                answer["next"] = write_cursor(order_name(query.sort, query.descending), cursor)
            if query.count:
                answer["count"] = (await _fetch(connection, counting.count(query, names)))[0]["count"]
            if query.facets:
                answer["facets"] = {name: [] for name in query.facets}
                for row in await _fetch(connection, counting.facets(query, names)):
                    answer["facets"][row["facet"]].append({"value": row["value"], "count": row["number"]})
        return answer

    async def event(self, dataset_id: UUID, revision: int | None = None) -> bytes | None:
        """The committed event of a dataset's current (or given) revision, byte for byte; nothing if there is none."""
        async with self.connection(Questions.QUICK) as connection:
            body = await connection.fetchval(
                "select body from revision where dataset_id = $1 and ($2::int is null or revision = $2)"
                " order by revision desc limit 1",
                dataset_id,
                revision,
            )
        return None if body is None else unpacked(body)

    async def events(self, revisions: Sequence[tuple[UUID, int]]) -> dict[UUID, bytes]:
        """The committed events of these revisions, one a dataset, by dataset."""
        async with self.connection() as connection:
            rows = await connection.fetch(
                "select dataset_id, body from revision"
                " join unnest($1::uuid[], $2::int[]) as wanted (dataset_id, revision) using (dataset_id, revision)",
                [dataset_id for dataset_id, _ in revisions],
                [revision for _, revision in revisions],
            )
        return {row["dataset_id"]: unpacked(row["body"]) for row in rows}

    async def lots(self, rows: Sequence[Row]) -> list[Sequence[Row]]:
        """These datasets in lots whose committed events can be read at one time: each may have megabytes."""
        async with self.connection() as connection:
            known = await connection.fetch(
                "select dataset_id, octet_length(body) as size from revision"
                " join unnest($1::uuid[], $2::int[]) as wanted (dataset_id, revision) using (dataset_id, revision)",
                [row["dataset_id"] for row in rows],
                [row["revision"] for row in rows],
            )
        return list(_lots(rows, {row["dataset_id"]: row["size"] for row in known}))

    async def rows(
        self,
        statement: sql.Statement,
        most_rows: int,
        most_bytes: int,
        at_once: int = ROWS_AT_ONCE,
        questions: Questions = Questions.COSTLY,
    ) -> tuple[list[Row], bool]:
        """The rows of a statement, no more than these, and whether others follow."""
        async with self.connection(questions) as connection:
            return await page_while_read(_read(connection, statement, at_once), most_rows, most_bytes)

    async def documents(self, ids: Collection[UUID]) -> dict[UUID, bytes]:
        """The committed events of datasets as they are now, by dataset; of one that is not here there is none."""
        async with self.connection() as connection:
            rows = await connection.fetch(
                "select dataset_id, body from dataset join revision using (dataset_id, revision)"
                " where dataset_id = any($1::uuid[])",
                list(ids),
            )
        return {row["dataset_id"]: unpacked(row["body"]) for row in rows}

    async def revisions(self, dataset_id: UUID, limit: int, below: int | None) -> tuple[list[Revision], bool]:
        """The history, newest first, each with what it changed, and whether it goes on; `below` where a page begins."""
        statement = sql.Statement(
            "select revision, receipt_id, outcome, submitted_at, committed_at, body from revision"
            " where dataset_id = $1 and ($2::int is null or revision < $2) order by revision desc",
            [dataset_id, below],
        )
        async with self.connection() as connection:
            rows = _read(connection, statement, at_once=2)  # each may have megabytes
            return await page_while_read(history_of(rows), limit)

    async def reports(self, dataset_id: UUID, limit: int) -> list[Row]:
        """What became of the dataset's files, newest first. Who asked for them is told within sessions alone."""
        async with self.connection(Questions.QUICK) as connection:
            rows = await connection.fetch(
                "select about, level, case about when 'restoration_requested' then null else message end as message, at"
                " from report join dataset on dataset.number = report.dataset_number"
                " where dataset_id = $1 order by at desc, event_id limit $2",
                dataset_id,
                limit,
            )
        return [dict(row) for row in rows]

    async def links(self, ids: Collection[UUID], side: str, most: int) -> Sequence[tuple[UUID, UUID, str]]:
        """The first links (child, parent, parent's path) whose child or parent, as `side` says, is one of these."""
        async with self.connection() as connection:
            return [tuple(row) for row in await connection.fetch(sql.LINKS[side], list(ids), most)]

    async def nodes(self, ids: Collection[UUID]) -> list[Row]:
        """What a lineage shows of each dataset; what is not here yet is left out."""
        async with self.connection() as connection:
            rows = await connection.fetch(sql.NODES, list(ids))
        return [dict(row) for row in rows]

    async def submissions(
        self, ids: Sequence[str], source: str | None = None, dataset_id: UUID | None = None
    ) -> dict[str, list[Row]]:
        """By receipt id, the submissions under it, those of a source first; of a dataset, if given.

        The ids at the end for which one answer has no room are left out; the first one never is.
        """
        async with self.connection(Questions.QUICK) as connection:
            rows = await connection.fetch(
                sql.SUBMISSIONS, ids, source, dataset_id, MOST_SUBMISSIONS, MOST_SUBMISSIONS_BYTES
            )
        found: dict[str, list[Row]] = {}
        for row in rows:
            found.setdefault(ids[row["place"] - 1], []).extend([dict(row)] if row["answer"] is not None else [])
        return found

    async def receipts(self, dataset_id: UUID, limit: int, skip: int) -> tuple[list[Row], bool]:
        """The submissions of one dataset, newest first, and whether others follow."""
        async with self.connection(Questions.QUICK) as connection:
            return await page_while_read(_read(connection, sql.Statement(sql.RECEIPTS, [dataset_id, skip])), limit)

    async def rejections(self, query: RejectionQuery) -> tuple[list[Row], Cursor | None]:
        """Rejections, newest first, and behind which of them others may follow."""
        async with self.connection() as connection:
            rows, has_more = await page_while_read(_read(connection, rejection_page(query)), query.limit)
        found = [resolved_answer(row) for row in rows if row["rejection_id"]]
        if has_more:
            return found, Cursor(found[-1]["rejected_at"], found[-1]["rejection_id"])
        return found, Cursor(rows[0]["walked_to"], rows[0]["walked_to_id"]) if rows[0]["walked_to"] else None

    async def rejection_summary(self, query: RejectionQuery) -> list[Row]:
        """The rejections by code and producer."""
        async with self.connection() as connection:
            return [dict(row) for row in await _fetch(connection, rejection_summary(query))]

    async def producers(self, since: datetime) -> list[Row]:
        """Each producer that was heard of since then, with counts of what became of what it sent."""
        async with self.connection() as connection:
            return [producer_answer(dict(row)) for row in await connection.fetch(PRODUCERS, since)]

    async def rejection(self, rejection_id: UUID) -> Row | None:
        """One rejection with the original bytes."""
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


async def _names(connection: Connection, query: Query, naming: Naming) -> dict[str, list[Known]]:
    """What the read model calls the parameters of a query, by name in lower case."""
    wanted = {condition.name: "parameters" for condition in query.conditions} | {
        column: "columns" for column in query.columns if column not in FACTS
    }
    by = None if query.sort.lower() in COLUMN_SORTS else query.sort
    if by:
        wanted.setdefault(by, "sort")
    if not wanted:
        return {}
    names = await _known(connection, wanted, naming)
    if unknown := [name for name in wanted if not names[name.lower()] and not naming.knows(name)]:
        known = {row["name"].lower(): row["name"] for row in await connection.fetch("select name from parameter")}
        raise QueryInvalid([_unknown(wanted[name], name, known, naming) for name in unknown])
    if by and sum(not one.many for one in names[by.lower()]) > 1:
        raise QueryInvalid([Fault("sort", f"{query.sort!r} is several parameters; sort by a single number")])
    if by and names[by.lower()] and all(one.many for one in names[by.lower()]):
        raise QueryInvalid([Fault("sort", f"{query.sort!r} is a list; sort by a single number")])
    return names


async def _known(connection: Connection, wanted: Iterable[str], naming: Naming) -> dict[str, list[Known]]:
    spelled: dict[str, set[str]] = {}
    for name in wanted:
        for spelling in naming.spellings(name):
            spelled.setdefault(spelling, set()).add(name.lower())
    names: dict[str, list[Known]] = {name.lower(): [] for name in wanted}
    for row in await connection.fetch(sql.KNOWN, list(spelled)):
        for name in spelled[row["name"].lower()]:
            names[name].append(Known(*row))
    return names


def _unknown(field: str, name: str, known: Mapping[str, str], naming: Naming) -> Fault:
    lower = name.lower()
    others = {"columns": (*COLUMNS, *FACTS), "sort": tuple(COLUMN_SORTS)}.get(field, ())
    known = {**known, **{other: other for other in others}}
    near = [known[match] for match in difflib.get_close_matches(lower, known, 3, ALIKE)]
    if not near and (suggestion := naming.suggestion(name)):
        near = [suggestion]
    near = near or sorted(known[each] for each in known if each.endswith(f"_{lower}"))[:3]
    if near:
        cure = f"did you mean {' or '.join(near)}?"
    elif meant := spelled_out(name):
        cure = f"write {meant}"
    elif name[:1].isdigit():
        cure = "a comma ends a condition: write a decimal point, or \\, for a comma in a value"
    else:
        cure = "the document of a dataset shows the names it has"
    if field == "sort":
        cure += f"; it may also be {', '.join(COLUMN_SORTS)}"
    return Fault(field, f"no dataset has a parameter {name[:100]!r}; {cure}")


async def _read(connection: Connection, statement: sql.Statement, at_once: int = ROWS_AT_ONCE) -> AsyncIterator[Row]:
    """The rows, some at a time: whoever has enough stops, and the others are not read."""
    async for row in connection.cursor(statement.text, *statement.arguments, prefetch=at_once):
        yield dict(row)


async def _fetch(connection: Connection, statement: sql.Statement) -> list[asyncpg.Record]:
    rows: list[asyncpg.Record] = await connection.fetch(statement.text, *statement.arguments)
    return rows


def _without(row: Row, name: str) -> Row:
    return {key: value for key, value in row.items() if key != name}

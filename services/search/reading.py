"""Answers from the read model: each a handful of statements on one connection."""

import difflib
from collections.abc import AsyncIterator, Collection, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import asyncpg

from services.search import counting, sql
from services.search.cursors import Cursor, write_cursor
from services.search.index_entry import unpacked
from services.search.naming import Naming
from services.search.query import COLUMN_SORTS, Fault, Query, QueryInvalid, order_name
from services.search.rejections import RejectionQuery, rejection_page
from services.search.revisions import Change, Revision, changes_of
from services.search.sql import Known
from shared.database import Connection, Database
from shared.problems import Problem

LONGEST_READ = "10s"
ALIKE = 0.75
"""How like a name must be (1 is equal) to be what was meant."""
READ_SETTINGS = f"""
select set_config('statement_timeout', '{LONGEST_READ}', true), set_config('jit', 'off', true),
       set_config('plan_cache_mode', 'force_custom_plan', true), set_config('work_mem', '64MB', true)
"""
"""The memory is for hash tables of sets: one that the planner expects not to fit would be searched row by row."""
Row = dict[str, Any]


class TooCostly(Problem):
    """The query took longer than a shared catalogue can give it."""

    def __init__(self) -> None:
        cure = "narrow the query, by proposal or dates for instance"
        super().__init__(503, f"not answered within {LONGEST_READ}; {cure}")


class CatalogueReader:
    """Everything that search can be asked."""

    def __init__(self, database: Database, naming: Naming) -> None:
        self._database = database
        self._naming = naming

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """A connection to read by.

        Raises:
            TooCostly: a statement took too long.
        """
        try:
            async with self._database.transaction() as connection:
                await connection.execute(READ_SETTINGS)
                yield connection
        except asyncpg.QueryCanceledError:
            raise TooCostly from None

    async def find(self, query: Query) -> Row:
        """A page of datasets, with facets and count where they are asked for.

        Raises:
            QueryInvalid: a parameter that neither a dataset nor the vocabulary has is asked for.
        """
        async with self.connection() as connection:
            names = await _names(connection, query, self._naming)
            rows = await _fetch(connection, sql.page(query, names))
            answer: Row = {"datasets": [_without(row, "sort_key") for row in rows[: query.limit]], "next": None}
            if len(rows) > query.limit:
                last = rows[query.limit - 1]
                cursor = Cursor(last["sort_key"], last["dataset_id"])
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
        async with self.connection() as connection:
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

    async def documents(self, ids: Collection[UUID]) -> dict[UUID, bytes]:
        """The committed events of datasets as they are now, by dataset; of one that is not here there is none."""
        async with self.connection() as connection:
            rows = await connection.fetch(
                "select dataset_id, body from dataset join revision using (dataset_id, revision)"
                " where dataset_id = any($1::uuid[])",
                list(ids),
            )
        return {row["dataset_id"]: unpacked(row["body"]) for row in rows}

    async def revisions(self, dataset_id: UUID, limit: int, below: int | None) -> list[Revision]:
        """The history, newest first, each with what it changed; `below` a revision number where a page goes on."""
        async with self.connection() as connection:
            rows = await connection.fetch(
                "select revision, receipt_id, outcome, submitted_at, committed_at, body from revision"
                " where dataset_id = $1 and ($2::int is null or revision < $2) order by revision desc limit $3",
                dataset_id,
                below,
                limit + 1,
            )
        events = [unpacked(row["body"]) for row in rows]
        history: list[Revision] = []
        for index, row in enumerate(rows[:limit]):
            changes: list[Change] = (
                [] if row["revision"] == 1 or index + 1 == len(rows) else changes_of(events[index + 1], events[index])
            )
            history.append({**_without(row, "body"), "changes": changes})
        return history

    async def reports(self, dataset_id: UUID, limit: int) -> list[Row]:
        """What became of the dataset's files, newest first. Who asked for them is told within sessions alone."""
        async with self.connection() as connection:
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

    async def receipt(self, receipt_id: str) -> Row | None:
        """What is known of one submission."""
        async with self.connection() as connection:
            row = await connection.fetchrow("select * from receipt where receipt_id = $1", receipt_id)
        return None if row is None else dict(row)

    async def receipts(self, dataset_id: UUID, limit: int) -> list[Row]:
        """The submissions of one dataset, newest first."""
        async with self.connection() as connection:
            rows = await connection.fetch(
                "select * from receipt where dataset_id = $1"
                " order by submitted_at desc nulls last, receipt_id limit $2",
                dataset_id,
                limit,
            )
        return [dict(row) for row in rows]

    async def rejections(self, query: RejectionQuery) -> list[Row]:
        """Rejections, newest first, one more than asked so that it is known whether others follow."""
        async with self.connection() as connection:
            return [dict(row) for row in await _fetch(connection, rejection_page(query))]

    async def rejection(self, rejection_id: UUID) -> Row | None:
        """One rejection with the original bytes."""
        async with self.connection() as connection:
            row = await connection.fetchrow("select * from rejection where rejection_id = $1", rejection_id)
        return None if row is None else dict(row)


async def _names(connection: Connection, query: Query, naming: Naming) -> dict[str, list[Known]]:
    """What the read model calls the parameters of a query, by name in lower case."""
    wanted = {condition.name: "parameters" for condition in query.conditions} | dict.fromkeys(query.columns, "columns")
    by = None if query.sort.lower() in COLUMN_SORTS else query.sort
    if by:
        wanted.setdefault(by, "sort")
    if not wanted:
        return {}
    names = await _known(connection, wanted, naming)
    if unknown := [name for name in wanted if not names[name.lower()] and not naming.knows(name)]:
        known = {row["name"].lower(): row["name"] for row in await connection.fetch("select name from parameter")}
        raise QueryInvalid([Fault(wanted[name], _unknown(name, known, naming)) for name in unknown])
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


def _unknown(name: str, known: dict[str, str], naming: Naming) -> str:
    near = [known[match] for match in difflib.get_close_matches(name.lower(), known, 3, ALIKE)]
    if not near and (suggestion := naming.suggestion(name)):
        near = [suggestion]
    cure = f"did you mean {' or '.join(near)}?" if near else "the document of a dataset shows the names it has"
    return f"no dataset has a parameter {name[:100]!r}; {cure}"


async def _fetch(connection: Connection, statement: sql.Statement) -> list[asyncpg.Record]:
    rows: list[asyncpg.Record] = await connection.fetch(statement.text, *statement.arguments)
    return rows


def _without(row: asyncpg.Record, name: str) -> Row:
    return {key: value for key, value in row.items() if key != name}

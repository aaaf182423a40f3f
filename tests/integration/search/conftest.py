"""A read model in PostgreSQL."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest_asyncio
from pydantic_core import from_json

from services.icat_plus.neighbours.search import declared_in
from services.search.app import new_index
from services.search.query.catalogue import CatalogueReader
from services.search.query.declarations import DeclarationReader
from services.search.query.naming import Naming
from services.search.store import PostgresReadModel
from shared.events.declarations import Declared
from shared.postgres.database import Database
from tests.builders.databases import opened
from tests.builders.described import VOCABULARY
from tests.builders.read_model import LEFT_OUT, SNAPSHOT
from tests.builders.search.records import IDENTITIES, NOON, dataset_id
from tests.builders.search.world import Noting, answered


class PostgresWorld(Noting):
    """The store, read back by plain statements."""

    def __init__(self, database: Database) -> None:
        self.database = database
        super().__init__(PostgresReadModel(database, lambda: NOON, new_index()))

    async def value(self, statement: str, *arguments: object) -> Any:
        async with self.database.connection() as connection:
            return await connection.fetchval(statement, *arguments)

    async def column(self, statement: str, *arguments: object) -> list[Any]:
        async with self.database.connection() as connection:
            return [row[0] for row in await connection.fetch(statement, *arguments)]

    async def revision_of(self, path: str) -> int | None:
        revision: int | None = await self.value("select revision from dataset where dataset_id = $1", dataset_id(path))
        return revision

    async def kept_revisions(self, path: str) -> list[int]:
        return await self.column("select revision from revision where dataset_id = $1 order by 1", dataset_id(path))

    async def parents_of(self, path: str) -> set[UUID]:
        return set(await self.column("select parent from link where child = $1", dataset_id(path)))

    async def findings_of(self, path: str) -> list[str]:
        statement = "select codes from dataset join finding_set using (finding_set) where dataset_id = $1"
        return list(await self.value(statement, dataset_id(path)))

    async def receipt(self, receipt_id: str, **choice: str) -> dict[str, Any] | None:
        found = await CatalogueReader(self.database, Naming(VOCABULARY), new_index()).submissions([receipt_id])
        return answered(found[receipt_id], receipt_id, **choice)

    async def rejections(self) -> list[str]:
        return await self.column('select message from rejection order by message collate "C"')

    async def titles(self) -> list[str | None]:
        return await self.column("select title from investigation order by number")

    async def containers(self) -> list[str | None]:
        return await self.column("select container ->> 'name' from sample order by name")

    async def declared(self) -> Declared:
        reader = DeclarationReader(CatalogueReader(self.database, Naming(VOCABULARY), new_index()))
        rows, has_more = await reader.page([IDENTITIES.investigation("42")], (), None, 0)
        assert not has_more
        return declared_in([from_json(row) for row in rows])

    async def position(self, topic: str) -> int:
        position: int = await self.value(
            "select coalesce(max(next_offset), 0) from position where topic = $1 and partition = 0", topic
        )
        return position


@pytest_asyncio.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """The schema of search in a database of the test's own."""
    async with opened(database_url, "search") as database:
        yield database


@pytest_asyncio.fixture
async def world(database: Database) -> PostgresWorld:
    """The store under test."""
    return PostgresWorld(database)


TABLES = ", ".join(sorted({*SNAPSHOT, *LEFT_OUT} - {"generation"}))


async def emptied(database: Database) -> PostgresWorld:
    """A read model of nothing; what a store remembers of another one is void."""
    async with database.connection() as connection:
        await connection.execute(f"truncate {TABLES}")
        await connection.execute("update generation set generation = gen_random_uuid()")
    return PostgresWorld(database)

import asyncio
from importlib import import_module
from uuid import uuid4

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import Connection, text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import create_async_engine

import services.search.former_tables  # noqa: F401  # adds tables that are not in use
from services.search.tables import TABLES
from shared.postgres.migrations import migrate
from tests.builders.search.records import Topics, investigation
from tests.integration.search.conftest import PostgresWorld
from tests.suites.search.receipts import ReceiptSuite
from tests.suites.search.store import StoreSuite

pytestmark = pytest.mark.integration


class TestPostgres(StoreSuite, ReceiptSuite):
    async def test_replicas_that_meet_the_same_datasets_at_once_agree(self, world: PostgresWorld) -> None:
        topics = Topics()
        paths = [f"/data/{n}" for n in range(40)]
        records = [topics.committed(path, {f"p{n}": 1, "q": "x"}, revision=n) for n in (1, 2, 3) for path in paths]
        await asyncio.gather(*(world.note(*batch) for batch in (records, records[::-1], records[40:], records[:80])))
        assert [await world.revision_of(path) for path in paths] == [3] * 40
        assert await world.value("select count(*) from dataset_words") == 40
        entries = (
            "select count(*) from dataset join (select unnest(ordinals) as ordinal from number_block"
            " join parameter using (parameter_id) where name = 'p3') as entry using (ordinal)"
        )
        assert await world.value(entries) == 40

    async def test_a_parameter_of_a_rolled_back_batch_is_not_remembered(self, world: PostgresWorld) -> None:
        topics = Topics()
        first = topics.committed("/data/a", {"new": 1})
        await world.value("alter table number_block add constraint full_up check (false) not valid")
        await world.note(first)
        assert len(world.publisher.messages) == 1
        await world.value("alter table number_block drop constraint full_up")
        await world.note(topics.committed("/data/b", {"new": 2}))
        assert await world.value("select count(*) from number_block join parameter using (parameter_id)") == 1

    async def test_a_context_of_a_rolled_back_batch_is_written_with_the_next(self, world: PostgresWorld) -> None:
        topics = Topics()
        await world.value("alter table number_block add constraint full_up check (false) not valid")
        await world.note(topics.committed("/data/a", {"x": 1}))
        assert await world.column("select technique from context") == []
        await world.value("alter table number_block drop constraint full_up")
        await world.note(topics.committed("/data/b", {"x": 1}), topics.committed("/data/c"))
        assert await world.column("select technique from context") == ["MX"]
        assert await world.column("select codes from finding_set") == [[]]

    async def test_what_is_remembered_of_a_read_model_is_forgotten_with_its_generation(
        self, world: PostgresWorld
    ) -> None:
        topics = Topics()
        await world.note(
            topics.registered(investigation(1)), topics.committed("/data/a", investigation=investigation(1))
        )
        await world.note(topics.committed("/data/b", investigation=investigation(1)))
        await world.value("truncate context, finding_set, investigation")
        await world.value("update generation set generation = gen_random_uuid()")
        await world.note(topics.committed("/data/c", investigation=investigation(1, title="as /data/c says")))
        assert await world.titles() == ["as /data/c says"]
        assert await world.value("select count(*) from context") == 1


async def test_the_migrations_make_exactly_the_declared_tables(database_url: str) -> None:
    await migrate(database_url, {"search": "search"})
    engine = create_async_engine(make_url(database_url).set(drivername="postgresql+asyncpg"))
    async with engine.begin() as connection:
        await connection.execute(text("set search_path to search"))
        differences = await connection.run_sync(_differences)
    await engine.dispose()
    assert differences == []


async def test_rejections_that_were_noted_before_get_the_ids_that_a_rebuild_gives_them(
    world: PostgresWorld, database_url: str
) -> None:
    topics = Topics()
    records = [topics.rejected("refused", "/data/a"), topics.rejected(None, offset=9)]
    await world.note(*records)
    ids, answer = "select array(select rejection_id from rejection order by 1)", "select answer from receipt"
    rebuilt = await world.value(ids), await world.value(answer)
    before = uuid4()
    await world.value(
        "update receipt set answer = replace(answer, id::text, $1::uuid::text)"
        " from (select rejection_id as id from rejection where receipt_id = 'refused') as named",
        before,
    )
    await world.value("update rejection set rejection_id = $1 where receipt_id = 'refused'", before)
    engine = create_async_engine(make_url(database_url).set(drivername="postgresql+asyncpg"))
    async with engine.begin() as connection:
        await connection.execute(text("set search_path to search"))
        await connection.run_sync(_rename_rejections)
    await engine.dispose()
    assert (await world.value(ids), await world.value(answer)) == rebuilt
    await world.note(*records)
    assert await world.value(ids) == rebuilt[0]


def _rename_rejections(connection: Connection) -> None:
    with Operations.context(MigrationContext.configure(connection)):
        import_module("services.search.migrations.0010_facts").rename_rejections()


def _differences(connection: Connection) -> list[object]:
    options = {"compare_type": True, "include_name": lambda name, *_: name != "alembic_version"}
    return list(compare_metadata(MigrationContext.configure(connection, opts=options), TABLES[0].metadata))


async def test_a_number_stays_with_the_dataset_through_its_revisions(world: PostgresWorld) -> None:
    topics = Topics()
    await world.note(topics.committed("/data/a", number=42))
    await world.note(topics.committed("/data/a", revision=2, number=42))
    assert await world.value("select number from dataset where revision = 2") == 42

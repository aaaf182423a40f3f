from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from importlib import import_module
from typing import ClassVar

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection as SyncConnection
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import create_async_engine

from services.linker import tables
from services.linker.held.deadlines import TICKS_BETWEEN_CHECKS
from services.linker.storage.postgres.store import PostgresLinks
from shared.postgres.database import Connection, Database
from shared.postgres.settings import DatabaseSettings
from tests.builders.linker.records import (
    IDENTITIES,
    NOON,
    PLACEHOLDER,
    WEEK,
    announced,
    committed,
    facts,
    rejected,
    slot,
    validated,
)
from tests.builders.linker.world import DEMANDS, World
from tests.suites.linker.crowding import MOST_AWAITED, CrowdingSuite
from tests.suites.linker.investigations import InvestigationSuite
from tests.suites.linker.relationships import RelationshipSuite
from tests.suites.linker.revisits import RevisitSuite
from tests.suites.linker.store import LinkerSuite
from tests.suites.linker.submissions import SubmissionSuite

pytestmark = pytest.mark.integration

OLD_COLUMNS = """receipt_id, dataset_id, path, state, inputs, missing, since, topic, "partition", "offset",
    timestamp_ms, header_names, header_values"""
OLD_HOLD = f"insert into held ({OLD_COLUMNS}) select {OLD_COLUMNS} from held on conflict (receipt_id) do nothing"  # noqa: S608


@pytest.fixture
def crowded(database: Database) -> World:
    return World(PostgresLinks(database, IDENTITIES, DEMANDS, MOST_AWAITED))


class TestPostgres(CrowdingSuite, LinkerSuite, InvestigationSuite, RelationshipSuite, RevisitSuite, SubmissionSuite):
    pass


async def test_the_migrations_make_exactly_the_declared_tables(linker_url: str) -> None:
    def differences(connection: SyncConnection) -> list[object]:
        connection.execute(text("set search_path to linker"))
        context = MigrationContext.configure(connection, opts={"compare_server_default": True})
        return list(compare_metadata(context, tables.metadata))

    engine = create_async_engine(make_url(linker_url).set(drivername="postgresql+asyncpg"))
    async with engine.connect() as connection:
        assert await connection.run_sync(differences) == []
    await engine.dispose()


async def test_a_placeholder_dataset_of_an_older_version_gets_an_investigation_with_start_and_number(
    world: World, database: Database
) -> None:
    """What the migration to numbers makes of the placeholders of before, which had no row."""
    await world.commit(committed("/data/a"), committed("/data/b", named="4711"))
    migration = import_module("services.linker.migrations.0003_numbers")
    async with database.connection() as connection:
        await connection.execute("update dataset set investigation_id = null, named = null")
        for statement in (migration.OPEN_FOR_STRAYS, migration.PLACE_STRAYS, migration.NUMBER_BY_THE_USER_OFFICE):
            await connection.execute(statement)
    await world.submit(facts("/data/c"), facts("/data/d", investigation="4711"))
    opened, named = (each.links.investigation for each in world.linked)
    assert (opened.investigation_id, opened.start, opened.placeholder) == (PLACEHOLDER, NOON, True)
    assert (opened.number or 0) >= 10**12
    assert (named.number, named.facility_id, named.placeholder) == (4711, "4711", True)
    await world.announce(announced(slot("session", NOON)))
    assert [each.dataset.path for each in world.linked[2:]] == ["/data/a"]


async def test_a_tombstone_keeps_no_bytes(world: World, database: Database) -> None:
    await world.submit(facts("/data/b", ["/data/a"]), facts("/data/c", ["/data/c"]))
    await world.wait(WEEK)
    async with database.connection() as connection:
        rows = await connection.fetch("select state, code, value, header_names, inputs from held order by path")
    assert [tuple(row) for row in rows] == [
        ("refused", "input_missing", None, [], []),
        ("refused", "input_self", None, [], []),
    ]


class CountingDatabase(Database):
    """Notes what is sent to the server."""

    statements: ClassVar[list[str]] = []

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        async with super().connection() as connection:
            with connection.query_logger(lambda record: self.statements.append(record.query.split()[0].lower())):
                yield connection


async def test_a_batch_of_which_nothing_waits_costs_one_query_and_writes_nothing(linker_url: str) -> None:
    database = CountingDatabase(DatabaseSettings(url=linker_url), "linker")
    await database.open()
    world, before = (World(PostgresLinks(database, IDENTITIES, DEMANDS)) for _ in range(2))
    await world.commit(committed("/data/a"))
    await before.submit(facts("/data/first", ["/data/a"]))  # the first asks for types, and opens the investigation
    database.statements.clear()
    await world.submit(*(facts(f"/data/{n}", ["/data/a"]) for n in range(50)))
    await database.close()
    assert len(world.linked) == 50
    assert database.statements == ["select"]


async def test_learning_what_nobody_waits_for_writes_once(linker_url: str) -> None:
    database = CountingDatabase(DatabaseSettings(url=linker_url), "linker")
    await database.open()
    world = World(PostgresLinks(database, IDENTITIES, DEMANDS))
    session = slot("session", NOON)
    await world.learn(committed("/data/types/parent"), committed("/data/types/child", ["/data/types/parent"]))
    costs = []
    for record in (
        committed("/data/planned", slot=session),
        committed("/data/child", ["/data/planned"], slot=session),
        committed("/data/opened"),
    ):
        database.statements.clear()
        await world.learn(record)
        costs.append(database.statements.copy())
    await database.close()
    assert costs == [
        ["begin", "with", "commit"],
        ["begin;", "select", "with", "commit"],
        ["begin;", "select", "with", "commit"],
    ]


async def test_only_a_batch_that_leaves_work_wakes_the_relay(world: World) -> None:
    async def woken_by(batch: Awaitable[None]) -> bool:
        before = world.times_woken
        await batch
        return world.times_woken > before

    assert not await woken_by(world.submit(facts("/data/a")))
    assert not await woken_by(world.submit(facts("/data/b", ["/data/a"])))
    assert await woken_by(world.learn(committed("/data/a"))), "b waits for it"
    assert not await woken_by(world.learn(committed("/data/c"))), "nothing waits for it"
    assert await woken_by(world.submit(facts("/data/b", receipt="later"))), "it goes behind what is released"
    await world.send()
    assert not await woken_by(world.submit(facts("/data/d", ["/data/x"], kind="xrf.processed.fit")))
    assert not await woken_by(world.reject(rejected("/data/y")))
    assert await woken_by(world.reject(rejected("/data/x"))), "d does not wait for its correction"
    assert not await woken_by(world.announce(announced(slot("elsewhere", NOON + WEEK))))
    assert await woken_by(world.announce(announced(slot("session", NOON)))), "a and c move there"
    await world.learn(committed("/data/b", ["/data/a"], slot=slot("session", NOON)))
    recollected = committed("/data/a", revision=3, recollected=NOON + WEEK, slot=slot("session", NOON))
    assert await woken_by(world.learn(recollected)), "b is outdated"


async def test_a_relay_with_nothing_to_do_asks_once(linker_url: str) -> None:
    database = CountingDatabase(DatabaseSettings(url=linker_url), "linker")
    await database.open()
    world = World(PostgresLinks(database, IDENTITIES, DEMANDS))
    await world.send()
    await world.looks.drain_once()
    database.statements.clear()
    await world.send()
    assert database.statements == ["select"]
    await world.looks.drain_once()
    assert database.statements == ["select"] * 2
    await database.close()


async def test_a_batch_of_which_all_wait_costs_the_same_number_of_round_trips_whatever_its_size(
    linker_url: str,
) -> None:
    database = CountingDatabase(DatabaseSettings(url=linker_url), "linker")
    await database.open()
    world = World(PostgresLinks(database, IDENTITIES, DEMANDS))
    counts = []
    for size in (1, 2, 50):  # the first also asks for types, once a connection
        database.statements.clear()
        await world.submit(*(facts(f"/data/{size}/{n}", [f"/data/missing_{n}"]) for n in range(size)))
        counts.append(database.statements.copy())
    await database.close()
    assert counts[1] == counts[2]


async def test_what_an_older_replica_did_not_release_is_released_within_a_minute(
    world: World, database: Database
) -> None:
    """It looks whether `missing` is empty once its own input is taken out, and others do not take theirs out."""
    await world.submit(facts("/data/c", ["/data/a", "/data/b"]))
    await world.deadlines.tick()
    await world.commit(committed("/data/a"))
    async with database.connection() as connection:
        await connection.execute("update dataset set committed = true, kind = 'mx.raw' where path = '/data/b'")
    for _ in range(TICKS_BETWEEN_CHECKS):
        assert world.linked == []
        await world.deadlines.tick()
        await world.send()
    assert world.linked_receipts == ["first of /data/c"]


async def test_a_commit_costs_no_more_for_the_thousands_of_inputs_beside_it(world: World, database: Database) -> None:
    inputs = [f"/data/raw_{n:05}" for n in range(2000)]
    await world.submit(facts("/data/merge", inputs))
    await world.commit(*(committed(path) for path in inputs[:100]))
    async with database.connection() as connection:
        missing = await connection.fetchval("select cardinality(missing) from held")
    assert missing == len(inputs), "written anew with each commit, it would be quadratic"
    (held,) = await world.links.pending(1)
    assert (held.waits_for[0], len(held.waits_for) + held.unnamed) == (inputs[100], 1900)


async def test_what_an_older_version_holds_by_its_receipt_is_known_and_released(
    world: World, database: Database
) -> None:
    """The older version fills neither source nor receipt nor content, and keeps a row by the receipt's id."""
    record = validated(facts("/data/b", ["/data/a"], receipt="old"), producer="/producers/owner")
    await world.read(record)
    async with database.connection() as connection:
        await connection.execute("update held set receipt_id = receipt, source = null, receipt = null, content = null")
    await world.read(record)
    assert await world.held() == ["old"]
    await world.commit(committed("/data/a"))
    assert (world.linked_receipts, await world.held()) == (["old"], [])


async def test_an_older_version_settles_what_this_one_holds(world: World, database: Database) -> None:
    """It takes the key for a receipt: enough to release and to forget one of several under one receipt."""
    await world.read(
        validated(facts("/data/b", ["/data/a"], receipt="one"), producer="/producers/owner", content="words"),
        validated(facts("/data/c", ["/data/a"], receipt="one"), producer="/producers/owner", content="words"),
    )
    async with database.connection() as connection:
        key = await connection.fetchval("select receipt_id from held where path = '/data/b'")
        await connection.execute(OLD_HOLD)
        assert await connection.execute("delete from held where receipt_id = any($1::text[])", [key]) == "DELETE 1"
    assert [each.path for each in await world.links.pending(10)] == ["/data/c"]

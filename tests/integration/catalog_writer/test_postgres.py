"""What only PostgreSQL can show: rows, foreign keys, and several writers and relays at once."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from uuid import UUID

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from pydantic_core import to_json
from sqlalchemy import Connection, text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import create_async_engine

from services.catalog_writer import outbox, store
from services.catalog_writer.handler import commit
from services.catalog_writer.integrity import REFERENCES
from services.catalog_writer.outbox import PostgresOutbox
from services.catalog_writer.store import SIZES, CatalogTransaction, PostgresCatalog
from services.catalog_writer.tables import METADATA
from shared.events.dataset import DeclaredFile
from shared.events.record import Message
from shared.foundation.packing import packed
from shared.postgres.database import Database
from shared.postgres.migrations import migrate
from shared.stages.relay import Outbox
from tests.builders.catalog_writer import INVESTIGATION, NOW, Tracked, committed, id_of, number
from tests.builders.described import COMBINING
from tests.integration.catalog_writer.harness import Catalogue, clock, words

pytestmark = pytest.mark.integration

FIRST = Tracked(parameters={"MX_resolution": number(2.0, "Å")})
SECOND = replace(FIRST, receipt="r2", complete=False)


AS_ROWS = """
with batch as (delete from outbox_batch returning *)
insert into outbox (
    dataset_id, revision, receipt_id, source, content, traceparent, payload, payload_bytes, committed_at
)
select message.*, committed_at from batch,
    unnest(dataset_ids, revisions, receipt_ids, sources, contents, traces, payloads, sizes) as message
"""
"""It makes the outbox what an older version would have written."""


def another(database: Database) -> Catalogue:
    """A second process on the same catalogue."""
    own = PostgresOutbox(database)
    return Catalogue(PostgresCatalog(database, clock, own), own)


async def rows(database: Database, query: str) -> list[tuple[object, ...]]:
    async with database.connection() as connection:
        return [tuple(row) for row in await connection.fetch(query)]


async def test_the_rows_are_the_dataset_as_it_is_now_and_every_revision(
    catalogue: Catalogue, database: Database
) -> None:
    raw = replace(FIRST, name="raw", receipt="r0", files=(DeclaredFile(path="a.h5", size_bytes=3),))
    processed = replace(FIRST, inputs=("raw",), file_count=4)
    await catalogue.submit(raw, processed)
    await catalogue.submit(replace(processed, receipt="r2", files=(DeclaredFile(path="b"), DeclaredFile(path="c"))))
    await catalogue.submit(replace(raw, receipt="r3", files=()))
    assert await rows(database, "select name, revision, type, file_count from dataset order by name") == [
        ("raw", 2, "raw", None),
        ("run1", 2, "processed", 4),
    ]
    assert await rows(database, "select receipt_id from revision order by receipt_id") == [(f"r{n}",) for n in range(4)]
    assert await rows(database, "select child, parent from link") == [(id_of("run1"), id_of("raw"))]
    assert await rows(database, "select dataset_id, position, path, size_bytes from file order by position") == [
        (id_of("run1"), 0, "b", None),
        (id_of("run1"), 1, "c", None),
    ]
    assert await rows(
        database, "select sample.name, proposal from sample join investigation using (investigation_id)"
    ) == [("Fus_RAC1b", "mx1111")]


async def test_an_input_that_is_not_catalogued_harms_only_its_child(catalogue: Catalogue, database: Database) -> None:
    orphan = Tracked(name="orphan", receipt="r9", inputs=("nowhere",))
    await catalogue.submit(*(Tracked(name=f"run{n}", receipt=f"r{n}") for n in range(5)), orphan)
    assert catalogue.refusals == ["r9: cannot_store"]
    assert len(await catalogue.answers()) == 5
    assert await rows(database, "select count(*) from link") == [(0,)]


async def test_a_value_that_no_column_can_hold_refuses_only_its_dataset(catalogue: Catalogue) -> None:
    await catalogue.submit(FIRST, Tracked(name="run2", receipt="r9", file_count=2**70))
    assert catalogue.refusals == ["r9: shape_invalid"]
    assert await catalogue.answers() == ["r1: created 1"]


async def test_updates_of_large_datasets_are_taken_in_lots_and_none_is_lost(
    catalogue: Catalogue, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The limit is set so that two of the documents go together."""
    large = {"note": {"original": "x" * 100_000, "value": "x" * 100_000}}
    first = [Tracked(name=f"run{n}", receipt=f"r{n}", parameters=large) for n in range(7)]  # type: ignore[arg-type]
    await catalogue.submit(*first)
    sizes = await rows(database, SIZES.replace("$1::uuid[]", "array(select dataset_id from dataset)"))
    assert 7 * 200_000 < int(str(sizes[0][0])) < 8 * 210_000
    monkeypatch.setattr(store, "MOST_CURRENT_BYTES", 450_000)
    asked: list[int] = []
    handle = store.CatalogTransaction._check_size

    async def check(transaction: CatalogTransaction, changing: set[UUID]) -> None:
        asked.append(len(changing))
        await handle(transaction, changing)

    monkeypatch.setattr(store.CatalogTransaction, "_check_size", check)
    more = {"MX_transmission": number(20, "%")}
    await catalogue.submit(*(replace(each, receipt=f"u{each.name}", mode="merge", parameters=more) for each in first))
    assert asked[0] == 7
    assert catalogue.refusals == []
    assert await rows(database, "select count(*) from revision where revision = 2") == [(7,)]


async def test_shared_rows_are_written_only_when_they_change(catalogue: Catalogue, database: Database) -> None:
    shared_rows = "select xmin::text, title from investigation union all select xmin::text, name from sample"
    await catalogue.submit(FIRST)
    written = await rows(database, shared_rows)
    await catalogue.submit(Tracked(name="run2", receipt="r2"))
    assert await rows(database, shared_rows) == written
    renamed = INVESTIGATION.model_copy(update={"title": "Large G proteins"})
    await catalogue.submit(Tracked(name="run3", receipt="r3", investigation=renamed))
    (investigation, sample) = await rows(database, shared_rows)
    assert investigation[1] == "Large G proteins"
    assert sample == written[1]


@asynccontextmanager
async def half_done(catalogue: Catalogue, submission: Tracked) -> AsyncIterator[None]:
    """A writer that has saved the submission; its transaction commits when the block ends."""
    events = [submission.received()]
    async with catalogue.store.transaction() as transaction:
        await transaction.save(events, commit(COMBINING, events, await transaction.load(events), NOW))
        yield


async def blocked(database: Database, writer: asyncio.Task[None]) -> None:
    """Return as soon as the writer waits for another's lock."""
    waiting = (
        "select from pg_locks join pg_stat_activity using (pid) where not granted and datname = current_database()"
    )
    while not await rows(database, waiting):
        assert not writer.done(), "it did not wait"


@pytest.mark.parametrize("exists", [True, False], ids=["of a dataset that exists", "of a new dataset"])
@pytest.mark.parametrize("second", [FIRST, SECOND], ids=["the same submission", "another submission"])
async def test_two_writers_make_one_line_of_revisions(
    catalogue: Catalogue, database: Database, second: Tracked, *, exists: bool
) -> None:
    if exists:
        await catalogue.submit(replace(FIRST, receipt="r0", parameters={}))
    zombie = another(database)
    async with half_done(catalogue, FIRST):
        late = asyncio.create_task(zombie.submit(second))
        await blocked(database, late)
    await late
    assert await rows(database, "select count(*) from dataset") == [(1,)]
    [(number,)] = await rows(database, "select number from dataset")
    expected = ["r0: created 1", "r1: replaced 2", "r2: replaced 3"] if exists else ["r1: created 1", "r2: replaced 2"]
    assert await catalogue.answers() == (expected if second is SECOND else expected[:-1])
    assert {told for _, told in catalogue.numbers} == {number}


async def test_whether_anything_changes_is_decided_after_the_other_writer(
    catalogue: Catalogue, database: Database
) -> None:
    await catalogue.submit(replace(SECOND, receipt="r0"))
    zombie = another(database)
    async with half_done(catalogue, FIRST):
        late = asyncio.create_task(zombie.submit(SECOND))
        await blocked(database, late)
    await late
    assert await catalogue.answers() == ["r0: created 1", "r1: replaced 2", "r2: replaced 3"]


async def test_what_becomes_visible_while_later_numbers_are_relayed_is_not_lost(
    catalogue: Catalogue, database: Database
) -> None:
    await catalogue.submit(Tracked(name="run0", receipt="r0"))  # who first brings an investigation makes others wait
    assert await catalogue.answers() == ["r0: created 1"]
    slow = half_done(another(database), FIRST)
    await slow.__aenter__()
    await catalogue.submit(Tracked(name="run2", receipt="r2"))
    async with catalogue.outbox.take(10) as messages:
        assert words(messages) == ["r2: created 1"]
        await slow.__aexit__(None, None, None)
    assert await catalogue.answers() == ["r1: created 1"]


async def test_numbers_in_the_outbox_follow_revisions_whoever_writes(catalogue: Catalogue, database: Database) -> None:
    """Four writers get overlapping parts of the same submissions while two relays run."""
    seed = random.randrange(2**32)
    chance = random.Random(seed)
    submissions = [
        Tracked(name=f"run{chance.randint(1, 12)}", receipt=f"r{at}", parameters={"a": number(at)}) for at in range(200)
    ]
    relays = [catalogue, another(database)]
    done = asyncio.Event()

    async def write(own: random.Random) -> None:
        writer = another(database)
        for start in range(0, len(submissions), 10):
            batch = submissions[max(0, start - own.randint(0, 10)) : start + own.randint(10, 30)]
            await writer.submit(*batch)

    async def relay(which: Catalogue) -> None:
        while not done.is_set():
            await which.relay.drain_once()

    relaying = [asyncio.create_task(relay(each)) for each in relays]
    await asyncio.gather(*(write(random.Random(seed + each)) for each in range(4)))
    done.set()
    await asyncio.gather(*relaying)
    await catalogue.relay.drain_once()
    told = [word for each in relays for word in words(each.published)]
    assert len(told) == len(submissions) == len({word.split(":")[0] for word in told}), f"seed {seed}"
    async with database.connection() as connection:
        assert await connection.fetchval("select count(*) from outbox_batch") == 0
    for which in relays:
        _assert_in_order(which, seed)


def _assert_in_order(catalogue: Catalogue, seed: int) -> None:
    last: dict[object, int] = {}
    for message in catalogue.published:
        told = committed(message).commit
        assert told.revision > last.get(told.dataset_id, 0), f"seed {seed}"
        last[told.dataset_id] = told.revision


async def test_a_dataset_from_before_there_were_numbers_has_one_and_its_next_revision_tells_it(
    catalogue: Catalogue, database: Database, database_url: str
) -> None:
    await catalogue.submit(FIRST)
    await catalogue.answers()
    async with database.transaction() as connection:  # as it was: no column, and an event without the field
        await connection.execute("alter table dataset drop column number")
        await connection.execute("drop sequence dataset_number")
        await connection.execute("drop table told_number")
        await connection.execute("alter table outbox drop column source, drop column content")
        await connection.execute("drop table outbox_batch")
        for table, columns, target in REFERENCES:
            if len(columns) == 1:
                await connection.execute(f"alter table {table} add foreign key ({columns[0]}) references {target}")
        await connection.execute("update alembic_version set version_num = 'catalog_0001'")
        event = committed(catalogue.published[0]).model_dump(mode="json", exclude={"commit": {"number"}})
        await connection.execute("update revision set payload = $1", packed(to_json(event)))
    await migrate(database_url, {"catalog": "catalog_writer"})
    [(number,)] = await rows(database, "select number from dataset")
    await catalogue.submit(SECOND)
    assert await catalogue.answers() == ["r2: replaced 2"]
    assert catalogue.numbers[-1] == ("run1", number)


async def test_migrations_make_exactly_the_declared_tables(database_url: str) -> None:
    await migrate(database_url, {"catalog": "catalog_writer"})
    engine = create_async_engine(make_url(database_url).set(drivername="postgresql+asyncpg"))

    def differences(connection: Connection) -> object:
        connection.execute(text("set search_path to catalog"))
        options = {
            "compare_type": True,
            "include_name": lambda name, kind, _: (kind, name) != ("table", "alembic_version"),
        }
        return compare_metadata(MigrationContext.configure(connection, opts=options), METADATA)

    async with engine.connect() as connection:
        assert await connection.run_sync(differences) == []
    await engine.dispose()


async def test_what_an_older_version_answered_by_its_receipt_is_not_done_again(
    catalogue: Catalogue, database: Database
) -> None:
    await catalogue.submit(FIRST, SECOND)
    async with database.transaction() as connection:
        await connection.execute(
            "update receipt set receipt_id = revision.receipt_id from revision"
            " where (receipt.dataset_id, receipt.revision) = (revision.dataset_id, revision.revision)"
        )
        await connection.execute(AS_ROWS)
        await connection.execute("update outbox set source = null, content = null")
    await catalogue.submit(FIRST)
    assert await catalogue.answers() == ["r1: created 1", "r2: replaced 2"]
    assert [name for name, _ in catalogue.published[0].headers if name in {"ce_producer", "ce_content"}] == []


async def test_the_answers_of_both_versions_are_published_in_one_order(
    catalogue: Catalogue, database: Database
) -> None:
    revisions = [replace(FIRST, receipt=f"r{n}", parameters={"a": number(n)}) for n in range(6)]
    for batch in (revisions[:1], revisions[1:3], revisions[3:]):
        await catalogue.submit(*batch, replace(batch[-1], receipt=f"{batch[-1].receipt}-again"))
        if batch is not revisions[3:]:
            async with database.connection() as connection:
                await connection.execute(AS_ROWS)
        if len(batch) == 1:
            await catalogue.submit(Tracked(name="between", receipt="r-between"))
    expected = ["r0: created 1", "r0-again: unchanged 1", "r-between: created 1", "r1: replaced 2", "r2: replaced 3"]
    expected += ["r2-again: unchanged 3", "r3: replaced 4", "r4: replaced 5", "r5: replaced 6", "r5-again: unchanged 6"]
    told: list[str] = []
    while lot := await taken(catalogue.outbox, 4):
        told += words(lot)
        assert len(lot) == min(4, len(expected) - len(told) + len(lot))
    assert told == expected
    assert await rows(database, "select from outbox union all select from outbox_batch") == []


async def taken(outbox: Outbox, most: int) -> Sequence[Message]:
    async with outbox.take(most) as messages:
        return messages


async def test_messages_are_the_same_from_memory_and_from_the_table(database: Database) -> None:
    writer = another(database)
    merged = replace(FIRST, receipt="r3", mode="merge", parameters={"b": number(1)})
    await writer.submit(FIRST, replace(FIRST, receipt="r2", source="/producers/é"), merged)
    found = []
    for each in (writer.outbox, PostgresOutbox(database)):
        with contextlib.suppress(ConnectionError):
            async with each.take(10) as messages:
                found.append(messages)
                raise ConnectionError
    assert found[0] == found[1]
    assert words(found[0]) == ["r1: created 1", "r2: unchanged 1", "r3: merged 2"]


async def test_messages_for_which_memory_has_no_room_come_from_the_table(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = another(database)
    assert isinstance(writer.outbox, PostgresOutbox)
    await writer.submit(FIRST)
    monkeypatch.setattr(outbox, "MOST_KEPT_BYTES", writer.outbox.kept_bytes)
    await writer.submit(Tracked(name="run2", receipt="r2"))
    assert 0 < writer.outbox.kept_bytes <= outbox.MOST_KEPT_BYTES
    assert await writer.answers() == ["r1: created 1", "r2: created 1"]
    assert writer.outbox.kept_bytes == 0

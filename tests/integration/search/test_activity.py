"""A watcher is told each thing once, whoever notes it, in whatever order transactions end, and after a rebuild."""

import asyncio
import random
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any
from zlib import crc32

import pytest
import pytest_asyncio

from services.search.app import new_index
from services.search.projections.activity.note import KEPT
from services.search.retention import Retention
from services.search.store import PostgresReadModel, ReadModelTransaction
from shared.events.record import Record
from shared.events.topics import REJECTED
from shared.postgres.database import Database
from shared.runtime.backoff import Backoff
from tests.builders.search.records import NOON, Topics
from tests.builders.search.world import Noting
from tests.builders.seeds import seed_of_run
from tests.integration.search.asking import Asking, asking
from tests.integration.search.conftest import PostgresWorld, emptied

pytestmark = pytest.mark.integration

PARTITIONS = 4


class Watcher:
    """Asks again and again, from where it has come to."""

    def __init__(self, ask: Asking, **wanted: str) -> None:
        self._ask = ask
        self._wanted = wanted
        self._after: str | None = None
        self.told: list[dict[str, Any]] = []

    async def look(self) -> list[str]:
        """What is new: paths and states."""
        new: list[dict[str, Any]] = []
        has_more = True
        while has_more:
            fields: dict[str, Any] = self._wanted | ({"after": self._after} if self._after else {})
            answer = await self._ask.get("/activity", **fields)
            self._after, has_more = answer["next"], answer["more"]
            new += answer["activity"]
        self.told += new
        return [f"{each['state']} {each['path']}" for each in new]


class Held(PostgresReadModel):
    """A replica whose transactions end when they are let go."""

    def __init__(self, database: Database) -> None:
        super().__init__(database, lambda: NOON, new_index())
        self.is_written, self.let_go = asyncio.Event(), asyncio.Event()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[ReadModelTransaction]:
        async with super().transaction() as transaction:
            yield transaction
            self.is_written.set()
            await self.let_go.wait()


@pytest_asyncio.fixture
async def ask(database: Database) -> AsyncIterator[Asking]:
    async with asking(database) as ask:
        yield ask


def in_partitions(records: Iterable[Record]) -> list[Record]:
    """As Kafka holds them, a second apart."""
    ends: dict[tuple[str, int], int] = {}
    placed = []
    for second, record in enumerate(records):
        place = record.topic, crc32(record.key or record.value or b"") % PARTITIONS
        ends[place] = ends.get(place, -1) + 1
        placed.append(
            replace(record, partition=place[1], offset=ends[place], timestamp_ms=record.timestamp_ms + 1000 * second)
        )
    return placed


def happened(chance: random.Random, count: int) -> list[Record]:
    """Commits, rejections and waitings of as many datasets, and much that a watcher is not told of."""
    topics = Topics()
    for number in range(count):
        path, beamline = f"/data/{number}", chance.choice(["id30a-3", "bm29"])
        topics.submitted(f"r{number}", path)
        match chance.randrange(4):
            case 0:
                topics.committed(path, beamline=beamline)
            case 1:
                topics.pending(f"r{number}", path, ["/data/x"], beamline=beamline)
            case 2:
                topics.rejected(f"r{number}", path, offset=number)
            case _:
                topics.unchanged(path, f"r{number}")
    return in_partitions(topics.records)


def expected(records: Iterable[Record]) -> int:
    """How much of it a watcher is told."""
    return sum(
        record.topic in {"dataset.pending", REJECTED.name}
        or (record.topic == "dataset.committed" and b'"unchanged"' not in (record.value or b""))
        for record in records
    )


async def test_a_watcher_begins_now_and_is_told_what_follows(world: PostgresWorld, ask: Asking) -> None:
    topics = Topics()
    await world.note(topics.committed("/data/before"))
    watcher = Watcher(ask)
    assert await watcher.look() == []
    await world.note(topics.pending("r", "/data/b", ["/data/x"], beamline="bm29", name="b", kind="k"))
    await world.note(topics.rejected("q", "/data/c"), topics.committed("/data/a"), topics.unchanged("/data/a", "again"))
    assert sorted(await watcher.look()) == ["committed /data/a", "pending /data/b", "rejected /data/c"]
    assert await watcher.look() == []
    [waiting] = [each for each in watcher.told if each["state"] == "pending"]
    assert waiting.pop("dataset_id")
    assert waiting == {
        "at": "2024-11-30T12:00:00Z",
        "state": "pending",
        "path": "/data/b",
        "name": "b",
        "beamline": "bm29",
        "kind": "k",
        "message": "waits for /data/x",
        "receipt_id": "r",
    }
    [refused] = [each for each in watcher.told if each["state"] == "rejected"]
    assert (await ask.get(f"/rejections/{refused['rejection_id']}"))["code"] == refused["code"]


CHOICES: list[tuple[dict[str, str], list[str]]] = [
    ({"beamline": "BM29, id01"}, ["/data/a"]),
    ({"proposal": "MX-2222"}, ["/data/b"]),
    ({"state": "pending,Rejected"}, ["/data/b", "/data/c"]),
    ({"state": "committed", "limit": "1"}, ["/data/a"]),
]


async def test_a_watcher_chooses(world: PostgresWorld, ask: Asking) -> None:
    topics, watchers = Topics(), [Watcher(ask, **wanted) for wanted, _ in CHOICES]
    for watcher in watchers:
        await watcher.look()
    await world.note(topics.committed("/data/a", beamline="bm29"), topics.rejected("r", "/data/c"))
    await world.note(topics.pending("r", "/data/b", ["/data/x"], proposal="mx2222"))
    for watcher, (_, paths) in zip(watchers, CHOICES, strict=True):
        assert sorted(each.rpartition(" ")[2] for each in await watcher.look()) == paths


async def test_what_cannot_be_asked_is_refused_by_name(ask: Asking) -> None:
    for field, value in (("after", "x"), ("state", "lost"), ("beam", "id30a-3")):
        answer = await ask.get("/activity", 422, **{field: value})
        assert [fault["field"] for fault in answer["errors"]] == [field]


async def test_a_commit_that_becomes_visible_late_is_told_to_who_has_seen_a_later_one(
    database: Database, ask: Asking
) -> None:
    slow, quick, watcher = Held(database), PostgresWorld(database), Watcher(ask)
    topics = Topics()
    early, late = (replace(topics.committed(f"/data/{n}", revision=n), partition=n, offset=0) for n in (1, 2))
    await watcher.look()
    noting = asyncio.create_task(Noting(slow).note(early))
    await slow.is_written.wait()
    await quick.note(late)
    assert await watcher.look() == ["committed /data/2"]
    slow.let_go.set()
    await noting
    assert await watcher.look() == ["committed /data/1"]


async def test_two_replicas_that_note_at_the_same_time_lose_and_double_nothing(database: Database, ask: Asking) -> None:
    """Each has its partitions; one partition moves to the other replica, which reads some of it again."""
    seed = seed_of_run()
    chance = random.Random(seed)
    records = happened(chance, 120)
    watchers = [Watcher(ask), Watcher(ask, limit="3"), Watcher(ask, beamline="bm29")]
    for watcher in watchers:
        await watcher.look()
    moved = [record for record in records if record.partition == 1]
    shares = (
        [r for r in records if r.partition < 2],
        moved[len(moved) // 2 :] + [r for r in records if r.partition > 1],
    )
    done = asyncio.Event()

    async def note(share: list[Record]) -> None:
        replica = PostgresWorld(database)
        while share:
            size = chance.randrange(1, 12)
            await replica.note(*share[:size])
            del share[:size]

    async def watch(watcher: Watcher) -> None:
        while not done.is_set():
            await watcher.look()
        await watcher.look()

    watching = [asyncio.create_task(watch(watcher)) for watcher in watchers]
    await note(moved[: len(moved) // 2])
    await asyncio.gather(*map(note, shares))
    done.set()
    await asyncio.gather(*watching)
    for watcher in watchers[:2]:
        told = [f"{each['state']} {each['path']}" for each in watcher.told]
        assert len(set(told)) == len(told) == expected(records)
    assert {each["beamline"] for each in watchers[2].told} == {"bm29"}
    assert len(watchers[2].told) == sum(each["beamline"] == "bm29" for each in watchers[0].told)


async def test_a_watcher_goes_on_after_a_rebuild_and_after_a_replay(database: Database, ask: Asking) -> None:
    seed = seed_of_run()
    chance = random.Random(seed)
    records = happened(chance, 40)
    world, watcher = PostgresWorld(database), Watcher(ask)
    await watcher.look()
    await world.note(*records[:40])
    told = await watcher.look()
    world = await emptied(database)
    for record in chance.sample(records[:40], 40):
        await world.note(record)
    assert await watcher.look() == []
    await world.note(*records)
    told += await watcher.look()
    assert len(set(told)) == len(told) == expected(records)


async def test_what_is_told_again_by_a_reset_group_is_told_to_no_watcher(world: PostgresWorld, ask: Asking) -> None:
    topics, watcher = Topics(), Watcher(ask)
    await world.note(topics.pending("r", "/data/b", ["/data/x"]), topics.rejected("q", "/data/c"))
    await watcher.look()
    again = [topics.pending("r", "/data/b", ["/data/x"]), topics.rejected("q", "/data/c")]
    await world.note(*(replace(record, timestamp_ms=record.timestamp_ms + 1000) for record in again))
    assert await watcher.look() == []


async def test_what_happened_long_ago_is_forgotten(world: PostgresWorld, database: Database) -> None:
    topics = Topics()
    await world.note(topics.committed("/data/a"), topics.committed("/data/b"))
    moment = NOON + KEPT
    await Retention(database, Backoff(), lambda: moment + timedelta(seconds=1)).forget()
    assert await world.value("select count(*) from activity") == 2
    await Retention(database, Backoff(), lambda: moment + timedelta(seconds=2)).forget()
    assert await world.value("select count(*) from activity") == 0

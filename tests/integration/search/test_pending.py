"""What waits for its inputs is listed for as long as it waits, in whatever order the reports come."""

import random
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio

from shared.events.pending import NearPaths
from shared.events.record import Record
from shared.events.sections import Finding
from shared.postgres.database import Database
from tests.builders.search.arrivals import arriving
from tests.builders.search.records import NOON, Topics
from tests.builders.seeds import seed_of_run
from tests.integration.search.asking import Asking, asking
from tests.integration.search.conftest import PostgresWorld, emptied

pytestmark = pytest.mark.integration

RUN, RESULT, OTHER = "/data/run_1", "/data/run_1/autoPROC", "/data/run_1/xia2"
STRANGER = "/producers/stranger"


@pytest_asyncio.fixture
async def ask(world: PostgresWorld) -> AsyncIterator[Asking]:
    async with asking(world.database) as ask:
        yield ask


async def listed(ask: Asking, **fields: Any) -> list[dict[str, Any]]:
    """All that waits, over all pages."""
    found: list[dict[str, Any]] = []
    while True:
        answer = await ask.get("/pending", **fields)
        found += answer["pending"]
        if answer["next"] is None:
            assert answer["count"] == len(found)
            return found
        fields["cursor"] = answer["next"]


async def test_the_list_says_who_waits_for_what_and_what_may_be_meant(world: PostgresWorld, ask: Asking) -> None:
    topics = Topics()
    near = [NearPaths(path="/data/RUN_1", near=[RUN])]
    facts: dict[str, Any] = {
        "name": "autoPROC",
        "kind": "mx.processed.integration",
        "proposal": "mx1111",
        "beamline": "id30a-3",
    }
    await world.note(topics.submitted("r", RESULT), topics.pending("r", RESULT, ["/data/RUN_1"], near=near, **facts))
    [waiting] = await listed(ask)
    assert waiting.pop("dataset_id")
    assert waiting == {
        "receipt_id": "r",
        "path": RESULT,
        **facts,
        "producer": "/producers/mxcube",
        "since": "2024-11-30T12:00:00Z",
        "deadline": "2024-12-07T12:00:00Z",
        "waits_for": ["/data/RUN_1"],
        "waits_for_count": 1,
        "near": [{"path": "/data/RUN_1", "near": [RUN]}],
    }


async def test_an_event_that_does_not_tell_what_the_dataset_is_leaves_that_empty(
    world: PostgresWorld, ask: Asking
) -> None:
    finding = Finding.warning("input_near_miss", "it is near", "name it", value="/data/RUN_1", expected=RUN)
    await world.note(Topics().pending("r", RESULT, ["/data/RUN_1"], [finding]))
    [waiting] = await listed(ask)
    assert [waiting[name] for name in ("name", "kind", "proposal", "beamline")] == [None] * 4
    assert waiting["near"] == [{"path": "/data/RUN_1", "near": [RUN]}]


async def test_an_input_that_has_come_is_not_missing_any_more(world: PostgresWorld, ask: Asking) -> None:
    topics = Topics()
    await world.note(topics.pending("r", RESULT, [RUN, "/data/run_2", "/data/run_3"]))
    await world.note(topics.committed(RUN), topics.committed("/data/run_3", complete=False))
    [waiting] = await listed(ask)
    assert (waiting["waits_for"], waiting["waits_for_count"]) == (["/data/run_2", "/data/run_3"], 2)
    assert await listed(ask, waits_for=RUN) == []
    assert len(await listed(ask, waits_for="/data//run_3/")) == 1


FILTERS: list[tuple[dict[str, str], list[str]]] = [
    ({"beamline": "ID30A-3"}, [RESULT]),
    ({"beamline": "id30a-3, bm29"}, [RESULT, OTHER]),
    ({"proposal": "MX 1111"}, [RESULT]),
    ({"kind": "MX.processed"}, [RESULT, OTHER]),
    ({"producer": STRANGER}, [OTHER]),
    ({"waits_for": RUN}, [RESULT]),
    ({"path": f"{OTHER}/"}, [OTHER]),
    ({"beamline": "id30a-3", "producer": STRANGER}, []),
    ({"limit": "1"}, [RESULT, OTHER]),
]


async def test_what_waits_is_found_by_what_it_is_and_by_what_it_waits_for(world: PostgresWorld, ask: Asking) -> None:
    topics = Topics()
    one: dict[str, Any] = {"kind": "mx.processed", "beamline": "id30a-3", "proposal": "mx1111"}
    other: dict[str, Any] = {"kind": "mx.processed", "beamline": "bm29", "proposal": "mx2222"}
    await world.note(
        topics.pending("late", OTHER, ["/data/x"], since=NOON + timedelta(hours=1), by=STRANGER, **other),
        topics.pending("early", RESULT, ["/data/y", RUN], **one),
    )
    for fields, paths in FILTERS:
        assert [each["path"] for each in await listed(ask, **fields)] == paths, fields


async def test_a_path_that_is_none_and_a_foreign_cursor_are_refused_by_name(ask: Asking) -> None:
    answer = await ask.get("/pending", 422, waits_for="run_1", path="/a/../b", cursor="x")
    assert [fault["field"] for fault in answer["errors"]] == ["cursor", "path", "waits_for"]


async def test_what_a_version_said_that_told_no_source_ends_with_the_submission_that_it_was_of(
    world: PostgresWorld, ask: Asking
) -> None:
    topics = Topics()
    await world.note(topics.pending("r", RESULT, [RUN], by=""))
    assert [each["producer"] for each in await listed(ask)] == [None]
    await world.note(topics.committed(RESULT, receipt="r"))
    assert await listed(ask) == []


async def test_of_any_history_in_any_order_those_are_listed_that_wait(database: Database) -> None:
    run = seed_of_run()
    for seed in range(run, run + 5):
        chance = random.Random(seed)
        records, waiting = history(chance)
        world = await emptied(database)
        async with asking(world.database) as ask:
            for batch in arriving(chance, records):
                await world.note(*batch)
            found = await listed(ask, limit=str(chance.randrange(1, 6)))
        assert [each["receipt_id"] for each in found] == [
            receipt for _, receipt in sorted(waiting, key=lambda each: each[0])
        ]


def history(chance: random.Random) -> tuple[list[Record], list[tuple[int, str]]]:
    """What is said of some submissions, and those that wait in the end, by when they began to."""
    topics, waiting = Topics(), []
    for minute in range(1, 13):
        receipt, path = f"receipt {minute}", f"/data/{minute // 2}"  # two of each dataset
        since = NOON + timedelta(minutes=minute)
        told = [chance.random() < 0.6 for _ in range(4)]
        if told[0]:
            topics.submitted(receipt, path)
        for _ in range(chance.randrange(1, 3) if told[1] else 0):
            topics.pending(receipt, path, [RUN], since=since)
        if told[2] and told[3]:
            topics.rejected(receipt, path, offset=minute)
        elif told[2]:
            is_new = chance.random() < 0.5
            topics.committed(path, receipt=receipt, revision=minute) if is_new else topics.unchanged(path, receipt)
        if told[1] and not told[2]:
            waiting.append((minute, receipt))
    return topics.records, waiting

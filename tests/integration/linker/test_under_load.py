"""Three hundred thousand awaited inputs: nothing looks through them all, and a neighbour does not notice."""

import json
import pkgutil
import time
from collections.abc import Iterator
from importlib import import_module
from statistics import median
from typing import Any
from uuid import uuid4

import pytest

from services.linker.held.limits import MOST_AWAITED
from services.linker.held.ports import MOST_AT_ONCE
from services.linker.storage import postgres
from services.linker.storage.postgres.store import PostgresLinks
from shared.postgres.database import Database
from shared.stages.lots import lots_of
from shared.stages.relay import MOST_MESSAGES
from tests.builders.linker.records import IDENTITIES, NOON, committed, dataset_id, facts, validated
from tests.builders.linker.world import DEMANDS, World

pytestmark = pytest.mark.integration

HELD, EACH = 100_000, 3
FILL = """
insert into dataset (dataset_id, path, committed)
select md5('input ' || n)::uuid, '/data/input/' || n, false from generate_series(1, $1::int * $2::int) as n
"""
FILL_HELD = """
insert into held (receipt_id, source, dataset_id, path, state, inputs, missing, awaited, since, deadline, topic,
    "partition", "offset", timestamp_ms, value, header_names, header_values)
select 'receipt ' || n, '/producers/' || n % 3, md5('held ' || n)::uuid, '/data/held/' || n, 'waiting', missing,
    missing, $2::int, '2026-11-24', '2026-12-24', 'dataset.validated', 0, n, 0, '{}', '{}', '{}'
from generate_series(1, $1::int) as n, lateral (
    select array_agg(md5('input ' || (n - 1) * $2 + m)::uuid) as missing from generate_series(1, $2::int) as m
) as each
"""
ID = uuid4()
STATEMENTS: dict[str, tuple[Any, ...]] = {
    "SNAPSHOT": (["r"], [ID], [ID]),
    "NEAR_PATHS": (["/data/x"], 3),
    "AWAIT": ([ID], ["/data/x"]),
    "ANCESTRY": ([ID], 100),
    "AWAITED": ([ID],),
    "AWAITED_OF": (["/producers/none"],),
    "BRING_LINKS": ([ID], ["{}"]),
    "HELD_OF": (["r"], [ID]),
    "PENDING": (100, 100),
    "REJECT": ([ID], ["/data/x"], ["why"], [1]),
    "GIVE_UP": ([ID], ["code"], ["why"], ["[]"]),
    "READMIT": ([ID], [1]),
    "ARRIVE": ([ID],),
    "RELEASE": ([ID], MOST_MESSAGES),
    "IS_ANYTHING_DUE": (),
    "DUE": (MOST_MESSAGES,),
    "DUE_FOR_SEARCH": ([NOON], MOST_AT_ONCE),
    "SEARCHED": (["r"], [], 1),
    "FORGET": (["r"],),
    "EXPIRE": (NOON, MOST_AT_ONCE),
    "STILL_NEWEST": ([ID], [1]),
    "AFFECT_CHILDREN": ([ID], ["why"], [NOON], [NOON]),
    "ANSWER": (["key"], [ID], [2]),
}
LARGE = {"held", "dataset"}
MODULES = [import_module(f"{postgres.__name__}.{module.name}") for module in pkgutil.iter_modules(postgres.__path__)]
SQL = {
    name: text
    for module in MODULES
    for name, text in vars(module).items()
    if name.isupper() and not name.startswith("_") and isinstance(text, str)
}
"""Every statement of the store, and the clauses that several statements share."""
LOOKS_THROUGH_WHAT_WAITS = {"OVERLOOKED", "WAITING"}
"""Of one of them a replica asks once a minute, of the other an index alone, once a second."""


async def fill(database: Database) -> None:
    """A hundred thousand submissions that wait for three inputs each."""
    async with database.connection() as connection:
        await connection.execute(FILL, HELD, EACH)
        await connection.execute(FILL_HELD, HELD, EACH)
        await connection.execute("vacuum analyze held")
        await connection.execute("vacuum analyze dataset")


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for part in plan.get("Plans", ()):
        yield from nodes(part)


async def test_no_statement_looks_through_all_that_waits(database: Database) -> None:
    await fill(database)
    faults: list[str] = []
    async with database.connection() as connection:
        await connection.execute("set plan_cache_mode = force_generic_plan")
        for name, arguments in STATEMENTS.items():
            asked = f"explain (format json) {SQL[name]}"
            (told,) = json.loads(await connection.fetchval(asked, *arguments))
            scans = (node for node in nodes(told["Plan"]) if node["Node Type"] == "Seq Scan")
            faults += [f"{name}: {node['Relation Name']}" for node in scans if node["Relation Name"] in LARGE]
        (told,) = json.loads(await connection.fetchval(f"explain (format json) {SQL['WAITING']}"))
        assert any(node["Node Type"] == "Index Only Scan" for node in nodes(told["Plan"]))
    assert faults == []


def test_every_statement_about_what_waits_is_looked_at() -> None:
    about = {name for name, text in SQL.items() if "held" in text or "dataset" in text}
    clauses = {"COLUMNS", "STILL_MISSING", "COMPLETE", "WHOSE", "SUMMARIES", "HELD_BY"}
    left_out = {"HOLD", "ENTOMB", "COMMITTED", "IN_PLACEHOLDERS", "IN_INVESTIGATIONS", "AFFECTED", "AFFECT", "ARRIVED"}
    assert about - STATEMENTS.keys() - LOOKS_THROUGH_WHAT_WAITS - clauses - left_out == {"ALL_RELEASED"}


def test_a_name_means_one_statement() -> None:
    for module in MODULES:
        assert {
            name: text for name, text in vars(module).items() if isinstance(text, str) and text != SQL.get(name, text)
        } == {}


async def test_what_a_flood_of_merges_leaves_behind_is_bounded(database: Database) -> None:
    world = World(PostgresLinks(database, IDENTITIES, DEMANDS))
    for n in range(30):
        await world.submit_of("/flood", facts(f"/data/merge/{n}", [f"/data/{n}/{m:05}" for m in range(10_000)]))
    async with database.connection() as connection:
        assert await connection.fetchval("select count(*) from dataset") == MOST_AWAITED
        assert await connection.fetchval("select sum(awaited) from held where state = 'waiting'") == MOST_AWAITED
    assert [each.code for each in world.rejections] == ["too_much_waits"] * 20
    assert len(world.pending) == 10, "a merge of ten thousand waits as ever"


async def seconds_of(world: World, paths: list[str]) -> float:
    """The median of what an ordinary dataset takes."""
    taken = []
    for path in paths:
        began = time.perf_counter()
        await world.submit(facts(path, ["/data/there"]))
        taken.append(time.perf_counter() - began)
    return median(taken)


async def test_an_ordinary_dataset_takes_no_longer_beside_all_that_waits(world: World, database: Database) -> None:
    """Ten times as long is allowed, on a busy machine; what looks through all takes a hundred times as long."""
    await world.commit(committed("/data/there"))
    alone = await seconds_of(world, [f"/data/alone/{n}" for n in range(20)])
    await fill(database)
    assert await seconds_of(world, [f"/data/beside/{n}" for n in range(20)]) < 10 * alone


async def test_a_dataset_that_thousands_await_frees_them_in_lots(database: Database) -> None:
    world = World(PostgresLinks(database, IDENTITIES, DEMANDS))
    children = 2 * MOST_MESSAGES + 500
    await world.submit(*(facts(f"/data/{n}", ["/data/there"]) for n in range(children)))
    await world.learn(committed("/data/there"))
    async with database.connection() as connection:
        released = "select count(*) from held where state = 'released'"
        assert await connection.fetchval(released) == 0, "the commit itself releases nothing"
        sent = [await world.relay.drain_once() for _ in range(4)]
        assert await connection.fetchval("select count(*) from freed") == 0
    assert sent == [MOST_MESSAGES, MOST_MESSAGES, 500, 0]


def test_merges_of_a_batch_are_settled_after_its_ordinary_datasets() -> None:
    merge = validated(facts("/data/merge", [f"/data/{m:05}" for m in range(1000)]))
    ordinary = validated(facts("/data/a", ["/data/there"]))
    assert [[record.key for record in lot] for lot in lots_of([merge, ordinary])] == [
        [str(dataset_id("/data/a")).encode()],
        [str(dataset_id("/data/merge")).encode()],
    ]

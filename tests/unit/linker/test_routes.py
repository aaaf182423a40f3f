from datetime import timedelta
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from services.linker.routes import routes
from services.linker.storage.memory.store import MemoryLinks
from tests.builders.linker.records import IDENTITIES, NOON, announced, committed, facts, slot
from tests.builders.linker.world import DEMANDS, World

A, B, C = "/data/a", "/data/b", "/data/c"


@pytest.fixture
def world() -> World:
    return World(MemoryLinks(IDENTITIES, DEMANDS))


@pytest.fixture
def http(world: World) -> httpx.AsyncClient:
    app = FastAPI()
    app.include_router(routes(world.links, world.linker, world.clock))
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://linker")


async def check(http: httpx.AsyncClient, path: str, inputs: list[str]) -> dict[str, Any]:
    answer = await http.post("/check", json=facts(path, inputs).model_dump(mode="json"))
    assert answer.status_code == 200
    verdict: dict[str, Any] = answer.json()
    return verdict


async def test_a_dry_run_tells_where_each_input_stands(world: World, http: httpx.AsyncClient) -> None:
    await world.announce(announced(slot("session", NOON)))
    await world.commit(committed(A, kind="mx.raw.mesh"))
    await world.submit(facts(B, ["/data/missing"]))
    verdict = await check(http, "/data/d", [A, B, C])
    assert [(each["path"], each["state"], each["kind"]) for each in verdict["inputs"]] == [
        (A, "committed", "mx.raw.mesh"),
        (B, "held", None),
        (C, "unknown", None),
    ]
    assert (verdict["accepted"], verdict["waits_for"], verdict["findings"]) == (True, [B, C], [])
    assert verdict["investigation"]["facility_id"] == "session"


async def test_a_dry_run_says_what_would_refuse_the_dataset(world: World, http: httpx.AsyncClient) -> None:
    await world.submit(facts(A, [B]))
    verdict = await check(http, B, [A])
    assert not verdict["accepted"]
    assert [(each["code"], each["severity"]) for each in verdict["findings"]] == [
        ("investigation_unknown", "warning"),
        ("input_cycle", "error"),
    ]
    assert all(each["cure"] for each in verdict["findings"])


async def test_a_dry_run_tells_a_disagreement_once(world: World, http: httpx.AsyncClient) -> None:
    await world.announce(announced(slot("session", NOON)))
    await world.commit(committed(A, kind="mx.raw.datacollection", sample="another"))
    told = facts(B, [A], kind="mx.processed.integration").model_dump(mode="json")
    verdict = (await http.post("/check", json=told)).json()
    assert (verdict["accepted"], [each["code"] for each in verdict["findings"]]) == (False, ["input_of_other_sample"])


async def test_a_dry_run_names_what_is_catalogued_near_a_missing_input(world: World, http: httpx.AsyncClient) -> None:
    await world.announce(announced(slot("session", NOON)))
    await world.commit(committed(A))
    await world.submit(facts(f"{A}/held", [C]))
    verdict = await check(http, B, ["/data/A", f"{A}/a_master.h5", f"{A}/held", C])
    assert verdict["accepted"]
    told = [(each["code"], each["value"], each["expected"]) for each in verdict["findings"]]
    assert told == [("input_near_miss", "/data/A", A), ("input_near_miss", f"{A}/a_master.h5", A)]


async def test_what_is_catalogued_near_is_told_as_soon_as_it_is(world: World, http: httpx.AsyncClient) -> None:
    await world.submit(facts(B, ["/data/A"]))
    assert [each["findings"] for each in (await http.get("/pending")).json()] == [[]]
    await world.commit(committed(A))
    [pending] = (await http.get("/pending")).json()
    assert [each["expected"] for each in pending["findings"]] == [A]


async def test_a_dry_run_leaves_no_trace(world: World, http: httpx.AsyncClient) -> None:
    await check(http, B, [A])
    assert (await http.get("/pending")).json() == []
    assert world.publisher.messages == []


async def test_what_waits_is_listed_with_its_age(world: World, http: httpx.AsyncClient) -> None:
    await world.submit(facts(B, [A]))
    world.now += timedelta(minutes=2)
    (pending,) = (await http.get("/pending")).json()
    assert (pending["receipt_id"], pending["waits_for"], pending["age_seconds"]) == (f"first of {B}", [A], 120)

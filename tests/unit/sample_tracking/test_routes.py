from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI

from services.sample_tracking.memory import Memory
from services.sample_tracking.routes import routes
from tests.builders.sample_tracking import linked, moved, sample_id
from tests.unit.sample_tracking.test_memory import world_of


@pytest.fixture
async def client() -> httpx.AsyncClient:
    memory = Memory()
    world = world_of(memory)
    await world.track(linked("/data/a", sample="RAC1b"), linked("/data/b", sample="lysozyme"))
    await world.hear(moved("mounted", "RAC1b", 9, place="id30a-3"), moved("shipped", "RAC1b", 1, place="home"))
    app = FastAPI()
    app.include_router(routes(world.register))
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://sample-tracking")


async def test_samples_are_listed_with_the_last_thing_that_happened(client: httpx.AsyncClient) -> None:
    answer = await client.get("/samples", params={"proposal": "MX1111", "q": "rac"})
    [sample] = answer.json()
    assert (sample["name"], sample["datasets"], sample["last"]["place"]) == ("RAC1b", 1, "id30a-3")


async def test_a_sample_tells_its_history_oldest_first(client: httpx.AsyncClient) -> None:
    sample = (await client.get(f"/samples/{sample_id('RAC1b')}")).json()
    assert [(entry["happening"], entry["place"]) for entry in sample["history"]] == [
        ("shipped", "home"),
        ("mounted", "id30a-3"),
    ]


async def test_a_sample_that_is_not_known_is_not_found(client: httpx.AsyncClient) -> None:
    answer = await client.get(f"/samples/{uuid4()}")
    assert answer.status_code == 404
    assert "/samples?proposal=" in answer.json()["detail"]


@pytest.mark.parametrize("query", ["q=%00", "limit=0", "limit=1001", f"proposal={'x' * 256}"])
async def test_a_query_that_cannot_be_meant_is_refused_by_name(client: httpx.AsyncClient, query: str) -> None:
    answer = await client.get(f"/samples?{query}")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == query.partition("=")[0]

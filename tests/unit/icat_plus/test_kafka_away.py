"""The logbook while Kafka is away, and the answers of those routes that need no database."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from services.icat_plus.neighbours.neighbours import Neighbours
from services.icat_plus.routes.router import routes
from services.icat_plus.sessions import MemorySessions
from services.icat_plus.settings import IcatPlusSettings
from shared.access.tokens import create_token
from shared.events.record import Message
from shared.events.topics import LOGBOOK
from shared.host.service import Resources
from shared.http.problems import answer_in_problems
from shared.http.settings import AccessSettings
from shared.kafka.publisher import KafkaPublisher, MemoryPublisher, Publisher
from shared.postgres.database import Database
from shared.runtime.backoff import Backoff
from tests.builders.described import TECHNIQUES, VOCABULARY
from tests.builders.search.records import IDENTITIES, NOON
from tests.builders.settings import FACILITY

BODY = {
    "type": "annotation",
    "category": "comment",
    "content": [{"text": "hello"}],
    "creationDate": "2024-11-30T12:00:00Z",
}


class SlowPublisher:
    """Kafka that confirms when it is told to."""

    def __init__(self) -> None:
        self.confirm = asyncio.Event()
        self.arrived = MemoryPublisher()

    async def publish(self, messages: Sequence[Message]) -> None:
        await self.confirm.wait()
        await self.arrived.publish(messages)


@asynccontextmanager
async def asking(publisher: Publisher, folder: Path) -> AsyncIterator[tuple[httpx.AsyncClient, str]]:
    settings = IcatPlusSettings(facility=FACILITY, access=AccessSettings(tokens_file=folder / "tokens.json"))
    database = Database(settings.database, "icat_plus")
    resources = Resources(
        settings, IDENTITIES, database, KafkaPublisher(settings.kafka, "test"), Backoff(), lambda: NOON
    )
    app = FastAPI()
    neighbours = Neighbours.of(settings)
    app.include_router(
        routes(resources, VOCABULARY, TECHNIQUES, neighbours, session_store=MemorySessions(), publisher=publisher)
    )
    answer_in_problems(app)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://icat-plus") as client:
        yield client, create_token(settings.access.tokens_file, "mxcube", ["*"])


async def test_an_entry_that_kafka_does_not_confirm_in_time_is_not_called_written(tmp_path: Path) -> None:
    kafka = SlowPublisher()
    async with asking(kafka, tmp_path) as (client, key):
        answer = await client.post(f"/dataacquisition/{key}/notification", json=BODY)
        assert answer.status_code == 503
        assert "send the same again" in answer.json()["detail"]
        kafka.confirm.set()
        again = await client.post(f"/dataacquisition/{key}/notification", json=BODY)
    assert again.status_code == 200
    first, second = kafka.arrived.of(LOGBOOK.name)
    assert first.value == second.value


async def test_no_log_tells_a_key(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with asking(MemoryPublisher(), tmp_path) as (client, key):
        await client.post(f"/dataacquisition/{key}/notification", json=BODY)
        refused = await client.post("/dataacquisition/unknown-key/notification", json=BODY)
    assert refused.status_code == 403
    assert "unknown-key" not in refused.text
    assert key not in caplog.text


async def test_techniques_and_parameters_are_those_that_are_described(tmp_path: Path) -> None:
    async with asking(MemoryPublisher(), tmp_path) as (client, _):
        techniques = (await client.get("/catalogue/techniques")).json()
        (parameter,) = (await client.get("/catalogue/parameters", params={"name": "mx_resolution"})).json()
        nothing = (await client.get("/catalogue/parameters", params={"name": "nonsense"})).json()
    assert {one["pid"] for one in techniques} == {one.pid for one in TECHNIQUES.techniques}
    assert parameter["name"] == "MX_resolution"
    assert nothing == []

"""The gateway on a real Kafka, and on none: 202 means that it can be read, and a dead broker hangs nobody."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from aiokafka import AIOKafkaConsumer
from fastapi import FastAPI

from deploy.embedded.stack import DATABASE_VARIABLE, embedded_stack
from services.gateway.app import assemble
from services.gateway.settings import GatewaySettings
from shared.access.tokens import create_token
from shared.events.identity import Identities
from shared.events.topics import SUBMITTED
from shared.host.service import Resources
from shared.http.settings import AccessSettings
from shared.kafka.publisher import KafkaPublisher
from shared.kafka.settings import KafkaSettings, TopicSettings
from shared.kafka.topic_admin import apply_topics
from shared.postgres.database import Database
from shared.runtime.backoff import Backoff

pytestmark = pytest.mark.integration


@asynccontextmanager
async def calling(settings: GatewaySettings, publisher: KafkaPublisher) -> AsyncIterator[httpx.AsyncClient]:
    resources = Resources(
        settings, Identities(settings.facility.name), Database(settings.database, "gateway"), publisher, Backoff()
    )
    app = FastAPI()
    app.include_router(assemble(resources).router)
    token = create_token(settings.access.tokens_file, "tester", ["*"])
    headers = {"Authorization": f"Bearer {token}"}
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway.test", headers=headers) as client:
        yield client


def of_gateway(bootstrap_servers: str, folder: Path) -> GatewaySettings:
    return GatewaySettings(
        kafka=KafkaSettings(bootstrap_servers=bootstrap_servers),
        access=AccessSettings(tokens_file=folder / "tokens.json"),
    )


def dataset(number: int) -> dict[str, object]:
    path = f"/data/{uuid4()}"
    return {"name": f"run_{number}", "path": path, "proposal": "MX1111", "beamline": "id29", "receipt_id": str(uuid4())}


async def test_what_was_answered_202_can_be_read_from_the_topic(kafka: str, tmp_path: Path) -> None:
    settings = of_gateway(kafka, tmp_path)
    await apply_topics(settings.kafka, TopicSettings(partitions=3))
    consumer = AIOKafkaConsumer(SUBMITTED.name, bootstrap_servers=kafka, auto_offset_reset="earliest")
    publisher = KafkaPublisher(settings.kafka, "test-gateway")
    await publisher.start()
    await consumer.start()
    try:
        async with calling(settings, publisher) as caller:
            items = [dataset(number) for number in range(100)]
            answer = await caller.post("/datasets:batch", json={"datasets": items}, timeout=30)
        assert answer.status_code == 202
        awaited = {result["receipt_id"]: result["path"] for result in answer.json()["results"]}
        assert list(awaited) == [item["receipt_id"] for item in items]
        async with asyncio.timeout(30):
            while awaited:
                record = await consumer.getone()
                receipt_id = dict(record.headers).get("ce_id", b"").decode()
                if receipt_id in awaited:
                    assert json.loads(record.value or b"")["submission"]["path"] == awaited.pop(receipt_id)
    finally:
        await consumer.stop()
        await publisher.stop()


async def test_a_dead_broker_is_a_503_in_time_and_its_return_is_enough(tmp_path: Path) -> None:
    async with embedded_stack(tmp_path / "own", environment={DATABASE_VARIABLE: "none"}) as stack:
        settings = of_gateway(stack.bootstrap_servers, tmp_path)
        await apply_topics(settings.kafka, TopicSettings())
        publisher = KafkaPublisher(settings.kafka, "test-gateway")
        await publisher.start()
        async with calling(settings, publisher) as caller:
            body = {name: value for name, value in dataset(1).items() if name != "receipt_id"}
            key = {"Idempotency-Key": str(uuid4())}
            assert (await caller.post("/datasets", json=body, headers=key, timeout=30)).status_code == 202
            await stack.kill("kafka")
            started = time.monotonic()
            answers = await asyncio.gather(
                *(caller.post("/datasets", json=body, headers=key, timeout=30) for _ in range(20))
            )
            assert time.monotonic() - started < 6
            assert {(answer.status_code, answer.headers["Retry-After"]) for answer in answers} == {(503, "5")}
            assert {answer.json()["receipt_id"] for answer in answers} == {key["Idempotency-Key"]}
            await stack.restart("kafka")
            async with asyncio.timeout(60):
                while (await caller.post("/datasets", json=body, headers=key, timeout=30)).status_code != 202:
                    pass
        await publisher.stop()

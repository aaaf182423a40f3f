"""Whatever a producer writes to whichever topic, search tells what became of it, up to the largest that Kafka takes."""

import asyncio
import time
from dataclasses import dataclass, replace
from random import Random
from uuid import uuid4

import httpx
import pytest

from shared.events.headers import headers_of
from shared.events.record import Message
from shared.events.topics import HEADROOM_BYTES, REJECTED, SUBMITTED, TOPICS, Topic
from shared.kafka.publisher import KafkaPublisher
from shared.kafka.settings import KafkaSettings
from tests.e2e.running.conftest import Facility

pytestmark = pytest.mark.e2e

MOST_IDLE_SECONDS = 120.0
FRAMING_BYTES = 1024
INFLATED_BYTES = 24 * 1024 * 1024
READ_TOPICS = [topic for topic in TOPICS if topic is not REJECTED]
"""A record of `dataset.rejected` tells of another one: it is not told of itself."""


@dataclass(frozen=True)
class Sent:
    """A record that was written, by its receipt."""

    message: Message
    receipt: str


def record(topic: Topic, value: bytes) -> Sent:
    receipt = str(uuid4())
    headers = headers_of(topic, receipt_id=receipt, source="/producers/stranger", time="2026-11-24T12:00:00+00:00")
    return Sent(Message(topic.name, str(uuid4()).encode(), value, headers), receipt)


def noise(size: int, seed: int) -> bytes:
    """Text that no compression makes half as long."""
    return Random(seed).randbytes(size // 2 + 1).hex()[:size].encode()


def poison(topic: Topic, seed: int) -> list[Sent]:
    """The largest record that Kafka takes as it is, and one that it takes because it looks small."""
    largest = topic.max_bytes + HEADROOM_BYTES - FRAMING_BYTES
    return [record(topic, noise(largest, seed)), record(topic, bytes(INFLATED_BYTES))]


async def publish(facility: Facility, sent: list[Sent], compression: str) -> None:
    settings = KafkaSettings(
        bootstrap_servers=facility.running["BEAMCAT_KAFKA_BOOTSTRAP_SERVERS"],
        compression=compression,  # type: ignore[arg-type]
    )
    publisher = KafkaPublisher(settings, "stranger")
    await publisher.start()
    try:
        for each in sent:
            await publisher.publish([each.message])
    finally:
        await publisher.stop()


def test_the_largest_records_of_every_topic_end_told_and_every_service_stays_ready(facility: Facility) -> None:
    """Seeds are the topics' places in the list."""
    pairs = [poison(topic, seed) for seed, topic in enumerate(READ_TOPICS)]
    asyncio.run(publish(facility, [plain for plain, _ in pairs], "none"))
    asyncio.run(publish(facility, [inflating for _, inflating in pairs], "zstd"))
    asyncio.run(publish(facility, [sound := sound_submission()], "none"))
    with httpx.Client(base_url=facility.running["BEAMCAT_SEARCH_URL"], timeout=60) as search:
        untold = {(each.message.topic, len(each.message.value)): each.receipt for pair in pairs for each in pair}
        end = time.monotonic() + MOST_IDLE_SECONDS
        while untold and time.monotonic() < end:
            time.sleep(0.5)
            untold = {place: receipt for place, receipt in untold.items() if not is_told(search, receipt)}
        assert untold == {}
        while time.monotonic() < end and state_of(search, sound.receipt) != "committed":
            time.sleep(0.5)
        assert state_of(search, sound.receipt) == "committed"
        assert search.get("/ready").status_code == 200


def state_of(search: httpx.Client, receipt: str) -> object:
    return search.get(f"/receipts/{receipt}").json().get("state")


def sound_submission() -> Sent:
    """As much as a submission may be, in one parameter."""
    head = (
        b'{"submission":{"name":"large","path":"/data/visitor/mx1/id30a3/large","proposal":"mx1","beamline":"id30a-3",'
    )
    head += b'"start":"2024-11-30T09:00:00+01:00","sample":"s","technique":"MX","parameters":{"note":"'
    end = b'"}}}'
    said = record(SUBMITTED, head + noise(SUBMITTED.max_bytes - len(head) - len(end), 7) + end)
    return replace(said, message=replace(said.message, key=None))


def is_told(search: httpx.Client, receipt: str) -> bool:
    return bool(search.get("/rejections", params={"receipt_id": receipt}).json()["rejections"])

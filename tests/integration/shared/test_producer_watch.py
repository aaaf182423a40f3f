"""What a door learns from a real Kafka."""

import asyncio
import contextlib
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from shared.access.slowdown import FEWEST_REJECTED
from shared.events.codes import Code, Refusal
from shared.events.headers import headers_of
from shared.events.record import Message, Record
from shared.events.rejection_message import rejection_message
from shared.events.topics import SUBMITTED
from shared.kafka.producer_watch import ProducerWatch, WatchedPublisher
from shared.kafka.publisher import KafkaPublisher
from shared.kafka.settings import KafkaSettings, SourceSettings, TopicSettings
from shared.kafka.topic_admin import apply_topics
from shared.runtime.backoff import Backoff, Stopping

pytestmark = pytest.mark.integration


def submission(source: str, receipt: str) -> Message:
    return Message(SUBMITTED.name, b"key", b"{}", headers_of(SUBMITTED, receipt_id=receipt, source=source, time="t"))


def rejection(of: Message) -> Message:
    record = Record(of.topic, 0, 0, 0, of.key, b"x" * 10_000, of.headers)
    return rejection_message("validator", record, Refusal(Code.NOT_JSON, "no"), datetime.now(UTC))


async def test_rejections_are_read_from_kafka_and_slow_their_producer_alone(kafka: str) -> None:
    settings = KafkaSettings(bootstrap_servers=kafka)
    await apply_topics(settings, TopicSettings(partitions=3))
    publisher = KafkaPublisher(settings, "test")
    await publisher.start()
    backoff, run = Backoff(), uuid4().hex
    watch = ProducerWatch(settings, SourceSettings(), "test", backoff)
    door = WatchedPublisher(publisher, watch)
    reading = asyncio.create_task(watch.run())
    bad, neighbour = f"/producers/{run}-bad", f"/producers/{run}-neighbour"
    sent = 0
    try:
        async with asyncio.timeout(60):
            while watch.wait_seconds(bad) == 0:  # it reads from the end, which it may not have found yet
                message = submission(bad, f"{run}-{sent}")
                await door.publish([message, submission(neighbour, f"{run}-{sent}")])
                await publisher.publish([rejection(message)])
                sent += 1
        assert sent >= FEWEST_REJECTED
        assert watch.wait_seconds(neighbour) == 0
    finally:
        backoff.stop()
        with contextlib.suppress(Stopping):
            await reading
        await publisher.stop()

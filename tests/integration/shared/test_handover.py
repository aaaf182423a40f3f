"""A stage that hands over in memory, on a real Kafka."""

import asyncio
from collections.abc import Callable, Sequence
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from shared.events.dataset import DatasetValidated
from shared.events.record import Message, Record
from shared.events.topics import SUBMITTED, VALIDATED
from shared.host.service import utc_now
from shared.kafka.publisher import KafkaPublisher
from shared.kafka.settings import KafkaSettings, TopicSettings
from shared.kafka.topic_admin import apply_topics
from shared.runtime.backoff import Backoff
from shared.stages.halt import HaltRule
from shared.stages.handover import Follower
from shared.stages.outcomes import Learned
from shared.stages.settings import StageSettings
from shared.stages.stage import Stage, StageRunner, Stateless
from shared.stages.stream import Stream
from shared.stages.subscription import Subscription
from tests.builders.runners import NeverHalted
from tests.builders.submissions import IDENTITIES

pytestmark = pytest.mark.integration

PARTITIONS = 3


class Ignoring(NeverHalted):
    """A runner that settles everything."""

    async def run(self, records: Sequence[Record]) -> None:
        del records


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110  nothing announces it
            await asyncio.sleep(0.01)


async def settle_all(settings: KafkaSettings, topic: str, group: str) -> None:
    """Commit the ends of a topic as the positions of a group."""
    consumer = AIOKafkaConsumer(bootstrap_servers=settings.bootstrap_servers, group_id=group)
    await consumer.start()
    try:
        partitions = [TopicPartition(topic, number) for number in range(PARTITIONS)]
        consumer.assign(partitions)
        await consumer.commit(await consumer.end_offsets(partitions))
    finally:
        await consumer.stop()


async def test_a_stage_waits_until_its_follower_has_settled_what_another_process_wrote(kafka: str) -> None:
    """Otherwise a new revision that is handed over would overtake an older one that is still in Kafka."""
    settings = KafkaSettings(bootstrap_servers=kafka)
    await apply_topics(settings, TopicSettings(partitions=PARTITIONS))
    publisher = KafkaPublisher(settings, "test")
    await publisher.start()
    await publisher.publish([Message(VALIDATED.name, b"key", b"{}", ())])
    following = Stage(
        f"follower-{uuid4()}", VALIDATED, DatasetValidated,
        lambda events, _known, _now: [Learned() for _ in events], Stateless[DatasetValidated](),
    )  # fmt: skip
    runner = StageRunner(following, publisher, utc_now, HaltRule(), Backoff(), IDENTITIES)
    failures: list[Exception] = []
    head = Subscription("head", SUBMITTED, f"test.{uuid4()}", Ignoring(), failures.append, Follower(following, runner))
    stream = Stream(settings, StageSettings(), "test", [head])
    await stream.start()
    try:
        await until(lambda: head.trouble)
        assert f"waits until {following.name} has settled" in (head.trouble or "")
        assert head.assigned is False
        await settle_all(settings, VALIDATED.name, following.group)
        await until(lambda: head.assigned)
        assert (head.trouble or "") == ""
    finally:
        await stream.stop()
        await publisher.stop()
    assert failures == []

"""Consumer groups on a real Kafka, set back to an earlier time."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic, RecordsToDelete

from shared.events.topics import SUBMITTED, Topic
from shared.foundation.errors import Fatal
from shared.kafka.rewind import check_empty, replay, rewind
from shared.kafka.settings import KafkaSettings

pytestmark = pytest.mark.integration

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
RECORDS = 5
"""One an hour, from noon on."""
GROUP_READ = 4


class Place:
    """A topic of one partition, and a group that has read most of it."""

    def __init__(self, kafka: str) -> None:
        self.settings = KafkaSettings(bootstrap_servers=kafka)
        self.topic = Topic(f"test.{uuid4()}", SUBMITTED.event, SUBMITTED.retention_ms, SUBMITTED.max_bytes)
        self.group = f"test.{uuid4()}"
        self.at = TopicPartition(self.topic.name, 0)

    def consumer(self) -> AIOKafkaConsumer:
        return AIOKafkaConsumer(
            bootstrap_servers=self.settings.bootstrap_servers, group_id=self.group, enable_auto_commit=False
        )

    async def next_offset(self) -> int:
        async with self.consumer() as consumer:
            consumer.assign([self.at])
            offset: int = await consumer.committed(self.at)
            return offset


@pytest.fixture
async def admin(kafka: str) -> AsyncIterator[AIOKafkaAdminClient]:
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    yield admin
    await admin.close()


@pytest.fixture
async def place(kafka: str, admin: AIOKafkaAdminClient) -> AsyncIterator[Place]:
    place = Place(kafka)
    name = place.topic.name
    await admin.create_topics([NewTopic(name, 1, 1, topic_configs={"retention.ms": "-1"})])
    async with AIOKafkaProducer(bootstrap_servers=kafka) as producer:
        for hours in range(RECORDS):
            time = int((NOON + hours * HOUR).timestamp() * 1000)
            await producer.send_and_wait(name, b"%d" % hours, partition=0, timestamp_ms=time)
    async with place.consumer() as consumer:
        consumer.assign([place.at])
        await consumer.commit({place.at: GROUP_READ})
    yield place
    await admin.delete_topics([name])


async def test_a_group_goes_on_from_the_first_record_of_that_time_or_later(place: Place) -> None:
    assert await rewind(place.settings, [place.group], NOON + 1.5 * HOUR) == {}
    assert await place.next_offset() == 2
    assert await rewind(place.settings, [place.group], NOON + HOUR) == {}
    assert await place.next_offset() == 1


@pytest.mark.parametrize("since", [NOON + 4 * HOUR, NOON + 9 * HOUR], ids=["a record beyond it", "after all"])
async def test_a_group_never_passes_over_what_it_has_not_read(since: datetime, place: Place) -> None:
    assert await rewind(place.settings, [place.group], since) == {}
    assert await place.next_offset() == GROUP_READ


async def test_a_group_that_has_read_nothing_is_left_alone(place: Place) -> None:
    stranger = f"test.{uuid4()}"
    await check_empty(place.settings, [stranger])
    assert await rewind(place.settings, [stranger], NOON) == {}


async def test_it_is_told_what_a_topic_no_longer_has(place: Place, admin: AIOKafkaAdminClient) -> None:
    await admin.delete_records({place.at: RecordsToDelete(before_offset=2)})

    gone = await rewind(place.settings, [place.group], NOON + HOUR)

    assert gone == {place.topic.name: NOON + 2 * HOUR}
    assert await place.next_offset() == 2
    assert await rewind(place.settings, [place.group], NOON + 2 * HOUR) == {}


async def test_a_group_with_a_member_is_named_and_stays_where_it_is(place: Place) -> None:
    async with place.consumer() as member:
        member.subscribe([place.topic.name])
        await member.getone()
        with pytest.raises(Fatal, match=f"{place.group} have members: stop all services first"):
            await check_empty(place.settings, [place.group])
    await check_empty(place.settings, [place.group])
    assert await place.next_offset() == GROUP_READ


async def test_a_replay_reads_all_that_there_is_and_tells_how_far_it_is(
    place: Place, admin: AIOKafkaAdminClient
) -> None:
    await admin.delete_records({place.at: RecordsToDelete(before_offset=1)})
    told: list[tuple[int, int]] = []

    read = [
        record.value
        async for records in replay(place.settings, [place.topic], 500, lambda *counts: told.append(counts))
        for record in records
    ]

    assert read == [b"1", b"2", b"3", b"4"]
    assert told[0] == (0, RECORDS - 1)

"""Reads topics from their start, and sets consumer groups back to an earlier time."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import CommitFailedError, UnknownTopicOrPartitionError

from shared.events.record import Record
from shared.events.topics import Topic
from shared.foundation.errors import Fatal
from shared.kafka.connection import ONLY_COMMITTED, kafka_access, knocking
from shared.kafka.records import record_of
from shared.kafka.settings import KafkaSettings

FETCH_BYTES = 4 * 1024 * 1024
FETCH_MS = 200

Progress = Callable[[int, int], None]
Places = Mapping[TopicPartition, int]
"""The offset of the next record, by partition."""


async def replay(
    kafka: KafkaSettings, topics: Sequence[Topic], most_events: int, progress: Progress
) -> AsyncIterator[list[Record]]:
    """All present records of the topics, in batches, without a group. `progress` gets the events read and in total."""
    async with from_start(kafka, topics) as consumer:
        ends: Places = await consumer.end_offsets(consumer.assignment())
        every = await left(consumer, ends)
        while yet := await left(consumer, ends):
            progress(every - yet, every)
            fetched = await consumer.getmany(timeout_ms=FETCH_MS, max_records=most_events)
            yield [record_of(raw) for raws in fetched.values() for raw in raws]


@asynccontextmanager
async def from_start(kafka: KafkaSettings, topics: Sequence[Topic]) -> AsyncIterator[AIOKafkaConsumer]:
    """A consumer without a group that reads the topics from their start.

    Raises:
        Fatal: a topic does not exist.
    """
    names = [topic.name for topic in topics]
    consumer = AIOKafkaConsumer(
        *names,
        **kafka_access(kafka),
        auto_offset_reset="earliest",
        isolation_level=ONLY_COMMITTED,
        max_partition_fetch_bytes=FETCH_BYTES,
    )
    try:
        async with knocking(kafka):
            await consumer.start()
        yield consumer
    except UnknownTopicOrPartitionError as error:
        raise Fatal(f"a topic of {', '.join(names)} does not exist: run `beamcat topics apply` first") from error
    finally:
        await consumer.stop()


async def left(consumer: AIOKafkaConsumer, ends: Places) -> int:
    """How many offsets of the consumer's partitions are not read yet, up to these ends."""
    assigned = consumer.assignment()
    return sum([max(0, end - await consumer.position(at)) for at, end in ends.items() if at in assigned])


async def check_empty(kafka: KafkaSettings, groups: Sequence[str]) -> None:
    """Check that these consumer groups have no members: only then does Kafka accept new positions from outside.

    Raises:
        Fatal: a group has members; the message names it.
    """
    busy = []
    for group, places in (await _places_of(kafka, groups)).items():
        async with _stranger(kafka, group, places) as consumer:
            try:
                await consumer.commit(places)
            except CommitFailedError:
                busy.append(group)
    if busy:
        raise Fatal(
            f"{', '.join(busy)} have members: stop all services first (one that was killed leaves within a minute)"
        )


async def rewind(kafka: KafkaSettings, groups: Sequence[str], since: datetime) -> dict[str, datetime]:
    """Set each group back to the first record at or after the time, never forward.

    Returns:
        Topics that no longer have all records since then, with the time of their first record.

    Raises:
        CommitFailedError: a group has a member.
    """
    gone: dict[str, datetime] = {}
    begin_ms = int(since.timestamp() * 1000)
    for group, places in (await _places_of(kafka, groups)).items():
        async with _stranger(kafka, group, places) as consumer:
            found = await consumer.offsets_for_times(dict.fromkeys(places, begin_ms))
            await consumer.commit(
                {at: min(place, first.offset) if (first := found[at]) else place for at, place in places.items()}
            )
            starts = await consumer.beginning_offsets(places)
            oldest = await consumer.offsets_for_times({at: 0 for at, start in starts.items() if start})
            gone |= {
                at.topic: datetime.fromtimestamp(first.timestamp / 1000, UTC)
                for at, first in oldest.items()
                if first and first.timestamp > begin_ms
            }
    return gone


async def _places_of(kafka: KafkaSettings, groups: Sequence[str]) -> dict[str, Places]:
    """The positions of each group, without groups that have read nothing and so start at the beginning."""
    admin = AIOKafkaAdminClient(**kafka_access(kafka))
    async with knocking(kafka):
        await admin.start()
    try:
        said = {group: await admin.list_consumer_group_offsets(group) for group in groups}
    finally:
        await admin.close()
    return {group: {at: place.offset for at, place in places.items()} for group, places in said.items() if places}


@asynccontextmanager
async def _stranger(kafka: KafkaSettings, group: str, places: Places) -> AsyncIterator[AIOKafkaConsumer]:
    """A consumer that commits for the group without being a member."""
    consumer = AIOKafkaConsumer(
        **kafka_access(kafka), group_id=group, enable_auto_commit=False, isolation_level=ONLY_COMMITTED
    )
    await consumer.start()
    try:
        consumer.assign(list(places))
        yield consumer
    finally:
        await consumer.stop()

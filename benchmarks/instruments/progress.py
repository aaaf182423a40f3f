"""How far datasets have come, by the positions that Kafka and search keep anyway.

Counting rows costs PostgreSQL up to 25 µs for each dataset that flows meanwhile. A position costs one small request,
and it is asked for seldom: the wait between two questions is a part of the time that the rest will take.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Any

import asyncpg
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from deploy.embedded.installation import Installation
from shared.events.topics import COMMITTED, TOPICS, Topic
from shared.kafka.connection import kafka_access
from shared.kafka.settings import KafkaSettings

SHORTEST_PAUSE, LONGEST_PAUSE = 0.02, 1.0
STUCK_SECONDS = 120.0
SETTLING_SECONDS = 0.2
GROUPS = "beamcat."
"""The prefix of the consumer group of every stage."""
INDEXED = "select coalesce(sum(next_offset), 0)::bigint from search.position where topic = $1"


class Progress:
    """The positions of topics and of their readers, each as the number of records that its partitions had so far."""

    def __init__(
        self,
        consumer: AIOKafkaConsumer,
        admin: AIOKafkaAdminClient,
        connection: Any,
        partitions: Mapping[str, Sequence[TopicPartition]],
    ) -> None:
        self.connection = connection
        """A connection to PostgreSQL."""
        self._consumer = consumer
        self._admin = admin
        self._partitions = partitions

    async def written(self, topic: Topic) -> int:
        """The records of a topic."""
        return sum((await self._consumer.end_offsets(self._partitions[topic.name])).values())

    async def read(self, stage: str, topic: Topic) -> int:
        """The records of a topic that a stage has settled."""
        places: Mapping[Any, Any] = await self._admin.list_consumer_group_offsets(GROUPS + stage)
        return sum(max(0, place.offset) for at, place in places.items() if at.topic == topic.name)

    async def unsettled(self) -> int:
        """The records that any stage of beamcat has not settled yet, in the partitions of which it settled some."""
        places: dict[str, Mapping[TopicPartition, Any]] = {}
        for group, _ in await self._admin.list_consumer_groups():
            if group.startswith(GROUPS):
                places[group] = await self._admin.list_consumer_group_offsets(group)
        ends = await self._consumer.end_offsets({at for each in places.values() for at in each})
        return sum(ends[at] - place.offset for each in places.values() for at, place in each.items())

    async def settled(self) -> None:
        """Wait until every stage has settled all records.

        Raises:
            TimeoutError: this takes more than two minutes.
        """
        async with asyncio.timeout(STUCK_SECONDS):
            while await self.unsettled():  # noqa: ASYNC110  Kafka sets no event
                await asyncio.sleep(SETTLING_SECONDS)

    async def committed(self) -> int:
        """The datasets that are in the catalogue and announced."""
        return await self.written(COMMITTED)

    async def searchable(self) -> int:
        """The commits that search has in its tables. Their position moves in the same transaction."""
        return int(await self.connection.fetchval(INDEXED, COMMITTED.name))


@contextlib.asynccontextmanager
async def following(kafka: KafkaSettings, database_url: str) -> AsyncIterator[Progress]:
    """Open the connections that tell the progress."""
    consumer = AIOKafkaConsumer(**kafka_access(kafka), enable_auto_commit=False)
    admin = AIOKafkaAdminClient(**kafka_access(kafka))
    connection = await asyncpg.connect(database_url)
    try:
        await asyncio.gather(consumer.start(), admin.start())
        described = await admin.describe_topics([topic.name for topic in TOPICS])
        partitions = {
            topic["topic"]: [TopicPartition(topic["topic"], each["partition"]) for each in topic["partitions"]]
            for topic in described
        }
        yield Progress(consumer, admin, connection, partitions)
    finally:
        await asyncio.gather(consumer.stop(), admin.close(), connection.close())


def pause_seconds(done: int, wanted: int, elapsed: float) -> float:
    """How long to wait before the next question, if so much was done in this time: half of what the rest will take."""
    if done <= 0:
        return LONGEST_PAUSE
    return min(LONGEST_PAUSE, max(SHORTEST_PAUSE, elapsed / done * (wanted - done) / 2))


async def reached(position: Callable[[], Awaitable[int]], wanted: int) -> float:
    """Wait until a position has come so far. It returns the time in seconds of the monotonic clock.

    Raises:
        TimeoutError: the position did not move for two minutes.
    """
    began = moved = time.monotonic()
    first = done = await position()
    while done < wanted:
        await asyncio.sleep(pause_seconds(done - first, wanted - first, time.monotonic() - began))
        before, done, now = done, await position(), time.monotonic()
        moved = moved if done == before else now
        if now - moved > STUCK_SECONDS:
            raise TimeoutError(f"{done} of {wanted}, and no more for {STUCK_SECONDS:.0f} s")
    return time.monotonic()


async def all_committed(running: Installation, wanted: int) -> float:
    """Wait until so many commits were announced in all. It returns the time in seconds of the monotonic clock."""
    async with following(running.settings.kafka, running.settings.database.url) as progress:
        return await reached(progress.committed, wanted)

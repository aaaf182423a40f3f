"""How much of a topic a consumer group has not settled yet, as Kafka knows it."""

from contextlib import AsyncExitStack
from typing import Any

from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient

from shared.kafka.connection import ONLY_COMMITTED, farewell, kafka_access
from shared.kafka.settings import KafkaSettings


async def unread(settings: KafkaSettings, topic: str, group: str) -> int:
    """The number of records from the positions of the group to the end of the topic, over all partitions.

    Raises:
        KafkaError: Kafka is away.
    """
    access = kafka_access(settings)
    admin: Any = AIOKafkaAdminClient(**access)
    reader: Any = AIOKafkaConsumer(topic, **access, isolation_level=ONLY_COMMITTED)
    async with AsyncExitStack() as clients:
        for client, end in ((admin, admin.close), (reader, reader.stop)):
            clients.push_async_callback(farewell, end)
            await client.start()
        positions = await admin.list_consumer_group_offsets(group)
        partitions = reader.assignment()
        begins = await reader.beginning_offsets(partitions)
        ends = await reader.end_offsets(partitions)
    return sum(max(0, ends[at] - max(begins[at], positions[at].offset if at in positions else 0)) for at in partitions)

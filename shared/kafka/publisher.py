"""Writes to Kafka. It sends a whole batch at once, and awaits all confirmations together."""

import asyncio
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from typing import Any, Protocol

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaConnectionError
from aiokafka.partitioner import DefaultPartitioner

from shared.events import notes
from shared.events.record import Message
from shared.events.topics import HEADROOM_BYTES, MEBIBYTE, TOPICS, Topic
from shared.foundation.errors import Fatal
from shared.kafka.connection import farewell, kafka_access, knocking
from shared.kafka.kept_whole import KeptWhole
from shared.kafka.settings import KafkaSettings

MAX_REQUEST_BYTES = max(topic.max_bytes for topic in TOPICS) + HEADROOM_BYTES
BATCH_BYTES = MEBIBYTE
"""The most bytes of a batch, unless one message has more: a hundred datasets, for which Kafka then works once."""
START_SECONDS = 15.0
PARTITION_OF = DefaultPartitioner()


class UndeclaredTopic(Fatal):
    """{sender} published to {topics}, which its declaration does not list: add it to `produces`"""


class Publisher(Protocol):
    """Makes messages durable."""

    async def publish(self, messages: Sequence[Message]) -> None:
        """Publish messages. It returns once all are confirmed, or raises. Messages of one key keep their order."""


class KafkaPublisher:
    """The idempotent Kafka producer of one process, with `acks=all`. It publishes only to the given topics.

    Raises:
        Fatal: Kafka refuses these settings.
    """

    def __init__(self, settings: KafkaSettings, client_id: str, topics: Collection[Topic] = TOPICS) -> None:
        self._settings = settings
        self._declared = frozenset(topic.name for topic in topics)
        self._kept = KeptWhole(settings.rejected_bytes_per_hour)
        self._access = kafka_access(settings)
        self._client_id = client_id
        self._producer: AIOKafkaProducer | None = None

    async def start(self) -> None:
        """Connect."""
        producer = AIOKafkaProducer(
            **self._access,
            client_id=self._client_id,
            acks="all",
            enable_idempotence=True,
            compression_type=None if self._settings.compression == "none" else self._settings.compression,
            linger_ms=2,
            max_batch_size=BATCH_BYTES,
            max_request_size=MAX_REQUEST_BYTES,
            request_timeout_ms=15_000,
        )
        try:
            # with a time limit: if Kafka goes away meanwhile, it retries for ever
            async with knocking(self._settings), asyncio.timeout(START_SECONDS):
                await producer.start()
        except BaseException:
            await farewell(producer.stop)
            raise
        self._producer = producer

    async def stop(self) -> None:
        """Send pending messages for a few seconds at most, then disconnect. The rest was never reported as durable."""
        if self._producer is not None:
            await farewell(self._producer.stop)

    async def publish(self, messages: Sequence[Message]) -> None:
        """Send all, then await all.

        It builds whole batches, one for each partition: sending message by message takes three times as long.

        Raises:
            KafkaError: a message was not confirmed. Others of the same call may have been: publish all again.
            UndeclaredTopic: a message is for a topic that was not given; nothing was sent.
        """
        if not messages:
            return
        topics = {message.topic for message in messages}
        if undeclared := topics - self._declared:
            raise UndeclaredTopic(sender=self._client_id, topics=", ".join(sorted(undeclared)))
        if self._producer is None:
            raise KafkaConnectionError("Kafka is not connected yet")
        messages = self._kept.fitting(messages)
        confirmations: list[asyncio.Future[Any]] = []
        try:
            for (topic, partition), group in (await self._by_partition(topics, messages)).items():
                for batch in self._batches(group):
                    sent = await self._producer.send_batch(batch, topic, partition=partition)
                    confirmations.append(sent)
        finally:
            results = await asyncio.gather(*confirmations, return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException):
                raise result
        self._kept.count(messages)
        notes.write(message.note for message in messages if message.note is not None)

    async def _by_partition(
        self, topics: Collection[str], messages: Sequence[Message]
    ) -> dict[tuple[str, int], list[Message]]:
        """The partition of each message by its key, as every Kafka client computes it (murmur2)."""
        assert self._producer is not None
        partitions = {topic: sorted(await self._producer.partitions_for(topic)) for topic in topics}
        groups: dict[tuple[str, int], list[Message]] = defaultdict(list)
        for message in messages:
            every = partitions[message.topic]
            groups[message.topic, PARTITION_OF(message.key, every, every)].append(message)
        return groups

    def _batches(self, messages: Sequence[Message]) -> Iterator[Any]:
        """The messages in as few batches as possible, in order."""
        assert self._producer is not None
        batch = self._producer.create_batch()
        for message in messages:
            headers = list(message.headers)
            if batch.append(key=message.key, value=message.value, timestamp=None, headers=headers) is None:
                yield batch
                batch = self._producer.create_batch()
                batch.append(key=message.key, value=message.value, timestamp=None, headers=headers)
        yield batch


class MemoryPublisher:
    """The memory twin: it keeps published messages by topic."""

    def __init__(self) -> None:
        self.messages: list[Message] = []

    async def publish(self, messages: Sequence[Message]) -> None:
        """Keep the messages."""
        self.messages.extend(messages)

    def of(self, topic: str) -> list[Message]:
        """The messages published to a topic, in order."""
        return [message for message in self.messages if message.topic == topic]

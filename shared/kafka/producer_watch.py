"""Controls the rate at which an edge admits a producer: slow if nearly all is rejected, steady if it sends much.

Each process of an edge reads `dataset.rejected` from its end, without a group, and only the headers of each record: the
source of the event and its receipt. While Kafka is away it learns nothing, and slowed sources recover with time.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import AIOKafkaConsumer

from shared.access.quota import ByteQuota
from shared.access.slowdown import Slowdown
from shared.events.headers import OF_RECEIPT, PRODUCER
from shared.events.record import Headers, Message
from shared.events.topics import MEBIBYTE, REJECTED
from shared.kafka.connection import ONLY_COMMITTED, farewell, kafka_access, watched
from shared.kafka.publisher import Publisher
from shared.kafka.settings import KafkaSettings, SourceSettings
from shared.runtime.backoff import Backoff
from shared.runtime.metrics import SLOWED, SLOWED_REQUESTS, begin

logger = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
START_SECONDS = 10.0
BURST_SECONDS = 8
"""A producer may send the bytes of this many seconds at once. The cost of a byte hardly depends on its producer, so
this limits how long one producer's burst makes others wait.
"""
MOST_RECORDS = 500
FETCH_BYTES = 4 * MEBIBYTE
"""The most bytes of one fetch over all partitions. A larger record comes alone."""
MOST_NAMED = 20
"""The most producers that the metric names."""


class ProducerWatch:
    """The behaviour of the producers of one edge."""

    def __init__(
        self,
        kafka: KafkaSettings,
        source: SourceSettings,
        door: str,
        backoff: Backoff,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        begin(SLOWED_REQUESTS, [door])
        self._access = kafka_access(kafka)
        self._door = door
        self._backoff = backoff
        self._monotonic = monotonic
        self._rule = Slowdown()
        self._pace = ByteQuota(BURST_SECONDS * source.bytes_per_second, BURST_SECONDS, monotonic=monotonic)
        self._named: set[str] = set()

    def wait_seconds(self, source: str) -> float:
        """How long a producer must wait before its next event is admitted; 0 unless it is slowed or sends much."""
        return max(self._rule.wait_seconds(source, self._monotonic()), self._pace.seconds_to_wait(source))

    def admitted(self, messages: Sequence[Message]) -> None:
        """Note messages that are about to be published."""
        now = self._monotonic()
        receipts: dict[str, list[str]] = {}
        for message in messages:
            source, receipt = _of_what(message.headers, message.topic)
            receipts.setdefault(source, []).append(receipt)
        for source, each in receipts.items():
            self._rule.admitted(source, each, now)

    def published(self, messages: Sequence[Message]) -> None:
        """Note messages that Kafka has confirmed. Others are tried again, and count only once."""
        for message in messages:
            self._pace.use(_of_what(message.headers, message.topic)[0], message.size)

    def rejected(self, headers: Headers) -> None:
        """Note a record of `dataset.rejected` with these headers."""
        self._rule.rejected(*_of_what(headers, REJECTED.name), self._monotonic())

    async def run(self) -> None:
        """Read rejections as long as the service runs."""
        await watched(f"{self._door} (rejections)", self._reader, self._look, self._backoff)

    @asynccontextmanager
    async def _reader(self) -> AsyncIterator[Any]:
        """A consumer that reads rejections from the present end of the topic."""
        consumer: Any = AIOKafkaConsumer(
            REJECTED.name,
            **self._access,
            auto_offset_reset="latest",
            isolation_level=ONLY_COMMITTED,
            fetch_max_bytes=FETCH_BYTES,
            max_partition_fetch_bytes=FETCH_BYTES,
        )
        try:
            async with asyncio.timeout(START_SECONDS):
                await consumer.start()
                for partition in consumer.assignment():
                    await consumer.position(partition)  # at its end
            self._rule.forget_awaited()
            yield consumer
        finally:
            await farewell(consumer.stop)

    async def _look(self, consumer: Any) -> None:  # noqa: ANN401  # aiokafka ships no types
        found = await consumer.getmany(timeout_ms=0, max_records=MOST_RECORDS)
        for records in found.values():
            for record in records:
                self.rejected(record.headers)
        self.measure()
        await self._backoff.sleep(0 if found else LOOK_SECONDS)

    def measure(self) -> None:
        """Update the metric of slowed producers, and log each change once."""
        named = set(self._rule.slowed(self._monotonic())[:MOST_NAMED])
        for source in self._named - named:
            SLOWED.remove(self._door, source)
            logger.info("%s: %s is no longer slowed down", self._door, source)
        for source in named - self._named:
            SLOWED.labels(self._door, source).set(1)
            logger.warning("%s: nearly all events of %s are rejected, it is slowed down", self._door, source)
        self._named = named


class WatchedPublisher:
    """A publisher that reports to the watch what each producer sends."""

    def __init__(self, publisher: Publisher, watch: ProducerWatch) -> None:
        self._publisher = publisher
        self._watch = watch

    async def publish(self, messages: Sequence[Message]) -> None:
        """Publish the messages as the wrapped publisher does."""
        self._watch.admitted(messages)
        await self._publisher.publish(messages)
        self._watch.published(messages)


def _of_what(headers: Headers, topic: str) -> tuple[str, str]:
    """The producer and the receipt in the headers. Those of a rejection are of the rejected event."""
    said = dict(headers)
    source, receipt = (PRODUCER, OF_RECEIPT) if topic == REJECTED.name else ("ce_source", "ce_id")
    return _text(said.get(source)), _text(said.get(receipt))


def _text(value: bytes | None) -> str:
    return (value or b"").decode(errors="replace")

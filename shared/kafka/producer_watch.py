"""The pace at which a door takes in what a producer sends: slowly if it is nothing but rubbish, steadily if it is much.

Each door process reads `dataset.rejected` from its end, in no group, and of each record only the headers: whose event
it was and under which receipt. While Kafka is away nothing is learned, and who was slowed is forgiven in time.
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
"""So many seconds' bytes a producer may send at once. What a stage needs for a byte hardly depends on who sent it, so
this bounds how long one producer's burst keeps others waiting.
"""
MOST_RECORDS = 500
FETCH_BYTES = 4 * MEBIBYTE
"""At one time, over all partitions; one record that is larger comes alone."""
MOST_NAMED = 20
"""Producers that the metric names."""


class ProducerWatch:
    """The conduct of the producers of one door."""

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
        """How long a producer has to wait before its next event is admitted; 0 unless it is slowed or sends much."""
        return max(self._rule.wait_seconds(source, self._monotonic()), self._pace.seconds_to_wait(source))

    def admitted(self, messages: Sequence[Message]) -> None:
        """These are about to be published, in the names of their producers."""
        now = self._monotonic()
        receipts: dict[str, list[str]] = {}
        for message in messages:
            source, receipt = _of_what(message.headers, message.topic)
            receipts.setdefault(source, []).append(receipt)
        for source, each in receipts.items():
            self._rule.admitted(source, each, now)

    def published(self, messages: Sequence[Message]) -> None:
        """Kafka has these. What it did not take is tried again, and counts once."""
        for message in messages:
            self._pace.use(_of_what(message.headers, message.topic)[0], message.size)

    def rejected(self, headers: Headers) -> None:
        """A record of `dataset.rejected` has these headers."""
        self._rule.rejected(*_of_what(headers, REJECTED.name), self._monotonic())

    async def run(self) -> None:
        """Read rejections as long as the service lives."""
        await watched(f"{self._door} (rejections)", self._reader, self._look, self._backoff)

    @asynccontextmanager
    async def _reader(self) -> AsyncIterator[Any]:
        """A consumer that reads rejections from their present end on."""
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
            self._rule.await_anew()
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
        """Show who is slowed, and say so once."""
        named = set(self._rule.slowed(self._monotonic())[:MOST_NAMED])
        for source in self._named - named:
            SLOWED.remove(self._door, source)
            logger.info("%s: %s is admitted as before", self._door, source)
        for source in named - self._named:
            SLOWED.labels(self._door, source).set(1)
            logger.warning("%s: nearly everything of %s is rejected, it is admitted slowly", self._door, source)
        self._named = named


class WatchedPublisher:
    """Publishes, and notes whose events they are."""

    def __init__(self, publisher: Publisher, watch: ProducerWatch) -> None:
        self._publisher = publisher
        self._watch = watch

    async def publish(self, messages: Sequence[Message]) -> None:
        """As the publisher does."""
        self._watch.admitted(messages)
        await self._publisher.publish(messages)
        self._watch.published(messages)


def _of_what(headers: Headers, topic: str) -> tuple[str, str]:
    """The producer and the receipt of what a record says; a rejection is of another's."""
    said = dict(headers)
    source, receipt = (PRODUCER, OF_RECEIPT) if topic == REJECTED.name else ("ce_source", "ce_id")
    return _text(said.get(source)), _text(said.get(receipt))


def _text(value: bytes | None) -> str:
    return (value or b"").decode(errors="replace")

"""A broker that lost the end of its log, as by a power failure, and got new events before the services started."""

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import pytest
import pytest_asyncio
from aiokafka import AIOKafkaConsumer

from deploy.embedded.kafka import Kafka
from deploy.embedded.ports import Ports
from shared.events.headers import headers_of
from shared.events.record import Message, Record
from shared.events.topics import SUBMITTED
from shared.kafka.publisher import KafkaPublisher
from shared.kafka.settings import KafkaSettings, TopicSettings
from shared.kafka.topic_admin import apply_topics
from shared.runtime.metrics import MOVED_BACK
from shared.stages.settings import StageSettings
from shared.stages.stream import Stream
from shared.stages.subscription import Subscription

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]

PARTITIONS = 2
DERIVED = ("*.index", "*.timeindex", "*.snapshot", "leader-epoch-checkpoint")


class Collecting:
    """A runner that knows what it has settled."""

    halted: str | None = None

    def __init__(self) -> None:
        self.settled: list[bytes] = []
        self.recalled: set[str] = set()

    async def run(self, records: Sequence[Record]) -> None:
        self.settled += [record.key or b"" for record in records]

    def remembered(self) -> list[str]:
        return ["0a1b2c3d"]

    def recall(self, sources: object) -> None:
        assert isinstance(sources, set | frozenset | tuple)
        self.recalled |= set(sources)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def broker(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Kafka]:
    folder = tmp_path_factory.mktemp("frail")
    with Ports(folder / "ports.json", print) as ports:
        taken = ports.take("kafka", 19392), ports.take("kafka-controller", 19393)
        kafka = Kafka(folder / "kafka", folder / "kafka.log", *taken)
        await kafka.start()
        yield kafka
        await kafka.stop()


class Bench:
    """A topic, a group, and a broker that can be harmed."""

    def __init__(self, broker: Kafka, data: Path) -> None:
        self.broker = broker
        self.data = data
        self.settings = KafkaSettings(bootstrap_servers=broker.bootstrap_servers)
        self.group = f"test.{uuid4()}"
        self.name = f"tester-{uuid4()}"
        self.failures: list[Exception] = []

    async def publish(self, *keys: bytes) -> None:
        """Each in a batch of its own, so that the log is cut between them."""
        publisher = KafkaPublisher(self.settings, "test")
        await publisher.start()
        for key in keys:
            headers = headers_of(SUBMITTED, receipt_id=key.decode(), source="/producers/t", time="t")
            await publisher.publish([Message(SUBMITTED.name, key, b'{"submission":{}}', headers)])
        await publisher.stop()

    @asynccontextmanager
    async def consuming(self) -> AsyncIterator[tuple[Collecting, Subscription]]:
        runner = Collecting()
        subscription = Subscription(self.name, SUBMITTED, self.group, runner, self.failures.append)
        stream = Stream(self.settings, StageSettings(), "test", [subscription])
        await stream.start()
        try:
            yield runner, subscription
        finally:
            await stream.stop()
        assert self.failures == []

    async def settle(self, *wanted: bytes) -> Collecting:
        """Run the stage until it has settled these and stands at the end."""
        async with self.consuming() as (runner, subscription):

            async def done() -> bool:
                caught_up = subscription.assigned and await subscription.measure() == 0
                return caught_up and set(wanted) <= set(runner.settled)

            await until(done)
        return runner

    async def lose_tails(self, cut_bytes: int) -> None:
        """The power fails, and the disk had not yet written the end of the topic's segments."""
        await self.broker.kill()
        for folder in self.data.glob(f"topics/{SUBMITTED.name}-*"):
            for segment in folder.glob("*.log"):
                os.truncate(segment, max(0, segment.stat().st_size - cut_bytes))
            for pattern in DERIVED:
                for file in folder.glob(pattern):
                    file.unlink()
        for file in self.data.glob("topics/*-checkpoint"):
            file.unlink()
        await self.broker.start()

    async def there(self) -> set[bytes]:
        """What is in the topic."""
        consumer = AIOKafkaConsumer(
            SUBMITTED.name, bootstrap_servers=self.broker.bootstrap_servers, auto_offset_reset="earliest"
        )
        await consumer.start()
        try:
            ends = await consumer.end_offsets(consumer.assignment())
            keys: set[bytes] = set()
            while any([await consumer.position(at) < end for at, end in ends.items()]):
                for raws in (await consumer.getmany(timeout_ms=200)).values():
                    keys |= {raw.key for raw in raws}
            return keys
        finally:
            await consumer.stop()

    def moved_back(self) -> float:
        return float(MOVED_BACK.labels(self.name)._value.get())


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(60):
        while not await condition():  # noqa: ASYNC110  the condition lies in Kafka, which sets no event
            await asyncio.sleep(0.05)


@pytest_asyncio.fixture(loop_scope="module")
async def bench(broker: Kafka) -> Bench:
    bench = Bench(broker, broker._data)
    await apply_topics(bench.settings, TopicSettings(partitions=PARTITIONS), [SUBMITTED])
    return bench


def keys_of(number: int) -> list[bytes]:
    run = uuid4().hex
    return [f"{run}-{each}".encode() for each in range(number)]


async def test_a_position_that_fits_its_log_stands_and_knows_the_sources_that_were_fine(bench: Bench) -> None:
    first, more = keys_of(20), keys_of(5)
    await bench.publish(*first)
    await bench.settle(*first)
    await bench.publish(*more)
    again = await bench.settle(*more)
    assert set(again.settled) == set(more)
    assert again.recalled == {"0a1b2c3d"}
    assert bench.moved_back() == 0


@pytest.mark.parametrize("cut_bytes", [150, 2000])
async def test_new_events_at_the_offsets_of_lost_ones_are_settled(
    bench: Bench, cut_bytes: int, caplog: pytest.LogCaptureFixture
) -> None:
    first, new = keys_of(60), keys_of(60)
    await bench.publish(*first)
    await bench.settle(*first)
    await bench.lose_tails(cut_bytes)
    there = await bench.there()
    assert not set(first) <= there, "the broker has lost nothing"
    await bench.publish(*new)
    with caplog.at_level(logging.WARNING):
        again = await bench.settle(*new)
    assert set(new) <= set(again.settled)
    assert bench.moved_back() == PARTITIONS
    assert sum("Kafka has lost settled records" in record.message for record in caplog.records) == 1
    assert there & set(first) <= set(again.settled)  # what was made of them may be lost, though they are not
    assert (await bench.settle()).settled == []
    assert bench.moved_back() == PARTITIONS


async def test_a_log_that_is_shorter_than_its_position_is_read_from_where_it_fits(bench: Bench) -> None:
    first, new = keys_of(40), keys_of(1)
    await bench.publish(*first)
    await bench.settle(*first)
    await bench.lose_tails(1500)
    await bench.settle()
    await bench.publish(*new)
    assert set(new) <= set((await bench.settle(*new)).settled)

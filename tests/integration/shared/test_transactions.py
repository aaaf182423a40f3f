"""Producers that use transactions: what one has taken back was never said, and an open one harms nobody for long."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.errors import InvalidTransactionTimeout

from services.icat_gateway.jolokia.consumers import ConsumerGroup, group_state, kafka_clients
from shared.events.topics import SUBMITTED, VALIDATED
from shared.kafka.connection import kafka_access
from shared.kafka.publisher import KafkaPublisher
from shared.kafka.rewind import replay
from shared.kafka.settings import KafkaSettings, TopicSettings
from shared.kafka.topic_admin import apply_topics
from tests.integration.shared.test_stream import PARTITIONS, Bench, read_all, submission, until

pytestmark = pytest.mark.integration

LONGEST_TRANSACTION_MS = 60_000
"""What the broker allows: `transaction.max.timeout.ms` in its settings."""


@pytest.fixture
async def bench(kafka: str) -> AsyncIterator[Bench]:
    settings = KafkaSettings(bootstrap_servers=kafka)
    await apply_topics(settings, TopicSettings(partitions=PARTITIONS))
    publisher = KafkaPublisher(settings, "test")
    await publisher.start()
    yield Bench(settings, publisher)
    await publisher.stop()


@asynccontextmanager
async def transactional(kafka: str, timeout_ms: int = 10_000) -> AsyncIterator[AIOKafkaProducer]:
    producer = AIOKafkaProducer(
        bootstrap_servers=kafka, transactional_id=f"stranger.{uuid4()}", transaction_timeout_ms=timeout_ms
    )
    await producer.start()
    try:
        yield producer
    finally:
        await producer.stop()


async def send(producer: AIOKafkaProducer, *names: str, partition: int | None = None) -> None:
    for name in names:
        message = submission(name)
        await producer.send_and_wait(
            message.topic, message.value, key=message.key, headers=list(message.headers), partition=partition
        )


async def test_what_an_aborted_transaction_wrote_is_never_settled(bench: Bench, kafka: str) -> None:
    run = uuid4().hex
    kept = [f"{run}-kept-{number}" for number in range(20)]
    taken_back = [f"{run}-back-{number}" for number in range(20)]
    async with bench.consuming(bench.runner()), transactional(kafka) as producer:
        for number in range(0, 20, 5):
            await producer.begin_transaction()
            await send(producer, *taken_back[number : number + 5])
            await producer.abort_transaction()
            async with producer.transaction():
                await send(producer, *kept[number : number + 5])
        last = [submission(f"{run}-last-{number}") for number in range(30)]  # in each partition, behind all of them
        await bench.publisher.publish(last)
        wanted = {f"r-{name}".encode() for name in kept} | {dict(message.headers)["ce_id"] for message in last}
        settled = {
            dict(record.headers).get("ce_id") for record in await read_all(bench.settings, VALIDATED.name, wanted)
        }
    assert not settled & {f"r-{name}".encode() for name in taken_back}


async def test_what_an_aborted_transaction_wrote_is_not_replayed_either(bench: Bench, kafka: str) -> None:
    run = uuid4().hex
    async with transactional(kafka) as producer:
        async with producer.transaction():
            await send(producer, f"{run}-kept")
        await producer.begin_transaction()
        await send(producer, *(f"{run}-back-{number}" for number in range(10)))
        await producer.abort_transaction()
    async with asyncio.timeout(30):  # the topic ends with markers, which are no records
        replayed = [
            record.key or b""
            async for batch in replay(bench.settings, [SUBMITTED], 500, lambda _done, _every: None)
            for record in batch
        ]
    assert {key for key in replayed if key.startswith(run.encode())} == {f"{run}-kept".encode()}


async def test_a_group_that_has_read_all_stands_at_the_end_though_markers_follow_the_last_record(
    bench: Bench, kafka: str
) -> None:
    run = uuid4().hex
    async with bench.consuming(bench.runner()) as subscription, transactional(kafka) as producer:
        for partition in range(PARTITIONS):
            async with producer.transaction():
                await send(producer, f"{run}-{partition}", partition=partition)
            await producer.begin_transaction()
            await send(producer, f"{run}-back-{partition}", partition=partition)
            await producer.abort_transaction()

        async def at_the_end() -> bool:
            async with kafka_clients(kafka_access(bench.settings), [SUBMITTED.name]) as (admin, consumer):
                standing = await group_state(ConsumerGroup(bench.group, SUBMITTED.name), admin, consumer)
            lag = await subscription.measure()
            return subscription.assigned and standing.committed == standing.end > 0 and lag == 0

        await until(at_the_end)


async def test_an_open_transaction_of_a_stranger_holds_back_its_partition_no_longer_than_it_may_last(
    bench: Bench, kafka: str
) -> None:
    run = uuid4().hex
    async with bench.consuming(bench.runner()) as subscription, transactional(kafka, timeout_ms=1000) as stranger:
        await stranger.begin_transaction()
        await send(stranger, f"{run}-stalled", partition=0)
        neighbours = [submission(f"{run}-{number}") for number in range(30)]
        await bench.publisher.publish(neighbours)
        wanted = {dict(message.headers)["ce_id"] for message in neighbours}
        settled = {
            dict(record.headers).get("ce_id") for record in await read_all(bench.settings, VALIDATED.name, wanted)
        }
        assert f"r-{run}-stalled".encode() not in settled

        async def caught_up() -> bool:
            return await subscription.measure() == 0

        await until(caught_up)
        await stranger._sender.close()  # what it would say at its end is no longer heard


async def test_no_transaction_may_last_longer_than_a_minute(kafka: str) -> None:
    producer = AIOKafkaProducer(
        bootstrap_servers=kafka,
        transactional_id=f"stranger.{uuid4()}",
        transaction_timeout_ms=LONGEST_TRANSACTION_MS + 1,
    )
    try:
        with pytest.raises(InvalidTransactionTimeout):
            await producer.start()
    finally:
        await producer.stop()

"""How much of what is there a stage takes at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.consumer import fetcher

from shared.events.record import Record
from shared.events.topics import SUBMITTED
from shared.kafka import records as kafka_records
from shared.stages import subscription
from shared.stages.subscription import Subscription
from tests.builders.runners import NeverHalted

assert fetcher.FetchResult is kafka_records._Result


@dataclass
class RecordThere:
    value: bytes | None


class Fetched:
    """What one fetch brought of one partition, as the client's reader gives it; and where the consumer stands in it."""

    active = True
    paused = False

    def __init__(self, sizes: Sequence[int]) -> None:
        self.left = [RecordThere(bytes(size)) for size in sizes]
        self.next_fetch_offset = self.position = 0

    def __iter__(self) -> "Fetched":
        return self

    def __next__(self) -> RecordThere:
        if not self.left:
            raise StopIteration
        self.next_fetch_offset += 1
        return self.left.pop(0)

    def state_value(self, _partition: TopicPartition) -> "Fetched":
        return self

    def consumed_to(self, position: int) -> None:
        self.position = position


class ConsumerWith:
    """A client of Kafka that has these records, every other one in the first of two partitions."""

    def __init__(self, *sizes: int) -> None:
        self.fetched = [Fetched(sizes[::2]), Fetched(sizes[1::2])]
        self.results = {
            TopicPartition("t", number): fetcher.FetchResult(
                TopicPartition("t", number), assignment=each, partition_records=each, backoff=0
            )
            for number, each in enumerate(self.fetched)
        }

    async def getmany(self, timeout_ms: int, max_records: int) -> dict[TopicPartition, list[RecordThere]]:
        del timeout_ms
        drained = {}
        for partition, result in [each for each in self.results.items() if each[1].has_more()]:
            if some := result.getall(max_records):
                drained[partition] = some
                max_records -= len(some)
                if max_records == 0:
                    break
        return drained

    @property
    def records_left(self) -> int:
        return sum(len(each.left) for each in self.fetched)


class Nobody(NeverHalted):
    async def run(self, records: Sequence[Record]) -> None:
        """Never asked."""


async def taken(consumer: Any, most: int = 500) -> tuple[int, bool]:
    subscription = Subscription("s", SUBMITTED, "g", Nobody(), lambda _error: None)
    subscription._full_batch = most
    return len(await subscription._take(consumer)), subscription._is_full


async def test_all_that_is_there_is_taken_up_to_the_number_of_a_batch() -> None:
    assert await taken(ConsumerWith(*[100] * 80)) == (80, False)
    assert await taken(ConsumerWith(*[100] * 800)) == (500, True)
    assert await taken(ConsumerWith()) == (0, False)
    assert await taken(ConsumerWith(*[100] * 80), most=7) == (7, True)


async def test_a_batch_of_large_events_is_full_by_its_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subscription, "BATCH_BYTES", 10_000)
    consumer = ConsumerWith(*[1000] * 300)
    assert await taken(consumer) == (10, True)
    assert consumer.records_left == 290
    assert await taken(consumer) == (10, True)
    assert await taken(ConsumerWith(20_000, 20_000, 20_000)) == (1, True)
    assert await taken(ConsumerWith(1, 1, 20_000, 20_000, 20_000)) == (2, True)


async def test_other_readers_of_kafka_are_handed_all_that_is_there() -> None:
    found = await ConsumerWith(*[10**6] * 30).getmany(0, 30)
    assert sum(len(some) for some in found.values()) == 30


def test_a_halt_is_told_as_trouble_as_long_as_it_lasts() -> None:
    runner = Nobody()
    subscription = Subscription("s", SUBMITTED, "g", runner, lambda _error: None)
    told = []
    for why in (None, "3 of the 3 sources that were healthy recently are now refused", None):
        runner.halted = why
        told.append((why, subscription.trouble))
    assert all(why == trouble for why, trouble in told)

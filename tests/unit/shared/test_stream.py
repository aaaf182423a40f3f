"""How much of what is there a stage takes at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from shared import stream
from shared.stream import SLICE_RECORDS, Subscription
from shared.topics import SUBMITTED
from shared.wire import Record
from tests.builders.runners import NeverHalted


@dataclass
class RecordThere:
    value: bytes | None


class ConsumerWith:
    """A client of Kafka that has these records."""

    def __init__(self, *sizes: int) -> None:
        self.records = [RecordThere(bytes(size)) for size in sizes]

    async def getmany(self, timeout_ms: int, max_records: int) -> dict[str, list[RecordThere]]:
        del timeout_ms
        some, self.records = self.records[:max_records], self.records[max_records:]
        half = len(some) // 2
        return {"one": some[:half], "other": some[half:]} if some else {}


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
    monkeypatch.setattr(stream, "BATCH_BYTES", 10_000)
    count, is_full = await taken(ConsumerWith(*[1000] * 300))
    assert (count, is_full) == (SLICE_RECORDS, True)
    assert await taken(ConsumerWith(20_000)) == (1, True)


def test_a_halt_is_told_as_trouble_as_long_as_it_lasts() -> None:
    runner = Nobody()
    subscription = Subscription("s", SUBMITTED, "g", runner, lambda _error: None)
    told = []
    for why in (None, "3 of the 3 sources that were fine lately are now refused", None):
        runner.halted = why
        told.append((why, subscription.trouble))
    assert all(why == trouble for why, trouble in told)

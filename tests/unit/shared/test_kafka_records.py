"""A record of Kafka's client becomes one of the pipeline's, whatever a producer gave it."""

from datetime import UTC, datetime

import pytest
from aiokafka import ConsumerRecord

from shared.kafka_records import record_of


def read(timestamp: int, *headers: tuple[str, bytes | None]) -> ConsumerRecord[bytes, bytes]:
    return ConsumerRecord("t", 0, 7, timestamp, 0, b"key", b"value", None, 3, 5, headers)


def test_a_header_without_a_value_has_an_empty_one() -> None:
    assert record_of(read(0, ("a", b"1"), ("b", None))).headers == (("a", b"1"), ("b", b""))


@pytest.mark.parametrize(
    ("said", "year"), [(-1, 1970), (-(10**17), 1970), (1_763_000_000_000, 2025), (10**17, 9999), (2**63 - 1, 9999)]
)
def test_its_time_can_be_told(said: int, year: int) -> None:
    assert datetime.fromtimestamp(record_of(read(said)).timestamp_ms / 1000, UTC).year == year

"""A record of Kafka's client becomes one of the pipeline's, whatever a producer gave it."""

import gzip
import os
import resource
import struct
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, cast

import cramjam
import pytest
from aiokafka import ConsumerRecord
from aiokafka.codec import snappy_encode
from aiokafka.consumer import fetcher
from aiokafka.record.default_records import DefaultRecordBase, DefaultRecordBatchBuilder

from shared.events.codes import Code, Poison
from shared.events.headers import INFLATES
from shared.events.record import Record
from shared.events.topics import MEBIBYTE, SUBMITTED
from shared.events.wire import read as read_event
from shared.kafka import records as kafka_records
from shared.kafka.decompression import Inflater
from shared.kafka.records import record_of


def read(timestamp: int, *headers: tuple[str, bytes | None]) -> ConsumerRecord[bytes, bytes]:
    return ConsumerRecord("t", 0, 7, timestamp, 0, b"key", b"value", None, 3, 5, headers)


def test_a_header_without_a_value_has_an_empty_one() -> None:
    assert record_of(read(0, ("a", b"1"), ("b", None))).headers == (("a", b"1"), ("b", b""))


@pytest.mark.parametrize(
    ("said", "year"), [(-1, 1970), (-(10**17), 1970), (1_763_000_000_000, 2025), (10**17, 9999), (2**63 - 1, 9999)]
)
def test_its_time_can_be_told(said: int, year: int) -> None:
    assert datetime.fromtimestamp(record_of(read(said)).timestamp_ms / 1000, UTC).year == year


CODECS = {"gzip": 1, "snappy": 2, "lz4": 3, "zstd": 4}


def batch_of(codec: int, *values: bytes) -> bytes:
    builder = cast(Any, DefaultRecordBatchBuilder)(2, codec, 0, -1, -1, -1, 100 * MEBIBYTE)
    for offset, value in enumerate(values):
        builder.append(offset, 1_763_000_000_000, b"key", value, [("ce_id", b"r")])
    return bytes(builder.build())


def bomb(codec: str, size: int, count: int) -> bytes:
    """A batch that says it has so many records, and becomes so many bytes of nothing."""
    once = bytes(MEBIBYTE)
    packers: dict[str, Callable[[], bytes]] = {
        "gzip": lambda: gzip.compress(once) * (size // len(once)),
        "snappy": lambda: snappy_encode(bytes(size)),
        "lz4": lambda: bytes(cramjam.lz4.compress(bytes(size))),
        "zstd": lambda: bytes(cramjam.zstd.compress(bytes(size))),
    }
    packed = packers[codec]()
    header: bytes = DefaultRecordBase.HEADER_STRUCT.pack(
        *(7, DefaultRecordBase.HEADER_STRUCT.size - 12 + len(packed), 0, 2, 0, CODECS[codec], count - 1),
        *(1_763_000_000_000, 1_763_000_000_000, -1, -1, -1, count),
    )
    return header + packed


def records_in(raw: bytes) -> list[ConsumerRecord[bytes, bytes]]:
    fetched = fetcher.MemoryRecords(raw)
    found = []
    while fetched.has_next():
        found += list(fetched.next_batch())
    return found


@pytest.mark.parametrize("codec", [0, *CODECS.values()])
def test_a_batch_is_read_as_the_client_reads_it(codec: int) -> None:
    values = [b"%d" % number * number for number in range(300)]
    found = records_in(batch_of(codec, *values) * 2)
    assert [record.value for record in found] == values * 2
    assert [record.offset for record in found] == [*range(300)] * 2
    assert {(record.key, tuple(record.headers), record.timestamp) for record in found} == {
        (b"key", (("ce_id", b"r"),), 1_763_000_000_000)
    }


@pytest.mark.parametrize("codec", CODECS)
def test_what_would_become_far_too_large_is_not_decompressed_and_every_record_of_it_is_told(codec: str) -> None:
    raw = bomb(codec, 150 * MEBIBYTE, 3)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    found = records_in(raw + batch_of(CODECS[codec], b"neighbour"))
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024 < 80 * MEBIBYTE
    assert [record.offset for record in found] == [7, 8, 9, 0]
    assert found[-1].value == b"neighbour"
    for each in found[:-1]:
        record = Record(SUBMITTED.name, 0, each.offset, each.timestamp, each.key, each.value, tuple(each.headers))
        with pytest.raises(Poison, match=f"in a batch of 3 records .* {kafka_records.MOST_BATCH_BYTES}") as poison:
            read_event(record, SUBMITTED, SUBMITTED.event)
        assert poison.value.refusal.code == Code.TOO_LARGE


def test_of_a_batch_of_a_million_records_that_is_too_large_the_last_that_is_told_stands_for_the_rest() -> None:
    found = records_in(bomb("zstd", 40 * MEBIBYTE, 10**6))
    assert len(found) == kafka_records.MOST_TOLD_APART
    assert b"; 999000 records that follow are refused as well" in dict(found[-1].headers)[INFLATES]


@pytest.mark.parametrize("codec", CODECS)
def test_what_cannot_be_decompressed_is_told_too(codec: str) -> None:
    raw = bytearray(bomb(codec, MEBIBYTE, 2))
    raw[DefaultRecordBase.HEADER_STRUCT.size :] = struct.pack(">I", 0xDEAD) * ((len(raw) - 61) // 4 + 1)
    raw[8:12] = struct.pack(">i", len(raw) - 12)
    assert [record.offset for record in records_in(bytes(raw))] == [7, 8]


def test_a_forked_process_decompresses_into_memory_of_its_own() -> None:
    inflater = Inflater(100)
    child = os.fork()
    if child == 0:
        inflater.inflated(CODECS["zstd"], bytes(cramjam.zstd.compress(b"child" * 10)))
        os._exit(0)
    os.waitpid(child, 0)
    assert inflater._buffer[:5] == bytes(5)

"""Turns the records of Kafka's client into the pipeline's records, even with invalid headers or huge batches.

Kafka accepts any bytes as the name of a header, and a header without a value. The client decodes names while it reads:
at one that is not UTF-8 it drops the records before it and stays at the same offset for ever. So a batch with such a
name is read again by the client's own slower reader, with U+FFFD for invalid bytes; `shared.events.headers` refuses it.

The client also has no limit in bytes. Here a batch is decompressed only if the result is not larger than Kafka's limit
for uncompressed batches. The bytes of one poll and of prefetching are limited.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from itertools import islice
from typing import Any, SupportsIndex

from aiokafka import ConsumerRecord
from aiokafka.consumer import consumer, fetcher
from aiokafka.record._protocols import DefaultRecordBatchProtocol, DefaultRecordProtocol
from aiokafka.record.default_records import DefaultRecordBase, DefaultRecordBatch, _DefaultRecordBatchPy
from aiokafka.record.memory_records import _MemoryRecordsPy

from shared.events.headers import INFLATES
from shared.events.record import Record
from shared.events.topics import HEADROOM_BYTES, MEBIBYTE, TOPICS
from shared.kafka.decompression import Inflater

MOST_BATCH_BYTES = max(topic.max_bytes for topic in TOPICS) + HEADROOM_BYTES
"""The largest decompressed batch: Kafka's limit for uncompressed ones."""
MOST_TOLD_APART = 1000
"""How many records of a larger batch are refused one by one. The last of them represents the rest."""
PREFETCHED_BYTES = 8 * MEBIBYTE
"""Prefetching stops at this size. One more answer of Kafka may add as much again."""

LAST_MS = 253_402_300_799_999
"""The end of the year 9999 in milliseconds since 1970: the last time of `datetime`."""


def record_of(raw: ConsumerRecord[bytes, bytes]) -> Record:
    """The record. A header without a value gets an empty one, and its time is limited to valid ones."""
    headers = tuple(raw.headers)
    if None in dict(headers).values():
        headers = tuple((name, value or b"") for name, value in headers)
    timestamp = min(max(raw.timestamp, 0), LAST_MS)
    return Record(raw.topic, raw.partition, raw.offset, timestamp, raw.key, raw.value, headers)


class _Bytes(bytearray):
    """Bytes whose slices can always be decoded."""

    def __getitem__(self, at: SupportsIndex | slice) -> Any:  # noqa: ANN401  # a number, or bytes of this class
        found = super().__getitem__(at)
        return _Bytes(found) if isinstance(found, bytearray) else found

    def decode(self, encoding: str = "utf-8", _errors: str = "") -> str:
        return super().decode(encoding, "replace")


class _DecodingBatch(_DefaultRecordBatchPy):  # type: ignore[misc]  # aiokafka ships no types
    """A batch, read by the client's reader in pure Python, over bytes that can always be decoded."""

    _buffer: bytearray

    def _maybe_uncompress(self) -> None:
        super()._maybe_uncompress()
        self._buffer = _Bytes(self._buffer)


@dataclass(frozen=True, slots=True)
class _Unread:
    """A record of a batch that is not decompressed: its position, and why it is refused."""

    offset: int
    timestamp: int
    headers: Sequence[tuple[str, bytes]]
    timestamp_type: int = DefaultRecordBase.CREATE_TIME
    key: None = None
    value: None = None
    checksum: None = None


_inflater = Inflater(MOST_BATCH_BYTES)


def _read(raw: memoryview, batch: DefaultRecordBatchProtocol) -> DefaultRecordBatchProtocol | Iterator[_Unread]:
    """The records of a batch. A compressed batch is read from a decompressed copy, unless that would be too large."""
    header = DefaultRecordBase.HEADER_STRUCT
    codec = raw[DefaultRecordBase.ATTRIBUTES_OFFSET + 1] & DefaultRecordBase.CODEC_MASK
    if codec == DefaultRecordBase.CODEC_NONE:
        return batch
    inflated = _inflater.inflated(codec, bytes(raw[header.size :]))
    if inflated is None:
        return _unread(raw)
    plain = bytearray(raw[: header.size])
    plain[DefaultRecordBase.ATTRIBUTES_OFFSET + 1] &= ~DefaultRecordBase.CODEC_MASK
    return DefaultRecordBatch(b"".join((plain, inflated)))


def _unread(raw: memoryview) -> Iterator[_Unread]:
    base, *_, first_ms, _, _, _, _, count = DefaultRecordBase.HEADER_STRUCT.unpack_from(raw)
    words = (
        f"it lies in a batch of {count} records that has {len(raw)} bytes and, decompressed, more than the "
        f"{MOST_BATCH_BYTES} that a batch may have; send smaller batches"
    )
    for place in range(min(count, MOST_TOLD_APART)):
        rest = f"; {count - place - 1} records that follow are refused as well" if place == MOST_TOLD_APART - 1 else ""
        yield _Unread(base + place, first_ms, ((INFLATES, f"{words}{rest}".encode()),))


class _Batch:
    """A batch that reads all its records here, and otherwise behaves like the client's."""

    def __init__(self, batch: DefaultRecordBatchProtocol, raw: memoryview) -> None:
        self._batch = batch
        self._raw = raw
        self._records = self._read()

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  # as the client has it
        return getattr(self._batch, name)

    def __iter__(self) -> Iterator[DefaultRecordProtocol]:
        return self._records

    def __next__(self) -> DefaultRecordProtocol:
        """The next record. The client reads one at the end of a transaction, which says whether it was aborted."""
        return next(self._records)

    def _read(self) -> Iterator[DefaultRecordProtocol]:
        read = 0
        try:
            for record in _read(self._raw, self._batch):
                yield record
                read += 1
        except UnicodeDecodeError:
            yield from islice(_DecodingBatch(self._raw), read, None)


class _Fetched(_MemoryRecordsPy):  # type: ignore[misc]  # aiokafka ships no types
    """The fetched batches of one partition."""

    def next_batch(self) -> _Batch:
        raw = self._next_slice
        return _Batch(super().next_batch(), raw)


class ByteBudget:
    """How many bytes of values may still be returned."""

    def __init__(self, left: int) -> None:
        self.left = left


_room: ContextVar[ByteBudget | None] = ContextVar("room", default=None)


@contextmanager
def bytes_at_most(most: int) -> Iterator[ByteBudget]:
    """Within it, `getmany` returns about this many bytes in all: it ends with the record that exceeds them."""
    token = _room.set(room := ByteBudget(most))
    try:
        yield room
    finally:
        _room.reset(token)


class _Result(fetcher.FetchResult):  # type: ignore[misc]  # aiokafka ships no types
    """The fetched records of one partition, returned within the remaining room."""

    _partition_records: Any

    def getall(self, max_records: int | None = None) -> list[ConsumerRecord[bytes, bytes]]:
        room = _room.get()
        if room is None:
            return super().getall(max_records)  # type: ignore[no-any-return]
        records: list[ConsumerRecord[bytes, bytes]] = []
        if room.left <= 0 or not self.check_assignment(self._topic_partition) or not self.has_more():
            return records
        for record in self._partition_records:
            records.append(record)
            room.left -= len(record.value or b"")
            if room.left <= 0 or len(records) == max_records:
                self._update_position()
                return records
        self._update_position()
        self._partition_records = None
        return records

    @property
    def held_bytes(self) -> int:
        """Its size in memory, before decompression."""
        records = self._partition_records
        return 0 if records is None else records._records.size_in_bytes()  # noqa: SLF001


class _Fetcher(fetcher.Fetcher):  # type: ignore[misc]  # aiokafka ships no types
    """Prefetches within a limit, for any number of partitions."""

    def _get_actions_per_node(self, assignment: Any) -> tuple[Any, ...]:  # noqa: ANN401  # as the client has it
        requests, *others = super()._get_actions_per_node(assignment)
        held = sum(result.held_bytes for result in self._records.values() if isinstance(result, _Result))
        return (requests if held < PREFETCHED_BYTES else [], *others)


# the client has no parameter for them
fetcher.MemoryRecords = _Fetched
fetcher.FetchResult = _Result
consumer.Fetcher = _Fetcher

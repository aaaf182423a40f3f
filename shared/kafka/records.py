"""From what Kafka's client reads to the pipeline's records, whatever their headers are.

Kafka takes any bytes for a header's name, and none for its value. The client decodes names as it reads: over one that
is not UTF-8 it drops the records before it and stays at the same place for ever. So here a batch with such a name is
read once more by the client's own slower reader, with U+FFFD for what is not text; `shared.events.headers` refuses it.

The client also knows no bound in bytes. Here it takes a batch apart only if that is not larger, decompressed, than what
Kafka takes uncompressed; it hands out so many bytes at a time, and does not fetch ahead without end.
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
"""The largest batch, decompressed: what Kafka takes uncompressed."""
MOST_TOLD_APART = 1000
"""So many records of a batch that is larger are refused one by one; the last of them stands for the rest."""
PREFETCHED_BYTES = 8 * MEBIBYTE
"""With so much in hand, nothing more is fetched. One answer of Kafka's may bring as much again."""

LAST_MS = 253_402_300_799_999
"""The end of the year 9999, in milliseconds since 1970: after it `datetime` knows no time."""


def record_of(raw: ConsumerRecord[bytes, bytes]) -> Record:
    """A record as it was read; a header without a value has an empty one, and its time is one that can be told."""
    headers = tuple(raw.headers)
    if None in dict(headers).values():
        headers = tuple((name, value or b"") for name, value in headers)
    timestamp = min(max(raw.timestamp, 0), LAST_MS)
    return Record(raw.topic, raw.partition, raw.offset, timestamp, raw.key, raw.value, headers)


class _Bytes(bytearray):
    """Bytes whose slices decode whatever they are."""

    def __getitem__(self, at: SupportsIndex | slice) -> Any:  # noqa: ANN401  # a number, or bytes of this class
        found = super().__getitem__(at)
        return _Bytes(found) if isinstance(found, bytearray) else found

    def decode(self, encoding: str = "utf-8", _errors: str = "") -> str:
        return super().decode(encoding, "replace")


class _DecodingBatch(_DefaultRecordBatchPy):  # type: ignore[misc]  # aiokafka ships no types
    """A batch as the client reads it where nothing is compiled, over bytes that decode."""

    _buffer: bytearray

    def _maybe_uncompress(self) -> None:
        super()._maybe_uncompress()
        self._buffer = _Bytes(self._buffer)


@dataclass(frozen=True, slots=True)
class _Unread:
    """A record of a batch that is not decompressed: where it lies, and why it is refused."""

    offset: int
    timestamp: int
    headers: Sequence[tuple[str, bytes]]
    timestamp_type: int = DefaultRecordBase.CREATE_TIME
    key: None = None
    value: None = None
    checksum: None = None


_inflater = Inflater(MOST_BATCH_BYTES)


def _read(raw: memoryview, batch: DefaultRecordBatchProtocol) -> DefaultRecordBatchProtocol | Iterator[_Unread]:
    """The records of a batch; if they are compressed, from a copy that is not, unless that would be too large."""
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
        rest = f"; {count - place - 1} records that follow share its fate" if place == MOST_TOLD_APART - 1 else ""
        yield _Unread(base + place, first_ms, ((INFLATES, f"{words}{rest}".encode()),))


class _Batch:
    """A batch whose records are all read, in all else the client's."""

    def __init__(self, batch: DefaultRecordBatchProtocol, raw: memoryview) -> None:
        self._batch = batch
        self._raw = raw
        self._records = self._read()

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  # as the client has it
        return getattr(self._batch, name)

    def __iter__(self) -> Iterator[DefaultRecordProtocol]:
        return self._records

    def __next__(self) -> DefaultRecordProtocol:
        """The client asks for one where a transaction ends: it says whether what it wrote was taken back."""
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
    """What one fetch brought of one partition."""

    def next_batch(self) -> _Batch:
        raw = self._next_slice
        return _Batch(super().next_batch(), raw)


class Room:
    """How many bytes of values may still be handed out."""

    def __init__(self, left: int) -> None:
        self.left = left


_room: ContextVar[Room | None] = ContextVar("room", default=None)


@contextmanager
def bytes_at_most(most: int) -> Iterator[Room]:
    """Inside, `getmany` hands out about so many bytes in all: with the record that exceeds them, it ends."""
    token = _room.set(room := Room(most))
    try:
        yield room
    finally:
        _room.reset(token)


class _Result(fetcher.FetchResult):  # type: ignore[misc]  # aiokafka ships no types
    """What one fetch brought of one partition, handed out within the room that there is."""

    def getall(self, max_records: int | None = None) -> list[ConsumerRecord[bytes, bytes]]:
        room = _room.get()
        if room is None:
            return super().getall(max_records)  # type: ignore[no-any-return]
        records: list[ConsumerRecord[bytes, bytes]] = []
        while room.left > 0 and (max_records is None or len(records) < max_records):
            if not (one := super().getall(1)):
                break
            records += one
            room.left -= len(one[0].value or b"")
        return records

    @property
    def held_bytes(self) -> int:
        """What it occupies, before it is decompressed."""
        records = self._partition_records
        return 0 if records is None else records._records.size_in_bytes()  # noqa: SLF001


class _Fetcher(fetcher.Fetcher):  # type: ignore[misc]  # aiokafka ships no types
    """Fetches ahead within a bound, however many partitions it has."""

    def _get_actions_per_node(self, assignment: Any) -> tuple[Any, ...]:  # noqa: ANN401  # as the client has it
        requests, *others = super()._get_actions_per_node(assignment)
        held = sum(result.held_bytes for result in self._records.values() if isinstance(result, _Result))
        return (requests if held < PREFETCHED_BYTES else [], *others)


# the client has no place where they could be given
fetcher.MemoryRecords = _Fetched
fetcher.FetchResult = _Result
consumer.Fetcher = _Fetcher

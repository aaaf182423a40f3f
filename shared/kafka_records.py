"""From what Kafka's client reads to the pipeline's records, whatever their headers are.

Kafka takes any bytes for a header's name, and none for its value. The client decodes names as it reads: over one that
is not UTF-8 it drops the records before it and stays at the same place for ever. So here a batch with such a name is
read once more by the client's own slower reader, with U+FFFD for what is no text; `shared.wire` refuses the record.
"""

from collections.abc import Iterator
from itertools import islice
from typing import Any, SupportsIndex

from aiokafka import ConsumerRecord
from aiokafka.consumer import fetcher
from aiokafka.record._protocols import DefaultRecordBatchProtocol, DefaultRecordProtocol
from aiokafka.record.default_records import _DefaultRecordBatchPy
from aiokafka.record.memory_records import _MemoryRecordsPy

from shared.wire import Record

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
            for record in self._batch:
                yield record
                read += 1
        except UnicodeDecodeError:
            yield from islice(_DecodingBatch(self._raw), read, None)


class _Fetched(_MemoryRecordsPy):  # type: ignore[misc]  # aiokafka ships no types
    """What one fetch brought of one partition."""

    def next_batch(self) -> _Batch:
        raw = self._next_slice
        return _Batch(super().next_batch(), raw)


fetcher.MemoryRecords = _Fetched  # the client has no place where it could be given

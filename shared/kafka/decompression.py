"""Bounded decompression: it limits how large a compressed batch of Kafka may become.

Kafka's limits count compressed bytes, and its client decompresses a whole batch at once: a few kilobytes may become
gigabytes. Here a batch is decompressed into a buffer of limited size; a batch that does not fit is not decompressed.
"""

import gzip
import zlib
from collections.abc import Callable
from io import BytesIO
from mmap import MAP_ANONYMOUS, MAP_PRIVATE, mmap
from struct import unpack_from
from typing import Protocol

import cramjam
from aiokafka.codec import snappy_decode

XERIAL_MAGIC = b"\x82SNAPPY\x00"
XERIAL_HEADER_BYTES = 16


class _Codec(Protocol):
    """The common interface of cramjam's modules."""

    def decompress_into(self, data: bytes, output: mmap, /) -> int:
        """Decompress into `output`. It returns the number of bytes, and fails if there is no room for all."""


class Inflater:
    """Decompresses up to a maximum size."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        # pages that are never written take no memory; private, because processes with it are forked
        self._buffer = mmap(-1, most_bytes, flags=MAP_PRIVATE | MAP_ANONYMOUS)
        self._codecs: dict[int, Callable[[bytes], bytes | None]] = {
            1: self._gunzipped,
            2: self._unsnapped,
            3: lambda data: self._into_buffer(cramjam.lz4, data),
            4: lambda data: self._into_buffer(cramjam.zstd, data),
        }
        """The codecs, by their numbers in the attributes of a batch."""

    def inflated(self, codec: int, data: bytes) -> bytes | None:
        """The decompressed data; None if they are too large or cannot be decompressed."""
        return self._codecs[codec](data)

    def _into_buffer(self, codec: _Codec, data: bytes) -> bytes | None:
        try:
            return self._buffer[: codec.decompress_into(data, self._buffer)]
        except cramjam.DecompressionError:
            return None

    def _gunzipped(self, data: bytes) -> bytes | None:
        try:
            with gzip.GzipFile(fileobj=BytesIO(data)) as file:
                inflated = file.read(self._most_bytes + 1)
        except (OSError, EOFError, zlib.error):
            return None
        return inflated if len(inflated) <= self._most_bytes else None

    def _unsnapped(self, data: bytes) -> bytes | None:
        try:
            sizes = [cramjam.snappy.decompress_raw_len(block) for block in _snappy_blocks(data)]
            return snappy_decode(data) if sum(sizes) <= self._most_bytes else None
        except (cramjam.DecompressionError, ValueError):
            return None


def _snappy_blocks(data: bytes) -> list[bytes]:
    """The blocks of Snappy data: a single one, or several in xerial's frame, as Java clients send them."""
    if not data.startswith(XERIAL_MAGIC):
        return [data]
    blocks, place = [], XERIAL_HEADER_BYTES
    while place + 4 <= len(data):
        (size,) = unpack_from("!i", data, place)
        if size < 0:
            raise ValueError("a block of negative size")
        blocks.append(data[place + 4 : place + 4 + size])
        place += 4 + size
    return blocks

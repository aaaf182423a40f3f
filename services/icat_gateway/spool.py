"""Frames that were taken while Kafka is away, on this machine's disk, in order.

A folder of segments: append-only files of records, each with its length and CRC-32. A record counts once its segment
has been synced, many records a sync. Frames leave from the front; a segment is removed when all of it is confirmed, so
after a crash at most one segment is delivered again, which changes nothing. What a crash left half-written at the end
was never promised to anyone and is cut.
"""

import asyncio
import contextlib
import fcntl
import json
import logging
import os
import struct
import zlib
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from services.icat_gateway.ports import Taken
from services.icat_gateway.translation import Frame
from shared.foundation.errors import BeamcatError, Fatal

logger = logging.getLogger(__name__)

SEGMENT_BYTES = 4 * 1024 * 1024
HEADER = struct.Struct(">II")
"""A record's length and its CRC-32."""
SUFFIX = ".frames"
DAMAGED = ".damaged"


class SpoolFull(BeamcatError):
    """The spool has no room: the sockets are not read until some of it was delivered."""


@dataclass
class Segment:
    """One file: how much of it is synced, and how much of that is confirmed."""

    path: Path
    bytes: int = 0
    frames: int = 0
    read_bytes: int = 0
    read_frames: int = 0
    oldest: int = 0
    """`Taken.number` of its first frame."""


class Spool:
    """A folder that one process holds.

    All methods are called from one event loop; the disk's work is done beside it. One task appends, one delivers.
    """

    def __init__(self, folder: Path, most_bytes: int, segment_bytes: int = SEGMENT_BYTES) -> None:
        self.folder = folder
        self._most_bytes = most_bytes
        self._segment_bytes = segment_bytes
        self._segments: deque[Segment] = deque()
        self._file: BinaryIO | None = None
        self._lock: int | None = None
        self._appending = False
        self._head_end = 0
        """Where in its segment the batch ends that `head` gave last."""
        self._filled = asyncio.Event()

    def open(self) -> None:
        """Hold the folder, and find what an earlier life left in it.

        Raises:
            Fatal: the folder cannot be used, or another process holds it.
        """
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            found = [_recovered(path) for path in sorted(self.folder.glob(f"*{SUFFIX}"))]
        except BlockingIOError:
            raise Fatal(f"another process holds {self.folder}; give each icat_gateway a spool of its own") from None
        except OSError as error:
            raise Fatal(f"the spool {self.folder} cannot be used: {error}") from error
        self._segments.extend(segment for segment in found if segment is not None)
        self._tell()

    def close(self) -> None:
        """Let go of the folder; what waits in it goes on waiting."""
        self._end_segment()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    @property
    def frames(self) -> int:
        """How many frames wait."""
        return sum(segment.frames - segment.read_frames for segment in self._segments)

    @property
    def bytes(self) -> int:
        """What they occupy on the disk, what is delivered of the first segment included."""
        return sum(segment.bytes for segment in self._segments)

    @property
    def oldest(self) -> int | None:
        """`Taken.number` of the frame that waits longest, to within its segment."""
        return self._segments[0].oldest if self.frames else None

    async def append(self, batch: Sequence[Taken]) -> None:
        """Keep frames: on return they survive a power cut.

        Raises:
            SpoolFull: there is no room, by the bound or on the disk; none of them is kept.
        """
        data = b"".join(written_record(taken) for taken in batch)
        if self.bytes and self.bytes + len(data) > self._most_bytes:
            raise SpoolFull(f"the spool holds {self.bytes} of {self._most_bytes} bytes")
        self._appending = True
        try:
            segment, file = self._open_segment(batch[0].number)
            await asyncio.to_thread(_write_synced, file, data)
        except OSError as error:
            self._forget_unsynced()
            raise SpoolFull(f"the spool cannot be written: {error}") from error
        finally:
            self._appending = False
        segment.bytes += len(data)
        segment.frames += len(batch)
        if segment.bytes >= self._segment_bytes:
            self._end_segment()
        self._tell()

    async def head(self, most_frames: int, most_bytes: int) -> list[Taken]:
        """The frames at the front, at least one, once there are any."""
        await self._filled.wait()
        batch, self._head_end = await asyncio.to_thread(_read, self._segments[0], most_frames, most_bytes)
        return batch

    def confirm(self, batch: Sequence[Taken]) -> None:
        """The frames that `head` gave last are with Kafka: they leave."""
        segment = self._segments[0]
        segment.read_bytes = self._head_end
        segment.read_frames += len(batch)
        if segment.read_frames == segment.frames and not (self._appending and len(self._segments) == 1):
            if len(self._segments) == 1:
                self._end_segment()
            self._segments.popleft()
            segment.path.unlink()
        self._tell()

    def _tell(self) -> None:
        if self.frames:
            self._filled.set()
        else:
            self._filled.clear()

    def _open_segment(self, number: int) -> tuple[Segment, BinaryIO]:
        """The segment that is written to; a new one is only known once it has a synced frame."""
        if self._file is not None:
            return self._segments[-1], self._file
        segment = Segment(self.folder / f"{number:020}{SUFFIX}", oldest=number)
        self._file = segment.path.open("xb", buffering=0)
        self._segments.append(segment)
        _sync_folder(self.folder)
        return segment, self._file

    def _forget_unsynced(self) -> None:
        """After a failed write: nothing more goes into this segment, and what was not promised is cut."""
        self._end_segment()
        if not self._segments:
            return
        last = self._segments[-1]
        with contextlib.suppress(OSError):
            os.truncate(last.path, last.bytes)
        if last.read_frames == last.frames:
            self._segments.pop()
            with contextlib.suppress(OSError):
                last.path.unlink()

    def _end_segment(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


def written_record(taken: Taken) -> bytes:
    """A frame as the files of the spool hold it."""
    frame = taken.frame
    head = json.dumps([taken.number, frame.queue, frame.peer, dict(frame.headers)]).encode()
    payload = b"%b\n%b" % (head, frame.body)
    return HEADER.pack(len(payload), zlib.crc32(payload)) + payload


def _taken(payload: bytes) -> Taken:
    head, _, body = payload.partition(b"\n")
    number, queue, peer, headers = json.loads(head)
    return Taken(Frame(queue, body, peer, headers), number)


def _payloads(file: BinaryIO, end: int) -> Iterator[bytes]:
    """The payloads from the file's position on, as far as they are whole."""
    while file.tell() + HEADER.size <= end:
        length, crc = HEADER.unpack(file.read(HEADER.size))
        if file.tell() + length > end:
            return
        payload = file.read(length)
        if zlib.crc32(payload) != crc:
            return
        yield payload


def _read(segment: Segment, most_frames: int, most_bytes: int) -> tuple[list[Taken], int]:
    batch: list[Taken] = []
    size, end = 0, segment.read_bytes
    with segment.path.open("rb") as file:
        file.seek(segment.read_bytes)
        for payload in _payloads(file, segment.bytes):
            size += len(payload)
            if batch and (size > most_bytes or len(batch) == most_frames):
                break
            batch.append(_taken(payload))
            end += HEADER.size + len(payload)
    return batch, end


def _recovered(path: Path) -> Segment | None:
    """What is whole of a segment; the rest is put aside under another name, for it may hold more than a torn frame."""
    segment = Segment(path, oldest=int(path.stem))
    size = path.stat().st_size
    with path.open("r+b") as file:
        for payload in _payloads(file, size):
            segment.bytes += HEADER.size + len(payload)
            segment.frames += 1
        if segment.bytes < size:
            file.seek(segment.bytes)
            path.with_suffix(DAMAGED).write_bytes(file.read())
            file.truncate(segment.bytes)
            os.fsync(file.fileno())
            logger.warning(
                "%s: %d bytes after %d whole frames are none; they were cut, and lie in %s",
                *(path, size - segment.bytes, segment.frames, path.with_suffix(DAMAGED).name),
            )
    if segment.frames == 0:
        path.unlink()
        return None
    return segment


def _write_synced(file: BinaryIO, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[file.write(view) :]
    os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

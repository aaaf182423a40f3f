"""The spool: accepted frames on the local disk, in order, until Kafka has them.

It is a folder of segments: append-only files of records, each with its length and CRC-32. A record counts once its
segment has been synced; one sync covers many records. Frames leave at the front. A segment is removed when all of it is
confirmed, so at most one segment is delivered again after a crash, which changes nothing. A record that a crash left
half-written at the end was never confirmed to a client and is cut off.
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
    """The spool is full: no socket is read until some of its frames are delivered."""


@dataclass
class Segment:
    """One file, with the number of bytes that are synced and of those that are confirmed."""

    path: Path
    bytes: int = 0
    frames: int = 0
    read_bytes: int = 0
    read_frames: int = 0
    oldest: int = 0
    """`Taken.number` of its first frame."""


class Spool:
    """A folder of frames that one process holds.

    All methods are called from one event loop; disk access runs in threads. One task appends, one task delivers.
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
        """The end of the last batch that `head` returned, as a position in its segment."""
        self._filled = asyncio.Event()

    def open(self) -> None:
        """Lock the folder, and find the frames that an earlier process left in it.

        Raises:
            Fatal: the folder cannot be used, or another process holds it.
        """
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            found = [_recovered(path) for path in sorted(self.folder.glob(f"*{SUFFIX}"))]
        except BlockingIOError:
            raise Fatal(f"another process holds {self.folder}; give each icat_gateway its own spool") from None
        except OSError as error:
            raise Fatal(f"the spool {self.folder} cannot be used: {error}") from error
        self._segments.extend(segment for segment in found if segment is not None)
        self._signal_filled()

    def close(self) -> None:
        """Unlock the folder. The frames in it stay there."""
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
        """The size on disk. It includes the delivered frames of the first segment."""
        return sum(segment.bytes for segment in self._segments)

    @property
    def oldest(self) -> int | None:
        """`Taken.number` of the first frame in the oldest segment: about that of the longest-waiting frame."""
        return self._segments[0].oldest if self.frames else None

    async def append(self, batch: Sequence[Taken]) -> None:
        """Store frames. On return they survive a power cut.

        Raises:
            SpoolFull: the bound is reached or the disk is full; none of the frames is stored.
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
        self._signal_filled()

    async def head(self, most_frames: int, most_bytes: int) -> list[Taken]:
        """The frames at the front. It waits until there is at least one."""
        await self._filled.wait()
        batch, self._head_end = await asyncio.to_thread(_read, self._segments[0], most_frames, most_bytes)
        return batch

    def confirm(self, batch: Sequence[Taken]) -> None:
        """Remove the frames that `head` returned last: Kafka has them."""
        segment = self._segments[0]
        segment.read_bytes = self._head_end
        segment.read_frames += len(batch)
        if segment.read_frames == segment.frames and not (self._appending and len(self._segments) == 1):
            if len(self._segments) == 1:
                self._end_segment()
            self._segments.popleft()
            segment.path.unlink()
        self._signal_filled()

    def _signal_filled(self) -> None:
        if self.frames:
            self._filled.set()
        else:
            self._filled.clear()

    def _open_segment(self, number: int) -> tuple[Segment, BinaryIO]:
        """The segment to write to. A new one is listed only once it has a synced frame."""
        if self._file is not None:
            return self._segments[-1], self._file
        segment = Segment(self.folder / f"{number:020}{SUFFIX}", oldest=number)
        self._file = segment.path.open("xb", buffering=0)
        self._segments.append(segment)
        _sync_folder(self.folder)
        return segment, self._file

    def _forget_unsynced(self) -> None:
        """End this segment after a failed write, and cut off the records that were not confirmed to a client."""
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
    """A frame in the format of the spool's files."""
    frame = taken.frame
    head = json.dumps([taken.number, frame.queue, frame.peer, dict(frame.headers)]).encode()
    payload = b"%b\n%b" % (head, frame.body)
    return HEADER.pack(len(payload), zlib.crc32(payload)) + payload


def _taken(payload: bytes) -> Taken:
    head, _, body = payload.partition(b"\n")
    number, queue, peer, headers = json.loads(head)
    return Taken(Frame(queue, body, peer, headers), number)


def _payloads(file: BinaryIO, end: int) -> Iterator[bytes]:
    """The payloads from the file's position onwards, up to the first incomplete one."""
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
    """The complete part of a segment. The rest moves to another file, since it may hold more than one torn frame."""
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
                "%s: the %d bytes after %d complete frames are not a frame; they were moved to %s",
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

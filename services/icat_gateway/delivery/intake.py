"""The queue between the connections and the delivery. Its size in bytes is bounded."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from services.icat_gateway.ports import LARGE_BYTES, Taken
from shared.runtime.metrics import ICAT_WAITING_BYTES


@dataclass(frozen=True, slots=True)
class WaitingFrame:
    """A frame that was read and is not durable yet."""

    taken: Taken
    durable: Callable[[], None]
    """Called once the frame is durable."""


class Lane:
    """Room for frames of one size class. They enter in the order of their arrival."""

    def __init__(self, most_bytes: int) -> None:
        self.bytes = 0
        self._most_bytes = most_bytes
        self.door = asyncio.Lock()
        """Held by the next frame: otherwise smaller frames could overtake a bigger one for ever."""

    def has_room(self, size: int) -> bool:
        """Whether this many more bytes fit. A frame that is larger than the lane is alone in it."""
        return self.bytes == 0 or self.bytes + size <= self._most_bytes


class Intake:
    """The frames of all connections in the order of their arrival. Each counts until it is durable.

    An eighth of the room is reserved for small frames, so that they never wait behind large ones.
    """

    def __init__(self, most_bytes: int) -> None:
        self._small = Lane(most_bytes // 8)
        self._large = Lane(most_bytes - most_bytes // 8)
        self._waiting: deque[WaitingFrame] = deque()
        self._changed = asyncio.Condition()

    @property
    def bytes(self) -> int:
        """Bytes that were read and are not durable yet."""
        return self._small.bytes + self._large.bytes

    @property
    def frames(self) -> int:
        """How many frames wait to be taken from here."""
        return len(self._waiting)

    async def put(self, waiting: WaitingFrame) -> None:
        """Add a frame once there is room. A connection that waits here does not read from its socket."""
        lane, size = self._lane(waiting), waiting.taken.size
        async with lane.door, self._changed:
            await self._changed.wait_for(lambda: lane.has_room(size))
            self._waiting.append(waiting)
            lane.bytes += size
            self._notify()

    async def batch(self, most_frames: int, most_bytes: int) -> list[WaitingFrame]:
        """The waiting frames, at least one. They count until they are settled."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._waiting)
            batch = [self._waiting.popleft()]
            size = batch[0].taken.size
            while self._waiting and len(batch) < most_frames and size + self._waiting[0].taken.size <= most_bytes:
                batch.append(self._waiting.popleft())
                size += batch[-1].taken.size
            return batch

    async def settle(self, batch: Sequence[WaitingFrame]) -> None:
        """Tell the clients that these frames are durable, and free their room."""
        async with self._changed:
            for waiting in batch:
                self._lane(waiting).bytes -= waiting.taken.size
            self._notify()
        for waiting in batch:
            waiting.durable()

    def _lane(self, waiting: WaitingFrame) -> Lane:
        return self._large if waiting.taken.size > LARGE_BYTES else self._small

    def _notify(self) -> None:
        self._changed.notify_all()
        ICAT_WAITING_BYTES.set(self.bytes)

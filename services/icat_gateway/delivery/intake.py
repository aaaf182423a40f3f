"""Between the connections and what makes frames durable: a queue that is bounded by what it holds."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from services.icat_gateway.ports import LARGE_BYTES, Taken
from shared.runtime.metrics import ICAT_WAITING_BYTES


@dataclass(frozen=True, slots=True)
class Waiting:
    """A frame that was read and is not durable yet."""

    taken: Taken
    durable: Callable[[], None]
    """Called once it is."""


class Lane:
    """Room for frames of one size, filled in the order in which they come."""

    def __init__(self, most_bytes: int) -> None:
        self.bytes = 0
        self._most_bytes = most_bytes
        self.door = asyncio.Lock()
        """Held by whoever is next: frames must not pass a bigger one for ever."""

    def has_room(self, size: int) -> bool:
        """Whether so many more bytes fit; a frame that is larger than the lane has it for itself."""
        return self.bytes == 0 or self.bytes + size <= self._most_bytes


class Intake:
    """Frames from all connections, in the order of their arrival; each counts until it is durable.

    An eighth of the room is kept for small frames, so that they never wait for room behind large ones.
    """

    def __init__(self, most_bytes: int) -> None:
        self._small = Lane(most_bytes // 8)
        self._large = Lane(most_bytes - most_bytes // 8)
        self._waiting: deque[Waiting] = deque()
        self._changed = asyncio.Condition()

    @property
    def bytes(self) -> int:
        """What was read and is not durable yet."""
        return self._small.bytes + self._large.bytes

    @property
    def frames(self) -> int:
        """How many frames wait until they are taken from here."""
        return len(self._waiting)

    async def put(self, waiting: Waiting) -> None:
        """Return once there is room: whoever waits here reads nothing more from its socket."""
        lane, size = self._lane(waiting), waiting.taken.size
        async with lane.door, self._changed:
            await self._changed.wait_for(lambda: lane.has_room(size))
            self._waiting.append(waiting)
            lane.bytes += size
            self._tell()

    async def batch(self, most_frames: int, most_bytes: int) -> list[Waiting]:
        """What waits, at least one frame, once there is one; it still counts until it is settled."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._waiting)
            batch = [self._waiting.popleft()]
            size = batch[0].taken.size
            while self._waiting and len(batch) < most_frames and size + self._waiting[0].taken.size <= most_bytes:
                batch.append(self._waiting.popleft())
                size += batch[-1].taken.size
            return batch

    async def settle(self, batch: Sequence[Waiting]) -> None:
        """These are durable: their clients are told, and there is room for others."""
        async with self._changed:
            for waiting in batch:
                self._lane(waiting).bytes -= waiting.taken.size
            self._tell()
        for waiting in batch:
            waiting.durable()

    def _lane(self, waiting: Waiting) -> Lane:
        return self._large if waiting.taken.size > LARGE_BYTES else self._small

    def _tell(self) -> None:
        self._changed.notify_all()
        ICAT_WAITING_BYTES.set(self.bytes)

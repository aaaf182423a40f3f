"""Between the connections and what makes frames durable: a queue that is bounded by what it holds."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from services.icat_gateway.ports import Taken
from shared.metrics import ICAT_WAITING_BYTES


@dataclass(frozen=True, slots=True)
class Waiting:
    """A frame that was read and is not durable yet."""

    taken: Taken
    durable: Callable[[], None]
    """Called once it is."""


class Intake:
    """Frames from all connections, in the order of their arrival; each counts until it is durable."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._bytes = 0
        self._waiting: deque[Waiting] = deque()
        self._changed = asyncio.Condition()
        self._door = asyncio.Lock()

    async def put(self, waiting: Waiting) -> None:
        """Return once there is room: whoever waits here reads nothing more from its socket."""
        async with self._door, self._changed:  # one after the other: small frames must not pass a big one for ever
            await self._changed.wait_for(
                lambda: self._bytes == 0 or self._bytes + waiting.taken.size <= self._most_bytes
            )
            self._waiting.append(waiting)
            self._count(waiting.taken.size)
            self._changed.notify_all()

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
            self._count(-sum(waiting.taken.size for waiting in batch))
            self._changed.notify_all()
        for waiting in batch:
            waiting.durable()

    def _count(self, more: int) -> None:
        self._bytes += more
        ICAT_WAITING_BYTES.set(self._bytes)

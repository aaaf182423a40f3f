"""The few permits for large frames: shared fairly between addresses, and held only while the frame comes in."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Protocol

LOOKS = 8
"""How often a sender that waits looks whether it has waited for long enough, until it has."""


class Sender(Protocol):
    """A connection that sends a large frame."""

    address: str

    @property
    def gone(self) -> bool:
        """Whether nothing more comes from it."""

    @property
    def received_bytes(self) -> int:
        """What came from it so far."""

    def give_up(self, why: str) -> None:
        """End the frame, and with it the connection; it gives its permit back."""


@dataclass(eq=False)
class Request:
    """One sender's wish for a permit, and then the permit."""

    sender: Sender
    since: float
    """When it began to wait; once it is granted, when it was."""
    received_bytes: int = 0
    """What had come when it was granted."""
    granted: asyncio.Event = field(default_factory=asyncio.Event)
    complete: bool = False
    """Whether the frame is here: what it still waits for is ours."""


class LargeFrames:
    """Permits for senders of large frames.

    An address holds at most half of them. Of those that wait, the address that holds the fewest is next, then the one
    that was served longest ago. If it has waited for `fair_seconds`, the slowest sender of the fullest address gives
    up, provided that it has had its permit for as long. So a newcomer never waits for those that stall.
    """

    def __init__(self, most: int, fair_seconds: float, clock: Callable[[], float]) -> None:
        self._most = most
        self._fair_seconds = fair_seconds
        self._most_of_an_address = max(1, most // 2)
        self._clock = clock
        self._held: list[Request] = []
        self._waiting: list[Request] = []
        self._turn = count(1)
        self._served: dict[str, int] = {}
        """The last turn of each address that waits or holds."""

    @property
    def held(self) -> int:
        """How many permits are granted."""
        return len(self._held)

    @property
    def waiting(self) -> int:
        """How many senders wait for a permit."""
        return len(self._waiting)

    async def acquire(self, sender: Sender) -> Request:
        """Return once the sender may go on.

        Raises:
            ConnectionError: the sender has gone meanwhile.
        """
        request = Request(sender, self._clock())
        self._waiting.append(request)
        self._grant()
        try:
            await self._granted(request)
        except BaseException:
            self.release(request)
            raise
        return request

    async def _granted(self, request: Request) -> None:
        while not request.granted.is_set():
            if request.sender.gone:
                raise ConnectionError("it has gone while it waited to send a large frame")
            if request is self._next():
                self._make_fair(request)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._fair_seconds / LOOKS):
                    await request.granted.wait()

    def release(self, request: Request) -> None:
        """Give the permit back, or wait no longer for one."""
        for requests in (self._held, self._waiting):
            if request in requests:
                requests.remove(request)
        known = {each.sender.address for each in (*self._held, *self._waiting)}
        self._served = {address: turn for address, turn in self._served.items() if address in known}
        self._grant()

    def _grant(self) -> None:
        while len(self._held) < self._most and (request := self._next()) is not None:
            self._waiting.remove(request)
            self._held.append(request)
            self._served[request.sender.address] = next(self._turn)
            request.since, request.received_bytes = self._clock(), request.sender.received_bytes
            request.granted.set()

    def _next(self) -> Request | None:
        loads = self._loads()
        able = [request for request in self._waiting if loads[request.sender.address] < self._most_of_an_address]
        return min(able, key=lambda request: self._rank(request.sender.address, loads), default=None)

    def _rank(self, address: str, loads: Counter[str]) -> tuple[int, int]:
        return loads[address], self._served.get(address, 0)

    def _make_fair(self, request: Request) -> None:
        """Make the slowest of the fullest address give up, if this one has waited long enough for its share."""
        now, loads = self._clock(), self._loads()
        own, fullest = loads[request.sender.address], max(loads.values(), default=0)
        if now - request.since < self._fair_seconds or 0 < own >= fullest - 1:
            return
        able = [
            held
            for held in self._held
            if loads[held.sender.address] == fullest and not held.complete and now - held.since >= self._fair_seconds
        ]
        slowest = min(able, key=lambda held: _pace(held, now), default=None)
        if slowest is not None and not slowest.sender.gone:
            slowest.sender.give_up(
                f"{len(self._held)} large frames are under way, and this one came in at {_pace(slowest, now):.0f} "
                "bytes a second: it is ended so that another address gets its turn; send it again"
            )

    def _loads(self) -> Counter[str]:
        return Counter(request.sender.address for request in self._held)


def _pace(request: Request, now: float) -> float:
    return (request.sender.received_bytes - request.received_bytes) / max(now - request.since, 1e-3)

"""The permits for large frames: few, shared fairly between addresses, and held only while the frame arrives."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Protocol

LOOKS = 8
"""How often a waiting sender checks whether it has waited for long enough."""


class FrameSender(Protocol):
    """A connection that sends a large frame."""

    address: str

    @property
    def gone(self) -> bool:
        """Whether it has stopped sending."""

    @property
    def received_bytes(self) -> int:
        """How many bytes it has sent so far."""

    def give_up(self, why: str) -> None:
        """End the frame, and with it the connection. The sender returns its permit."""


@dataclass(eq=False)
class PermitRequest:
    """A sender's request for a permit. Once granted, it is the permit."""

    sender: FrameSender
    since: float
    """When it began to wait or, once it is granted, when it was granted."""
    received_bytes: int = 0
    """How many bytes its sender had sent when it was granted."""
    granted: asyncio.Event = field(default_factory=asyncio.Event)
    complete: bool = False
    """Whether the frame has arrived: from then on it waits for the server, not for its sender."""


class LargeFrames:
    """Permits for senders of large frames.

    An address holds at most half of the permits. The next permit goes to the waiting address that holds the fewest,
    then to the one that was served longest ago. After it has waited for `fair_seconds`, the slowest sender of the
    address with the most permits gives up, if it has had its permit for at least as long. So a new client never waits
    for clients that stall.
    """

    def __init__(self, most: int, fair_seconds: float, clock: Callable[[], float]) -> None:
        self._most = most
        self._fair_seconds = fair_seconds
        self._most_of_an_address = max(1, most // 2)
        self._clock = clock
        self._held: list[PermitRequest] = []
        self._waiting: list[PermitRequest] = []
        self._turn = count(1)
        self._served: dict[str, int] = {}
        """The last turn of each address that waits for a permit or holds one."""

    @property
    def held(self) -> int:
        """How many permits are granted."""
        return len(self._held)

    @property
    def waiting(self) -> int:
        """How many senders wait for a permit."""
        return len(self._waiting)

    async def acquire(self, sender: FrameSender) -> PermitRequest:
        """Wait until the sender has a permit.

        Raises:
            ConnectionError: the sender has left meanwhile.
        """
        request = PermitRequest(sender, self._clock())
        self._waiting.append(request)
        self._grant()
        try:
            await self._granted(request)
        except BaseException:
            self.release(request)
            raise
        return request

    async def _granted(self, request: PermitRequest) -> None:
        while not request.granted.is_set():
            if request.sender.gone:
                raise ConnectionError("the client left while it waited to send a large frame")
            if request is self._next():
                self._make_fair(request)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._fair_seconds / LOOKS):
                    await request.granted.wait()

    def release(self, request: PermitRequest) -> None:
        """Return the permit, or stop waiting for one."""
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

    def _next(self) -> PermitRequest | None:
        loads = self._loads()
        able = [request for request in self._waiting if loads[request.sender.address] < self._most_of_an_address]
        return min(able, key=lambda request: self._rank(request.sender.address, loads), default=None)

    def _rank(self, address: str, loads: Counter[str]) -> tuple[int, int]:
        return loads[address], self._served.get(address, 0)

    def _make_fair(self, request: PermitRequest) -> None:
        """Make the slowest sender of the address with the most permits give up, once this one has waited enough."""
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
                f"{len(self._held)} large frames are arriving, and this one arrives at {_pace(slowest, now):.0f} "
                "bytes a second: it is ended so that another address gets its turn; send it again"
            )

    def _loads(self) -> Counter[str]:
        return Counter(request.sender.address for request in self._held)


def _pace(request: PermitRequest, now: float) -> float:
    return (request.sender.received_bytes - request.received_bytes) / max(now - request.since, 1e-3)

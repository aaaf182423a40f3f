"""Turns: the limit of concurrent queries of one kind, and the order of those that wait.

A service answers queries beside its other work. One client never holds all turns for costly queries, and the client
with the fewest turns is next. So a query of another client waits for at most one turn.
"""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from starlette.types import ASGIApp, Receive, Scope, Send

from shared.foundation.problem import AWAY, Problem
from shared.runtime.metrics import QUESTIONS_REFUSED

MOST_WAIT_SECONDS = 5.0
"""How long a query waits for its turn."""
MOST_STREAM_WAIT_SECONDS = 60.0
"""How long a further query waits if its request has already had a turn: its answer may be half sent."""
MOST_WAITING_EACH = 100
"""The most waiting queries of one client."""
MOST_WAITING = 1000
"""The most waiting queries."""
TOO_MANY = 429


@dataclass
class Asker:
    """The client of a request, while the request is answered."""

    address: str
    had_a_turn: bool = False


_asker: ContextVar[Asker] = ContextVar("asker")


class KnowAskers:
    """ASGI middleware that records the client's address of a request."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "http":
            client = scope.get("client")
            _asker.set(Asker(client[0] if client else ""))
        await self._app(scope, receive, send)


class Turns:
    """The turns of one kind of query, by address."""

    def __init__(self, kind: str, most: int, most_each: int) -> None:
        self.kind = kind
        self._most = most
        self._most_each = most_each
        self._running: Counter[str] = Counter()
        self._waiting: list[tuple[str, asyncio.Future[None]]] = []

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for a turn, and hold it.

        Raises:
            Problem: 429 if the client's own queries use its share, 503 if queries of others use all turns.
        """
        asker = _asker.get(None) or Asker("")
        waiting_of_asker = sum(address == asker.address for address, _ in self._waiting)
        if waiting_of_asker >= MOST_WAITING_EACH or len(self._waiting) >= MOST_WAITING:
            raise self._refusal(asker)
        with self._heard(asker.address) as called:
            try:
                async with asyncio.timeout(MOST_STREAM_WAIT_SECONDS if asker.had_a_turn else MOST_WAIT_SECONDS):
                    await called
            except TimeoutError:
                raise self._refusal(asker) from None
            asker.had_a_turn = True
            yield

    @contextlib.contextmanager
    def _heard(self, address: str) -> Iterator[asyncio.Future[None]]:
        """Wait in the queue. At the end, leave the queue or return the turn."""
        called: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        place = (address, called)
        self._waiting.append(place)
        self._call()
        try:
            yield called
        finally:
            if place in self._waiting:
                self._waiting.remove(place)
            else:
                self._running[address] -= 1
                self._running += Counter()  # removes addresses without queries
                self._call()

    def _call(self) -> None:
        """Give free turns to the address that holds the fewest, then to the query that has waited longest."""
        while self._running.total() < self._most:
            able = [place for place in self._waiting if self._running[place[0]] < self._most_each]
            if not able:
                return
            place = min(able, key=lambda each: self._running[each[0]])
            self._waiting.remove(place)
            self._running[place[0]] += 1
            if not place[1].done():
                place[1].set_result(None)

    def _refusal(self, asker: Asker) -> Problem:
        if self._running[asker.address] >= self._most_each:
            QUESTIONS_REFUSED.labels(self.kind, "asker").inc()
            words = f"{self._most_each} of your {self.kind} queries are being answered, and more wait"
            return Problem(TOO_MANY, f"{words}; send them one after the other", retry_after_seconds=1)
        QUESTIONS_REFUSED.labels(self.kind, "busy").inc()
        words = f"{self._most} {self.kind} queries are being answered, which is the limit"
        return Problem(AWAY, f"{words}; try again", retry_after_seconds=1)

"""Turns: how many questions of one kind are answered at the same time, and whose is next.

A service answers questions beside its work. One asker never holds every turn for what is costly, and who has the fewest
is next, so that a neighbour's question waits for one turn at most.
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

PATIENCE_SECONDS = 5.0
"""How long a question waits for its turn."""
STREAM_PATIENCE_SECONDS = 60.0
"""How long a further question of a request waits that has had a turn: its answer may be half sent."""
MOST_WAITING_EACH = 100
"""Questions of one asker that wait."""
MOST_WAITING = 1000
"""Questions that wait."""
TOO_MANY = 429


@dataclass
class Asker:
    """Who asks, while one request is answered."""

    address: str
    had_a_turn: bool = False


_asker: ContextVar[Asker] = ContextVar("asker")


class KnowAskers:
    """ASGI middleware that notes from which address a request came."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "http":
            client = scope.get("client")
            _asker.set(Asker(client[0] if client else ""))
        await self._app(scope, receive, send)


class Turns:
    """The turns of one kind of question, by address."""

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
            Problem: 429 where the asker's own questions take what one asker may have, 503 where those of others do.
        """
        asker = _asker.get(None) or Asker("")
        waiting_of_asker = sum(address == asker.address for address, _ in self._waiting)
        if waiting_of_asker >= MOST_WAITING_EACH or len(self._waiting) >= MOST_WAITING:
            raise self._refusal(asker)
        with self._heard(asker.address) as called:
            try:
                async with asyncio.timeout(STREAM_PATIENCE_SECONDS if asker.had_a_turn else PATIENCE_SECONDS):
                    await called
            except TimeoutError:
                raise self._refusal(asker) from None
            asker.had_a_turn = True
            yield

    @contextlib.contextmanager
    def _heard(self, address: str) -> Iterator[asyncio.Future[None]]:
        """Stand in the line; leave it, or give the turn back, at the end."""
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
                self._running += Counter()  # forgets whom nothing is left of
                self._call()

    def _call(self) -> None:
        """Give free turns away: to the address that holds the fewest, then to who has waited longest."""
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
            words = f"{self._most_each} {self.kind} questions of yours are being answered, and more wait"
            return Problem(TOO_MANY, f"{words}; ask one after the other", retry_after_seconds=1)
        QUESTIONS_REFUSED.labels(self.kind, "busy").inc()
        words = f"{self._most} {self.kind} questions are being answered, as many as may be at the same time"
        return Problem(AWAY, f"{words}; ask again", retry_after_seconds=1)

"""The timer that gives up submissions which have waited past their deadline, and hands them to the relay."""

from collections.abc import Callable
from datetime import datetime

from services.linker.held.ports import MOST_AT_ONCE, LinkStore
from shared.runtime.backoff import Backoff
from shared.runtime.metrics import HELD, LONGEST_HELD
from shared.runtime.retries import every
from shared.stages.relay import Relay

NAME = "linker-deadlines"
TICK_SECONDS = 1.0
TICKS_BETWEEN_CHECKS = 60
"""How many ticks pass between two checks for overlooked submissions. The first tick checks."""


class Deadlines:
    """A timer that ticks once a second, in any number of replicas. A row expires only once."""

    def __init__(self, links: LinkStore, relay: Relay, backoff: Backoff, clock: Callable[[], datetime]) -> None:
        self._links = links
        self._relay = relay
        self._backoff = backoff
        self._clock = clock
        self._ticks = 0

    async def run(self) -> None:
        """Tick until the service stops."""
        await every(TICK_SECONDS, NAME, self.tick, self._backoff)

    async def tick(self) -> None:
        """Expire what is late, and measure how much waits and for how long."""
        now = self._clock()
        if self._ticks % TICKS_BETWEEN_CHECKS == 0 and await self._links.release_overlooked():
            self._relay.wake()
        self._ticks += 1
        while expired := await self._links.expire(now):
            self._relay.wake()
            if expired < MOST_AT_ONCE:
                break
        waiting = await self._links.waiting()
        HELD.set(waiting.datasets)
        LONGEST_HELD.set((now - waiting.since).total_seconds() if waiting.since else 0)

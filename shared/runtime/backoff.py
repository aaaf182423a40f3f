"""Waits between attempts."""

import asyncio
import logging
import random
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from shared.foundation.errors import BeamcatError

logger = logging.getLogger(__name__)

FIRST_SECONDS = 0.1
LONGEST_SECONDS = 15.0


class Stopping(BeamcatError):
    """The service stops. What it was trying is left for the next run."""


def delay_seconds(attempt: int, chance: float) -> float:
    """The wait before attempt + 1, in seconds: doubling, capped, with full jitter (`chance` is in [0, 1))."""
    ceiling: float = min(LONGEST_SECONDS, FIRST_SECONDS * 2 ** min(attempt, 20))
    return ceiling * (0.5 + chance / 2)


@dataclass(frozen=True)
class Trouble:
    """The newest error of repeated failures, and when the first one occurred, by a monotonic clock."""

    since: float
    error: Exception


class Backoff:
    """Waits between attempts, and only gives up when the service stops."""

    def __init__(
        self, chance: Callable[[], float] = random.random, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._chance = chance
        self._monotonic = monotonic
        self._stopping = asyncio.Event()
        self._troubles: dict[str, Trouble] = {}

    def stop(self) -> None:
        """End every wait, now and later."""
        self._stopping.set()

    @property
    def stopping(self) -> bool:
        """Whether the service is stopping."""
        return self._stopping.is_set()

    async def sleep(self, seconds: float) -> None:
        """Wait, but no longer than until the service stops.

        Raises:
            Stopping: the service stops.
        """
        try:
            await asyncio.wait_for(self._stopping.wait(), seconds)
        except TimeoutError:
            return
        raise Stopping

    async def unless_stopped(self, work: Coroutine[Any, Any, None]) -> None:
        """Run work that may take for ever, but no longer than until the service stops.

        Raises:
            Stopping: the service stops; the work was cancelled.
        """
        working, stopping = asyncio.create_task(work), asyncio.create_task(self._stopping.wait())
        await asyncio.wait([working, stopping], return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if not working.done():
            working.cancel()
            await asyncio.wait([working])
            raise Stopping
        working.result()

    async def wait(self, attempt: int, who: str, error: Exception) -> None:
        """Wait before the next attempt, and log why.

        Raises:
            Stopping: the service stops.
        """
        seconds = delay_seconds(attempt, self._chance())
        logger.warning(
            "%s: attempt %d failed, next in %.1f s: %s: %s", who, attempt, seconds, type(error).__name__, error
        )
        await self.sleep(seconds)

    def failed(self, who: str, error: Exception) -> None:
        """Note that an attempt failed: the trouble begins or continues."""
        since = self._troubles[who].since if who in self._troubles else self._monotonic()
        self._troubles[who] = Trouble(since, error)

    def succeeded(self, who: str) -> None:
        """Note that an attempt succeeded: the trouble is over."""
        self._troubles.pop(who, None)

    def troubles(self, longer_than_seconds: float) -> dict[str, Exception]:
        """The names that have failed for this long without success, and the newest error of each."""
        now = self._monotonic()
        return {
            who: trouble.error for who, trouble in self._troubles.items() if now - trouble.since > longer_than_seconds
        }

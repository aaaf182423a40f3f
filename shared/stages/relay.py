"""From an outbox table to Kafka: what a transaction promised to say is said, in order, at least once."""

import asyncio
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from shared.events.record import Message
from shared.kafka.publisher import Publisher
from shared.runtime.backoff import Backoff, Stopping
from shared.runtime.failpoints import failpoint
from shared.runtime.metrics import RELAYED, begin
from shared.runtime.retries import until_done

MOST_MESSAGES = 1000
POLL_SECONDS = 0.5


class Outbox(Protocol):
    """Messages that transactions left to be published."""

    def take(self, most: int) -> AbstractAsyncContextManager[Sequence[Message]]:
        """The oldest messages, locked against all other replicas, so that one dataset's events keep their order.

        Leaving without an error forgets them for good; an error leaves them for the next attempt. Empty if there are
        none, or if another replica is at work. A replica that is stopped loses the lock within seconds, and what it
        publishes when it wakes was published before: a consumer that heard it twice changes nothing.
        """


class Relay:
    """Drains an outbox as soon as it is woken, and looks by itself for what another process left."""

    def __init__(self, name: str, outbox: Outbox, publisher: Publisher, backoff: Backoff) -> None:
        self.name = name
        self._outbox = outbox
        self._publisher = publisher
        self._backoff = backoff
        self._woken = asyncio.Event()
        begin(RELAYED, [name])

    def wake(self) -> None:
        """There is something to send."""
        self._woken.set()

    async def run(self) -> None:
        """Relay until the service stops."""
        while not self._backoff.stopping:
            self._woken.clear()
            try:
                await until_done(self.name, self._drain, self._backoff)
            except Stopping:
                return
            await self._rest()

    async def _drain(self) -> None:
        while await self.drain_once() == MOST_MESSAGES:
            pass

    async def drain_once(self) -> int:
        """Publish one lot; its size."""
        async with self._outbox.take(MOST_MESSAGES) as messages:
            if messages:
                failpoint(self.name, "before_publish")
            await self._publisher.publish(messages)
            if messages:
                failpoint(self.name, "before_mark")
        RELAYED.labels(self.name).inc(len(messages))
        return len(messages)

    async def _rest(self) -> None:
        try:
            await asyncio.wait_for(self._woken.wait(), POLL_SECONDS)
        except TimeoutError:
            return

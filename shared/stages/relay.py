"""The relay: it publishes the messages of an outbox table to Kafka, in order, at least once."""

import asyncio
import contextlib
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
    """The messages that transactions stored for publication."""

    def take(self, most: int) -> AbstractAsyncContextManager[Sequence[Message]]:
        """The oldest messages, locked against all other replicas, so that a dataset's events keep their order.

        On leaving without an error they are deleted; after an error they stay for the next attempt. It is empty if
        there are none, or if another replica is active. A stopped replica loses the lock within seconds. What it
        publishes when it continues was already published, and reading it twice changes nothing.
        """


class Relay:
    """Drains an outbox whenever it is woken, and also checks periodically for messages of other processes."""

    def __init__(self, name: str, outbox: Outbox, publisher: Publisher, backoff: Backoff) -> None:
        self.name = name
        self._outbox = outbox
        self._publisher = publisher
        self._backoff = backoff
        self._woken = asyncio.Event()
        begin(RELAYED, [name])

    def wake(self) -> None:
        """Signal that there are messages to send."""
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
        """Publish one lot, and return its size."""
        async with self._outbox.take(MOST_MESSAGES) as messages:
            if messages:
                failpoint(self.name, "before_publish")
            await self._publisher.publish(messages)
            if messages:
                failpoint(self.name, "before_mark")
        RELAYED.labels(self.name).inc(len(messages))
        return len(messages)

    async def _rest(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(POLL_SECONDS):
                await self._woken.wait()

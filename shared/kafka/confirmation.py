"""Publishing with an answer in time: confirmation, or 429 or 503. A request never waits for Kafka without limit."""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from math import ceil

from aiokafka.errors import MessageSizeTooLargeError

from shared.access.quota import ByteQuota
from shared.events.record import Message
from shared.foundation.problem import Problem
from shared.kafka.publisher import Publisher
from shared.runtime.error_kinds import ErrorKind, error_kind
from shared.runtime.metrics import DOOR_REFUSED

logger = logging.getLogger(__name__)

CONFIRMATION_SECONDS = 5.0
MOST_PUBLISHES = 1_000
MOST_WAITING_BYTES = 64 * 1024 * 1024
SAME_AGAIN = "send again with the same Idempotency-Key, which changes nothing if it did arrive"


class Confirmations:
    """Publishes messages, and limits those that wait for Kafka.

    A publish that is not confirmed in time goes on, because Kafka's client may still deliver it. Its sender is told so,
    and it counts against the limits until it is settled.
    """

    def __init__(  # noqa: PLR0913  # one argument for each limit
        self,
        publisher: Publisher,
        quota: ByteQuota,
        *,
        confirmation_seconds: float = CONFIRMATION_SECONDS,
        most_publishes: int = MOST_PUBLISHES,
        most_bytes: int = MOST_WAITING_BYTES,
        monotonic: Callable[[], float] = time.monotonic,
        cure: str = SAME_AGAIN,
    ) -> None:
        self._publisher = publisher
        self._quota = quota
        self._confirmation_seconds = confirmation_seconds
        self._most_publishes = most_publishes
        self._most_bytes = most_bytes
        self._monotonic = monotonic
        self._cure = cure
        self._under_way: dict[asyncio.Task[None], float] = {}
        self._bytes = 0

    async def publish(self, messages: Sequence[Message], source: str) -> None:
        """Publish the messages of a source, and return once all are confirmed.

        Raises:
            Problem: 429, too much waits for Kafka, or this source has sent too much; 503, Kafka is away. The messages
                of a 503 may yet arrive.
        """
        size = sum(len(message.value) for message in messages)
        self._admit(size, source)
        self._quota.use(source, size)
        task = asyncio.create_task(self._publisher.publish(messages))
        self._under_way[task] = self._monotonic()
        self._bytes += size
        task.add_done_callback(lambda done: self._settle(done, size))
        await asyncio.wait([task], timeout=self._confirmation_seconds)
        if not task.done():
            raise self._away(f"Kafka did not confirm within {self._confirmation_seconds:g} s")
        error = task.exception()
        if error is None:
            return
        if isinstance(error, MessageSizeTooLargeError):
            raise Problem(413, f"the event is too large for Kafka: {error}")
        if error_kind(error) is ErrorKind.EVENT:
            raise error
        raise self._away(f"Kafka is away ({type(error).__name__})")

    def _admit(self, size: int, source: str) -> None:
        if wait := self._quota.seconds_to_wait(source):
            DOOR_REFUSED.inc()
            raise Problem(
                429,
                f"{source} has sent the {self._quota.most_bytes} bytes that one source may send in a day "
                "(BEAMCAT_SOURCE_BYTES_PER_DAY); send again later, or ask the facility for more",
                retry_after_seconds=ceil(wait),
            )
        if len(self._under_way) < self._most_publishes and self._bytes + size <= self._most_bytes:
            return
        oldest = min(self._under_way.values(), default=self._monotonic())
        if self._monotonic() - oldest > self._confirmation_seconds:
            raise self._away("Kafka is away, and too much waits for it")
        raise Problem(429, "too much waits for Kafka; send again a little later", retry_after_seconds=1)

    def _settle(self, task: asyncio.Task[None], size: int) -> None:
        del self._under_way[task]
        self._bytes -= size
        if not task.cancelled() and (error := task.exception()):
            logger.warning("not published: %s: %s", type(error).__name__, error)

    def _away(self, why: str) -> Problem:
        return Problem(503, f"{why}; {self._cure}", retry_after_seconds=5)

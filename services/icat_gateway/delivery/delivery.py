"""Makes frames durable: in Kafka, or on disk while Kafka is away, in a flood, or while older frames are on disk."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial

from services.icat_gateway.delivery.attempts import MOST_DEATHS, Attempts
from services.icat_gateway.delivery.intake import Intake
from services.icat_gateway.handler import set_aside
from services.icat_gateway.ports import Taken
from services.icat_gateway.spool import Spool, SpoolFull
from shared.events.record import Message
from shared.kafka.publisher import Publisher
from shared.runtime.backoff import Backoff
from shared.runtime.failpoints import failpoint
from shared.runtime.metrics import ICAT_ASIDE, ICAT_FRAMES
from shared.runtime.retries import retried

logger = logging.getLogger(__name__)

NAME = "icat_gateway"
BATCH_FRAMES = 500
BATCH_BYTES = 4 * 1024 * 1024
LOT_BYTES = 8 * 1024 * 1024
"""Once the messages of a batch have this size, they are published before the next frame is translated."""
FLOOD_FRAMES = 200
"""When this many frames wait at once, they go to disk first: that is faster than translating and publishing them."""
BIG_BYTES = 64 * 1024
"""A larger body is translated in a thread, because its translation would block the connections."""
FRAMES_AT_ONCE = 8
"""How many smaller frames are translated before the connections are served again."""


class Delivery:
    """Moves frames from the intake to Kafka, through the spool if necessary. No frame overtakes one in the spool."""

    def __init__(  # noqa: PLR0913  # everything that delivery needs
        self,
        intake: Intake,
        spool: Spool,
        *,
        translate: Callable[[Taken], Sequence[Message]],
        publisher: Publisher,
        backoff: Backoff,
        clock: Callable[[], datetime],
        confirmation_seconds: float,
        attempts: Attempts,
    ) -> None:
        self._intake = intake
        self._spool = spool
        self._attempts = attempts
        self._clock = clock
        self._translate = translate
        self._publisher = publisher
        self._backoff = backoff
        self._confirmation_seconds = confirmation_seconds
        self._late: asyncio.Task[None] | None = None

    async def take(self) -> None:
        """Make all incoming frames durable, until cancelled."""
        while True:
            batch = await self._intake.batch(BATCH_FRAMES, BATCH_BYTES)
            frames = [waiting.taken for waiting in batch]
            failpoint(NAME, "after_receive")
            direct = self._spool.frames == 0 and len(frames) < FLOOD_FRAMES
            if direct and await self._published_in_time(frames):
                _count(frames, "published")
            else:
                await self._keep(frames)
                _count(frames, "spooled")
            await self._intake.settle(batch)

    async def deliver(self) -> None:
        """Publish the frames of the spool in order, until cancelled."""
        while True:
            batch = await self._spool.head(1 if self._attempts.are_suspect else BATCH_FRAMES, BATCH_BYTES)
            if self._late is not None:  # its frames must not arrive after later ones
                await asyncio.wait([self._late])
                self._late = None
            # retry after every kind of error: only the spool has these frames
            outcome = await retried(partial(self._attempt, batch), self._wait)
            failpoint(NAME, "after_publish")
            self._spool.confirm(batch)
            self._attempts.end(batch)
            _count(batch, outcome)

    async def _attempt(self, batch: Sequence[Taken]) -> str:
        """Publish the frames. A frame that has killed too many processes is set aside and rejected instead.

        It is published only once: if that kills the process too, only the file and the log show the frame.
        """
        deaths = self._attempts.deaths(batch)
        await self._attempts.begin(batch)
        if deaths < MOST_DEATHS:
            await self._publish(batch)
            return "delivered"
        path = await self._attempts.set_aside(batch[0])
        ICAT_ASIDE.set(self._attempts.count_aside())
        logger.error("%d processes ended while they translated one frame; it is now in %s", deaths, path)
        if deaths == MOST_DEATHS:
            await self._publisher.publish([set_aside(batch[0], deaths, path.name, self._clock())])
        return "set_aside"

    async def _published_in_time(self, frames: Sequence[Taken]) -> bool:
        """Whether Kafka has confirmed them. If not, the attempt goes on: Kafka's client cannot cancel it."""
        attempt = asyncio.create_task(self._publish(frames))
        await asyncio.wait([attempt], timeout=self._confirmation_seconds)
        if not attempt.done():
            logger.warning("Kafka did not confirm in %g s: the frames go to the spool", self._confirmation_seconds)
            attempt.add_done_callback(_log_failure)
            self._late = attempt
            return False
        if (error := attempt.exception()) is not None:
            logger.warning("publishing failed, the frames go to the spool: %s: %s", type(error).__name__, error)
            return False
        failpoint(NAME, "after_publish")
        return True

    async def _keep(self, frames: Sequence[Taken]) -> None:
        """Put them into the spool. While it is full, the intake fills up and no socket is read."""
        await retried(partial(self._spool.append, frames), self._wait_while_full)
        failpoint(NAME, "after_spool")

    async def _wait_while_full(self, attempt: int, error: Exception) -> None:
        if not isinstance(error, SpoolFull):
            raise error
        await self._wait(attempt, error)

    async def _wait(self, attempt: int, error: Exception) -> None:
        await self._backoff.wait(attempt, NAME, error)

    async def _publish(self, frames: Sequence[Taken]) -> None:
        """Translate frame by frame and publish in lots: the messages may be several times as large as the frames."""
        lot: list[Message] = []
        size = 0
        for place, taken in enumerate(frames):
            if place % FRAMES_AT_ONCE == 0:
                await asyncio.sleep(0)
            big = len(taken.frame.body) > BIG_BYTES
            messages = await asyncio.to_thread(self._translate, taken) if big else self._translate(taken)
            lot += messages
            size += sum(message.size for message in messages)
            if size >= LOT_BYTES:
                await self._publisher.publish(lot)
                lot, size = [], 0
        await self._publisher.publish(lot)


def _count(frames: Sequence[Taken], outcome: str) -> None:
    for taken in frames:
        ICAT_FRAMES.labels(taken.frame.queue, outcome).inc()


def _log_failure(attempt: asyncio.Task[None]) -> None:
    """Log the error of a late attempt. The error has no consequence, because the frames are in the spool."""
    if not attempt.cancelled() and (error := attempt.exception()) is not None:
        logger.info("a late attempt to publish failed: %s: %s", type(error).__name__, error)

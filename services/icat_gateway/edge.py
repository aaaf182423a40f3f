"""The whole STOMP edge: it moves frames from the sockets to Kafka or to disk, and stops in order."""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Sequence
from datetime import datetime

from services.icat_gateway.delivery.attempts import Attempts
from services.icat_gateway.delivery.delivery import Delivery
from services.icat_gateway.delivery.intake import Intake
from services.icat_gateway.handler import messages_of
from services.icat_gateway.ports import Taken, Translator
from services.icat_gateway.settings import StompSettings
from services.icat_gateway.spool import Spool
from services.icat_gateway.stomp.bounds import Bounds
from services.icat_gateway.stomp.server import Server
from shared.events.record import Message
from shared.kafka.publisher import Publisher
from shared.kafka.settings import SourceSettings
from shared.runtime.backoff import Backoff
from shared.runtime.metrics import ICAT_ASIDE, ICAT_SPOOL_BYTES, ICAT_SPOOL_FRAMES, ICAT_SPOOL_OLDEST

logger = logging.getLogger(__name__)

MEASURE_SECONDS = 1.0
END_SECONDS = 20.0
"""How long an orderly stop may take. Frames that are not durable by then were never confirmed to a client."""


class Edge:
    """Serves STOMP as long as the service runs, even while Kafka is away."""

    def __init__(  # noqa: PLR0913, PLR0917  # everything that the edge needs
        self,
        stomp: StompSettings,
        source: SourceSettings,
        translator: Translator,
        publisher: Publisher,
        backoff: Backoff,
        clock: Callable[[], datetime],
        bounds: Bounds,
        wait_seconds: Callable[[str], float] = lambda _source: 0.0,
    ) -> None:
        self._translator = translator
        self._backoff = backoff
        self._clock = clock
        self.intake = Intake(bounds.waiting_bytes)
        self.spool = Spool(stomp.spool, stomp.spool_bytes)
        self.server = Server(stomp, source, self.intake, clock, bounds, wait_seconds)
        self.attempts = Attempts(stomp.spool)
        self._delivery = Delivery(
            self.intake,
            self.spool,
            translate=self._translate,
            publisher=publisher,
            backoff=backoff,
            clock=clock,
            confirmation_seconds=bounds.confirmation_seconds,
            attempts=self.attempts,
        )

    async def run(self) -> None:
        """Serve until the service stops.

        Raises:
            Stopping: the service stops, and every accepted frame is durable.
            Fatal: the spool cannot be used, or the port cannot be opened.
        """
        self.spool.open()
        self.attempts.open()
        ICAT_ASIDE.set(self.attempts.count_aside())
        try:
            await self.server.start()
            logger.info("serving STOMP on port %d", self.server.port)
            await self._serve()
        finally:
            self.attempts.close()
            self.spool.close()

    async def _serve(self) -> None:
        works = (self._delivery.take, self._delivery.deliver, self._measure, self._until_stopped)
        tasks = [asyncio.create_task(work()) for work in works]
        try:
            ended, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(END_SECONDS):
                    await self.server.stop()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
        for task in ended:
            task.result()

    async def _until_stopped(self) -> None:
        await self._backoff.sleep(float("inf"))

    async def _measure(self) -> None:
        while True:
            self.server.trim()
            oldest = self.spool.oldest
            ICAT_SPOOL_FRAMES.set(self.spool.frames)
            ICAT_SPOOL_BYTES.set(self.spool.bytes)
            ICAT_SPOOL_OLDEST.set(0 if oldest is None else max(0.0, self._clock().timestamp() - oldest / 1e6))
            await asyncio.sleep(MEASURE_SECONDS)

    def _translate(self, taken: Taken) -> Sequence[Message]:
        return messages_of(taken, self._translator, self._clock())

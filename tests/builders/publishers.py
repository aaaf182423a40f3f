"""A Kafka in memory that can fail."""

import asyncio
from collections.abc import Sequence

from shared.events.record import Message
from shared.kafka.publisher import MemoryPublisher


class TroubledPublisher(MemoryPublisher):
    """A publisher that can be told to fail or to hold everything back."""

    def __init__(self) -> None:
        super().__init__()
        self.error: Exception | None = None
        self.gate = asyncio.Event()
        self.gate.set()

    async def publish(self, messages: Sequence[Message]) -> None:
        await self.gate.wait()
        if self.error is not None:
            raise self.error
        await super().publish(messages)

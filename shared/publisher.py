"""Writing to Kafka: everything of a batch is sent at once, and all confirmations are awaited together."""

import asyncio
import contextlib
from collections.abc import Sequence
from typing import Any, Protocol

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaConnectionError

from shared.settings import Settings
from shared.wire import Message

MAX_REQUEST_BYTES = 16 * 1024 * 1024
STOP_SECONDS = 5.0


class Publisher(Protocol):
    """Anything that makes messages durable."""

    async def publish(self, messages: Sequence[Message]) -> None:
        """Return when every message is confirmed; raise if one is not. Messages of one key keep their order."""


class KafkaPublisher:
    """The idempotent Kafka producer of one process, with `acks=all`."""

    def __init__(self, settings: Settings, client_id: str) -> None:
        self._settings = settings
        self._client_id = client_id
        self._producer: AIOKafkaProducer | None = None

    async def start(self) -> None:
        """Connect."""
        producer = AIOKafkaProducer(
            bootstrap_servers=self._settings.kafka_bootstrap_servers,
            client_id=self._client_id,
            acks="all",
            enable_idempotence=True,
            compression_type=None if self._settings.kafka_compression == "none" else self._settings.kafka_compression,
            linger_ms=2,
            max_batch_size=256 * 1024,
            max_request_size=MAX_REQUEST_BYTES,
            request_timeout_ms=15_000,
        )
        try:
            await producer.start()
        except BaseException:
            await producer.stop()
            raise
        self._producer = producer

    async def stop(self) -> None:
        """Send what is under way, for some seconds at most, and disconnect; nobody was told the rest is durable."""
        if self._producer is not None:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._producer.stop(), STOP_SECONDS)

    async def publish(self, messages: Sequence[Message]) -> None:
        """Send all, then await all.

        Raises:
            KafkaError: a message was not confirmed. Others of the same call may have been: publish all again.
        """
        if not messages:
            return
        if self._producer is None:
            raise KafkaConnectionError("Kafka is not reached yet")
        confirmations: list[asyncio.Future[Any]] = []
        try:
            for message in messages:
                headers = list(message.headers)
                sent = await self._producer.send(message.topic, message.value, message.key, headers=headers)
                confirmations.append(sent)
        finally:
            results = await asyncio.gather(*confirmations, return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException):
                raise result


class MemoryPublisher:
    """The twin without a broker: keeps what was published, by topic."""

    def __init__(self) -> None:
        self.messages: list[Message] = []

    async def publish(self, messages: Sequence[Message]) -> None:
        """Keep them."""
        self.messages.extend(messages)

    def of(self, topic: str) -> list[Message]:
        """What was published to a topic, in order."""
        return [message for message in self.messages if message.topic == topic]

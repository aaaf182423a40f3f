"""The datasets that benchmarks send, as fast as Kafka takes them or at a steady rate."""

import asyncio
import contextlib
import json
import random
import time
from collections.abc import AsyncIterator, Sequence
from typing import Any

from shared.events.record import Message
from shared.kafka.publisher import KafkaPublisher
from shared.kafka.settings import KafkaSettings
from tests.builders.submissions import processed_submission, raw_submission, submitted

CHUNK = 500
EVERY = 5
DELAY = 800


def messages_of(first: int, count: int, seed: int) -> list[Message]:
    """Submissions with about 60 parameters. Every fifth has an input, which was collected 1,000 datasets earlier."""
    chance = random.Random(seed)
    made: list[Message] = []
    raws: list[dict[str, Any]] = []
    for number in range(first, first + count):
        if number % EVERY == EVERY - 1:
            submission = processed_submission(number, [raws[-DELAY] if len(raws) > DELAY else raws[0]], chance)
        else:
            submission = raw_submission(number, chance)
            raws.append(submission)
        made.append(submitted(submission, f"bench-{seed}-{number}"))
    return made


async def push(kafka: KafkaSettings, messages: Sequence[Message]) -> None:
    """Publish all messages as fast as Kafka confirms them."""
    async with _publisher(kafka) as publisher:
        for start in range(0, len(messages), CHUNK):
            await publisher.publish(messages[start : start + CHUNK])


async def trickle(kafka: KafkaSettings, messages: Sequence[Message], per_second: float) -> None:
    """Publish messages one by one at a steady rate, each with its own time."""
    async with _publisher(kafka) as publisher:
        began = time.monotonic()
        for number, message in enumerate(messages):
            await asyncio.sleep(max(0.0, began + number / per_second - time.monotonic()))
            submission = json.loads(message.value)["submission"]
            await publisher.publish([submitted(submission, dict(message.headers)["ce_id"].decode())])


@contextlib.asynccontextmanager
async def _publisher(kafka: KafkaSettings) -> AsyncIterator[KafkaPublisher]:
    publisher = KafkaPublisher(kafka, "bench")
    await publisher.start()
    try:
        yield publisher
    finally:
        await publisher.stop()

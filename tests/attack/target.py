"""The target of an attack: a running beamcat, its entrances, and ways to see what became of what was sent."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import httpx

from deploy.embedded.installation import Installation
from shared.events.record import Message
from shared.kafka.publisher import KafkaPublisher
from tests.builders.edge import Client

STRANGER = "stranger"
ENDED = ("committed", "unchanged", "rejected")
END_SECONDS = 120.0
FOLDER = "/data/visitor/mx9999/id99/RAW_DATA/stranger"
CHUNK = 250

Faults = Sequence[str]


@dataclass(frozen=True)
class Target:
    """The beamcat under attack. `scale` is 1 in a full run, and less in a short one."""

    running: Installation
    publisher: KafkaPublisher
    catalogue: "asyncpg.Pool[Any]"
    http: httpx.AsyncClient
    token: str
    """The stranger's token, for the beamline id99."""
    chance: random.Random
    directory: Path
    scale: float

    def many(self, count: int) -> int:
        """This number, or fewer in a short run."""
        return max(1, round(count * self.scale))

    @property
    def authorization(self) -> dict[str, str]:
        """The stranger's authorization header."""
        return {"Authorization": f"Bearer {self.token}"}

    async def publish(self, messages: Sequence[Message]) -> None:
        """Write to Kafka, as a producer with its own Kafka client does."""
        for start in range(0, len(messages), CHUNK):
            await self.publisher.publish(messages[start : start + CHUNK])

    async def stomp(self, host: str = "127.0.0.1") -> Client:
        """A STOMP connection to the edge, from a loopback address."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.running.stomp_port, local_addr=(host, 0))
        return Client(reader, writer)

    async def ended(self, receipts: Collection[str], states: Collection[str] = ENDED) -> Faults:
        """Wait until each receipt is in one of these states. Returns those that are not."""
        wanted = set(receipts)

        async def left() -> set[str]:
            rows = await self.catalogue.fetch(
                "select distinct receipt from search.receipt"
                " where receipt = any($1) and answer::json ->> 'state' = any($2)",
                list(wanted),
                list(states),
            )
            return wanted - {row["receipt"] for row in rows}

        missing = await self.until(left, lambda missing: not missing)
        return [f"{len(missing)} of {len(wanted)} receipts did not end {' or '.join(states)}"] if missing else []

    async def told(self, query: str, wanted: int, what: str, *values: object) -> Faults:
        """Wait until a count in the catalogue has the expected value."""
        found = await self.until(lambda: self.catalogue.fetchval(query, *values), lambda found: found >= wanted)
        return [] if found == wanted else [f"{found} of {wanted} {what}"]

    async def pause(self, seconds: float) -> None:
        """Pace an attack. This does not wait for anything."""
        await asyncio.sleep(seconds)

    async def until(self, look: Callable[[], Awaitable[Any]], satisfied: Callable[[Any], bool]) -> Any:
        """Look until the condition holds or the time is over. Returns what was seen last."""
        seen: Any = None
        with suppress(TimeoutError):
            async with asyncio.timeout(END_SECONDS):
                while not satisfied(seen := await look()):  # noqa: ASYNC110  other processes set no event
                    await asyncio.sleep(0.2)
        return seen


Attack = Callable[[Target], Awaitable[Faults]]
"""Attacks the target, and returns what is wrong with the answers that the stranger got."""

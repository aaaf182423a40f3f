"""One attack after the other on one beamcat, with a neighbour throughout."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import httpx

from deploy.embedded.installation import Installation, NotReadyError, installation
from shared.access.tokens import create_token
from shared.kafka.publisher import KafkaPublisher
from tests.attack.neighbour import Neighbour
from tests.attack.target import STRANGER, Attack, Target
from tests.attack.vitals import Vitals

ATTACK_SECONDS = 300.0
CALM_SECONDS = 55.0
"""How long the services may take after an attack to be ready again, before the next one begins."""

Say = Callable[[str], None]


async def neighbours_are_served(
    attacks: Mapping[str, Attack], seed: int, scale: float, directory: Path, say: Say
) -> list[str]:
    """The faults of each attack: in the neighbour, the services or its own answers. Empty if there are none."""
    say(f"seed {seed}, scale {scale}: {len(attacks)} attacks")
    found: list[str] = []
    async with installation(directory, say=say) as running, target_of(running, seed, scale, directory) as target:
        neighbour = Neighbour(target, create_token(running.settings.access.tokens_file, "neighbour", ["*"]))
        vitals = Vitals(running)
        watching = [asyncio.create_task(neighbour.live()), asyncio.create_task(vitals.watch())]
        try:
            for name, attack in attacks.items():
                found += await _one(name, attack, target, neighbour, vitals, say)
                if reasons := await _restless(target):
                    return [*found, f"{name}: {reasons} {CALM_SECONDS:.0f} s later; what comes after it was not tried"]
                neighbour.faults(), vitals.faults()  # drops the faults between two attacks
        finally:
            for task in watching:
                task.cancel()
            await asyncio.wait(watching)
    return found


@asynccontextmanager
async def target_of(running: Installation, seed: int, scale: float, directory: Path) -> AsyncIterator[Target]:
    """The target, with its clients open."""
    publisher = KafkaPublisher(running.settings.kafka, STRANGER)
    await publisher.start()
    try:
        async with (
            asyncpg.create_pool(running.settings.database.url, min_size=1, max_size=4) as pool,
            httpx.AsyncClient(timeout=60, limits=httpx.Limits(max_connections=64)) as http,
        ):
            token = create_token(running.settings.access.tokens_file, STRANGER, ["id99"])
            yield Target(running, publisher, pool, http, token, random.Random(seed), directory, scale)
    finally:
        await publisher.stop()


async def _one(name: str, attack: Attack, target: Target, neighbour: Neighbour, vitals: Vitals, say: Say) -> list[str]:
    began = time.monotonic()
    try:
        async with asyncio.timeout(ATTACK_SECONDS):
            faults = list(await attack(target))
    except (Exception, TimeoutError) as error:  # noqa: BLE001  the other attacks still have their say
        faults = [f"{type(error).__name__}: {error}"]
    await neighbour.settled()
    slowest, read, largest = neighbour.slowest_seconds, neighbour.slowest_read_seconds, vitals.summary()
    faults += [*_counted(neighbour.faults()), *vitals.faults()]
    say(
        f"{name}: {time.monotonic() - began:.0f} s; the neighbour was catalogued within {slowest:.1f} s, read within"
        f" {read:.1f} s; largest process {largest}{'' if not faults else f'; {len(faults)} faults'}"
    )
    return [f"{name}: {fault}" for fault in faults]


def _counted(faults: list[str]) -> list[str]:
    return [f"{words} ({faults.count(words)} times)" for words in dict.fromkeys(faults)]


async def _restless(target: Target) -> str | None:
    """Wait until all are ready, so that the next attack is not blamed. Returns the reason if they are not."""
    try:
        async with asyncio.timeout(CALM_SECONDS):
            await target.running.ready()
    except (NotReadyError, TimeoutError) as error:
        return str(error) or "not all are ready"
    return None

"""Killing: every service at a named place once and at any moment once more, and both servers in between."""

import asyncio
import os
import random
import signal
from collections.abc import Callable, Mapping
from pathlib import Path

import services
from deploy.embedded.installation import Installation

FAILPOINTS = {
    "gateway": None,
    "validator": "validator:after_poll:2",
    "linker": "linker:after_save:1",
    "linker-2": "linker-relay:before_mark:1",
    "sample_tracking": "sample_tracking:after_publish:2",
    "catalog_writer": "catalog_writer:after_save:2",
    "catalog_writer-2": "catalog-relay:before_mark:1",
    "search": "search:after_save:2",
}
"""After poll; after save; after relay before mark; after publish before commit; after the outbox write."""
REPLICAS = {"linker": 2, "catalog_writer": 2}
PAUSE_SECONDS = (1.0, 2.5)


def failpoint_environment(directory: Path) -> dict[str, dict[str, str]]:
    """For each process the place at which it dies, once."""
    return {
        name: {"BEAMCAT_FAILPOINT": place, "BEAMCAT_FAILPOINT_MARK": str(directory / f"died-{name}")}
        for name, place in FAILPOINTS.items()
        if place is not None
    }


def died_at_failpoints(directory: Path) -> set[str]:
    """The processes that met their place."""
    return {name for name in FAILPOINTS if (directory / f"died-{name}").exists()}


class Deaths:
    """Counts how often each process was killed from outside."""

    def __init__(self, running: Installation, chance: random.Random, say: Callable[[str], None]) -> None:
        self.count = dict.fromkeys(running.urls, 0)
        self._running = running
        self._chance = chance
        self._say = say

    async def rain(self) -> None:
        """Kill every service twice in random order, and restart PostgreSQL and Kafka once each, at random moments."""
        victims = [*services.NAMES, *services.NAMES, "linker-2", "catalog_writer-2", "postgres", "kafka"]
        self._chance.shuffle(victims)
        for victim in victims:
            await asyncio.sleep(self._chance.uniform(*PAUSE_SECONDS))
            if victim in ("postgres", "kafka"):
                self._say(f"chaos: {victim} is killed and started again")
                await self._running.stack.kill(victim)
                await self._running.stack.restart(victim)
            else:
                self._kill(victim)

    def _kill(self, name: str) -> None:
        try:
            os.kill(self._running.supervisor.pid(name), signal.SIGKILL)
        except ProcessLookupError:
            self._say(f"chaos: {name} is down already")
        else:
            self._say(f"chaos: {name} is killed")
        self.count[name] += 1


def summary(count: Mapping[str, int], at_failpoints: set[str]) -> str:
    """Who died how often."""
    return ", ".join(
        f"{name} {times}{' + its failpoint' if name in at_failpoints else ''}" for name, times in count.items()
    )

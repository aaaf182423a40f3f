"""Kills every service once at a failpoint and once more at a random moment, and both servers in between.

It also does some of the other disturbances. The seed chooses them.
"""

import asyncio
import os
import random
import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from deploy.embedded.installation import Installation
from tests.faults.disturbances import DISTURBANCES


@dataclass(frozen=True)
class Form:
    """A form of the installation: the replicas of its programs, and the failpoint at which each process dies once."""

    together: bool
    replicas: Mapping[str, int]
    failpoints: Mapping[str, str]


APART = Form(
    together=False,
    replicas={"linker": 2, "catalog_writer": 2},
    failpoints={
        "validator": "validator:after_poll:2",
        "linker": "linker:after_save:1",
        "linker-2": "linker-relay:before_mark:1",
        "sample_tracking": "sample_tracking:after_publish:2",
        "catalog_writer": "catalog_writer:after_save:2",
        "catalog_writer-2": "catalog-relay:before_mark:1",
        "search": "search:after_save:2",
    },
)
"""After a poll, after a save, after relaying but before the mark, after publishing but before the commit, and
after the outbox write."""
TOGETHER = Form(
    together=True,
    replicas={"pipeline": 3},
    failpoints={
        "pipeline": "sample_tracking:after_save:2",
        "pipeline-2": "linker-relay:before_mark:1",
        "pipeline-3": "catalog_writer:after_save:2",
        "search": "search:after_save:2",
    },
)
"""Between two stages of one batch, after a release was handed over but before the mark, after the outbox write."""
PAUSE_SECONDS = (1.0, 2.5)
DISTURBANCES_OF_A_RUN = 3
"""The number of disturbances in a run, besides the kills."""


def failpoint_environment(form: Form, directory: Path) -> dict[str, dict[str, str]]:
    """For each process, the failpoint at which it dies once."""
    return {
        name: {"BEAMCAT_FAILPOINT": place, "BEAMCAT_FAILPOINT_MARK": str(directory / f"died-{name}")}
        for name, place in form.failpoints.items()
    }


def died_at_failpoints(form: Form, directory: Path) -> set[str]:
    """The processes that reached their failpoint."""
    return {name for name in form.failpoints if (directory / f"died-{name}").exists()}


class Deaths:
    """Counts how often each process was killed from outside."""

    def __init__(self, running: Installation, chance: random.Random, say: Callable[[str], None]) -> None:
        self.count = dict.fromkeys(running.urls, 0)
        self._running = running
        self._chance = chance
        self._say = say

    async def rain(self) -> None:
        """Kill every program twice, both servers once, and do some other harm, in random order at random moments."""
        programs = [name for name in self.count if "-" not in name]
        victims = [*programs, *self.count, "postgres", "kafka"]
        beside = self._chance.sample(sorted(DISTURBANCES), k=DISTURBANCES_OF_A_RUN)
        happenings = [*victims, *beside]
        self._chance.shuffle(happenings)
        async with asyncio.TaskGroup() as tasks:
            for happening in happenings:
                await asyncio.sleep(self._chance.uniform(*PAUSE_SECONDS))
                if happening in DISTURBANCES:
                    self._say(f"chaos: {happening}")
                    tasks.create_task(DISTURBANCES[happening](self._running, random.Random(self._chance.random())))
                elif happening in ("postgres", "kafka"):
                    self._say(f"chaos: {happening} is killed and started again")
                    await self._running.stack.kill(happening)
                    await self._running.stack.restart(happening)
                else:
                    self._kill(happening)

    def _kill(self, name: str) -> None:
        try:
            os.kill(self._running.supervisor.pid(name), signal.SIGKILL)
        except ProcessLookupError:
            self._say(f"chaos: {name} is down already")
        else:
            self._say(f"chaos: {name} is killed")
        self.count[name] += 1


def summary(count: Mapping[str, int], at_failpoints: set[str]) -> str:
    """How often each process died."""
    return ", ".join(
        f"{name} {times}{' + its failpoint' if name in at_failpoints else ''}" for name, times in count.items()
    )

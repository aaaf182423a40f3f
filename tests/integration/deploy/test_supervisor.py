import asyncio
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from deploy.embedded import server
from deploy.embedded.server import Child
from deploy.embedded.supervisor import supervised

pytestmark = pytest.mark.integration

SAY_WHO = "import os, sys, time; print(os.getpid(), sys.argv[1], flush=True); "


class Script(Child):
    """A process that says who it is and then does as told."""

    def __init__(self, name: str, folder: Path, body: str = "time.sleep(600)") -> None:
        super().__init__(folder / f"{name}.log")
        self.name = name
        self._body = body

    async def start(self) -> None:
        self._process = await self._spawn([sys.executable, "-c", SAY_WHO + self._body, self.name])


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not holds():  # noqa: ASYNC110  # the condition lies in another process, which sets no event
            await asyncio.sleep(0.02)


def lines(log: Path) -> list[str]:
    return log.read_text().splitlines() if log.exists() else []


async def test_a_killed_child_is_started_again(tmp_path: Path) -> None:
    said: list[str] = []
    log = tmp_path / "linker.log"
    async with supervised([Script("linker", tmp_path), Script("search", tmp_path)], said.append) as supervisor:
        await until(lambda: len(lines(log)) == 1)
        killed, neighbour = supervisor.pid("linker"), supervisor.pid("search")
        os.kill(killed, signal.SIGKILL)
        await until(lambda: len(lines(log)) == 2)

        assert lines(log) == [f"{killed} linker", f"{supervisor.pid('linker')} linker"]
        assert supervisor.pid("search") == neighbour
    assert said == [f"linker ended (SIGKILL), starts again in 0.2 s; see {log}"]


async def test_no_process_is_left_when_the_block_ends_not_even_one_that_will_not_stop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "STOP_GRACE_SECONDS", 0.2)
    deaf = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(0, flush=True); time.sleep(600)"
    async with supervised([Script("willing", tmp_path), Script("stubborn", tmp_path, deaf)]) as supervisor:
        await until(lambda: len(lines(tmp_path / "stubborn.log")) == 2)
        pids = [supervisor.pid("willing"), supervisor.pid("stubborn")]

    assert [pid for pid in pids if psutil.pid_exists(pid)] == []

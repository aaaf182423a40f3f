"""Services that are forked off one process: each as good as one that was started alone."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import psutil
import pytest
import pytest_asyncio

from deploy.embedded.forked import Nursery, ServiceProcess
from deploy.embedded.ports import LOOPBACK, any_free_port

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]

LONG_SECONDS = 60.0


@asynccontextmanager
async def nursery(log: Path) -> AsyncIterator[Nursery]:
    begun = Nursery(log)
    try:
        yield begun
    finally:
        await begun.stop()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def home(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Nursery]:
    async with nursery(tmp_path_factory.mktemp("nursery") / "nursery.log") as begun:
        yield begun


def service(name: str, home: Nursery, folder: Path, **environment: str) -> tuple[ServiceProcess, str]:
    """A service that finds neither Kafka nor PostgreSQL, and lives on; and its URL."""
    port = any_free_port()
    nowhere = {
        "BEAMCAT_KAFKA_BOOTSTRAP_SERVERS": f"{LOOPBACK}:1",
        "BEAMCAT_DATABASE_URL": f"postgresql://{LOOPBACK}:1/no",
    }
    settings = {**nowhere, "BEAMCAT_HTTP_PORT": str(port), **environment}
    return ServiceProcess(name, home, settings, folder / f"{name}.log"), f"http://{LOOPBACK}:{port}"


async def lives(url: str) -> str:
    async with httpx.AsyncClient() as client, asyncio.timeout(LONG_SECONDS):
        while True:
            try:
                return str((await client.get(f"{url}/live")).json()["service"])
            except httpx.TransportError:
                await asyncio.sleep(0.05)


async def test_each_has_its_own_settings_log_and_end(home: Nursery, tmp_path: Path) -> None:
    tracker, tracker_url = service("sample_tracking-2", home, tmp_path)
    validator, validator_url = service("validator", home, tmp_path)
    await asyncio.gather(tracker.start(), validator.start())
    assert [await lives(tracker_url), await lives(validator_url)] == ["sample_tracking", "validator"]

    await tracker.kill()
    assert await tracker.ended() == -signal.SIGKILL
    assert await lives(validator_url) == "validator"
    await validator.stop()
    assert await validator.ended() == 0
    assert "sample_tracking: " in tracker.log.read_text()
    assert "sample_tracking" not in validator.log.read_text()


async def test_one_that_cannot_start_ends_with_its_own_exit_code_and_reason(home: Nursery, tmp_path: Path) -> None:
    validator, _ = service("validator", home, tmp_path, BEAMCAT_TIME_ZONE="Europe/Nowhere")
    await validator.start()
    assert await validator.ended() == 1
    assert validator.refusal.startswith("BEAMCAT_TIME_ZONE: 'Europe/Nowhere' is wrong: ")
    assert "Europe/Nowhere" in validator.log.read_text()
    assert "Traceback" not in validator.log.read_text()


async def test_one_whose_port_is_taken_says_so_and_refuses_to_start(home: Nursery, tmp_path: Path) -> None:
    with socket.create_server((LOOPBACK, 0)) as taken:
        port = taken.getsockname()[1]
        validator, _ = service("validator", home, tmp_path, BEAMCAT_HTTP_PORT=str(port))
        await validator.start()
        assert await validator.ended() == 1
    assert validator.refusal.startswith(f"BEAMCAT_HTTP_PORT: cannot listen on {LOOPBACK}:{port}: ")
    assert "Traceback" not in validator.log.read_text()


async def test_one_whose_second_port_is_taken_refuses_to_start_too(home: Nursery, tmp_path: Path) -> None:
    with socket.create_server((LOOPBACK, 0)) as taken:
        port = str(taken.getsockname()[1])
        ports = {
            "BEAMCAT_STOMP_PORT": port,
            "BEAMCAT_JOLOKIA_PORT": "0",
            "BEAMCAT_STOMP_SPOOL": str(tmp_path / "spool"),
        }
        door, _ = service("icat_gateway", home, tmp_path, **ports)
        await door.start()
        assert await door.ended() == 1
    assert door.refusal.startswith(f"BEAMCAT_STOMP_PORT: cannot listen on {LOOPBACK}:{port}: ")


async def test_one_that_is_killed_does_not_refuse_to_start_again(home: Nursery, tmp_path: Path) -> None:
    validator, url = service("validator", home, tmp_path)
    await validator.start()
    assert await lives(url) == "validator"
    await validator.kill()
    assert await validator.ended() == -signal.SIGKILL
    assert not validator.refusal


async def test_an_order_that_is_cancelled_harms_no_other(tmp_path: Path) -> None:
    async with nursery(tmp_path / "nursery.log") as home:
        given_up = asyncio.create_task(service("linker", home, tmp_path)[0].start())
        await asyncio.sleep(0)  # the order is given, and cannot be followed yet: the nursery loads
        given_up.cancel()
        validator, url = service("validator", home, tmp_path)
        await validator.start()
        assert await lives(url) == "validator"
        await validator.stop()
        assert await validator.ended() == 0


async def test_when_the_nursery_dies_all_end_and_the_next_start_begins_another(tmp_path: Path) -> None:
    async with nursery(tmp_path / "nursery.log") as home:
        validator, url = service("validator", home, tmp_path)
        await validator.start()
        first = validator.pid
        os.kill(psutil.Process(first).ppid(), signal.SIGKILL)
        assert await validator.ended() == -signal.SIGKILL
        await validator.start()
        assert await lives(url) == "validator"
        assert validator.pid != first
        second = psutil.Process(validator.pid)
    await asyncio.to_thread(second.wait, LONG_SECONDS)


PARENT = """
import asyncio, pathlib, sys
from deploy.embedded.forked import Nursery, ServiceProcess
async def main(folder):
    home = Nursery(folder / "nursery.log")
    child = ServiceProcess("validator", home, {"BEAMCAT_HTTP_PORT": "0"}, folder / "validator.log")
    await child.start()
    print(child.pid, flush=True)
    await asyncio.Event().wait()
asyncio.run(main(pathlib.Path(sys.argv[1])))
"""


async def test_nothing_outlives_a_parent_that_was_killed(tmp_path: Path) -> None:
    argv = [sys.executable, "-c", PARENT, str(tmp_path)]
    parent = await asyncio.create_subprocess_exec(*argv, stdout=asyncio.subprocess.PIPE)
    assert parent.stdout is not None
    child = psutil.Process(int(await parent.stdout.readline()))
    parent.kill()
    await parent.wait()
    await asyncio.to_thread(child.wait, LONG_SECONDS)

"""A service that may open 1,024 files, which is what most systems allow, and cannot have more."""

import asyncio
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import httpx
import pytest

from deploy.embedded.ports import any_free_port
from shared.runtime.descriptors import raise_limit
from tests.builders.terminal import ROOT

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(sys.platform != "linux", reason="other systems have one loopback address"),
]

FILES = 1024
ATTACKERS = [f"127.0.0.{number}" for number in range(60, 65)]
SOON_SECONDS = 5.0
MOST_LOG_BYTES = 100_000
HALF_A_HEAD = b"GET /datasets HTTP/1.1\r\nHost: "
HALF_A_BODY = b"POST /datasets HTTP/1.1\r\nHost: service\r\nContent-Length: 1000\r\n\r\nhalf"
STOMP_CONNECT = b"CONNECT\naccept-version:1.1\nhost:\n\n\0"


class Serving:
    """A service in a process of its own, with nothing behind it."""

    def __init__(self, name: str, folder: Path) -> None:
        self.port, self.stomp_port, jolokia_port, nothing = (any_free_port() for _ in range(4))
        self.log = folder / f"{name}.log"
        environment = {
            "BEAMCAT_HTTP_PORT": str(self.port),
            "BEAMCAT_STOMP_PORT": str(self.stomp_port),
            "BEAMCAT_JOLOKIA_PORT": str(jolokia_port),
            "BEAMCAT_STOMP_SPOOL": str(folder / "spool"),
            "BEAMCAT_KAFKA_BOOTSTRAP_SERVERS": f"127.0.0.1:{nothing}",
            "BEAMCAT_DATABASE_URL": f"postgresql://nobody@127.0.0.1:{nothing}/nothing",
        }
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [Path(sys.executable).with_name("beamcat"), "serve", name],
                cwd=ROOT,
                env=os.environ | environment,
                stderr=log,
                stdout=log,
                preexec_fn=partial(resource.setrlimit, resource.RLIMIT_NOFILE, (FILES, FILES)),  # noqa: PLW1509
            )

    async def answers(self) -> None:
        """It tells how it fares, at once."""
        async with asyncio.timeout(SOON_SECONDS), httpx.AsyncClient() as client:
            for path in ("live", "ready", "metrics"):
                answer = await client.get(f"http://127.0.0.1:{self.port}/{path}", timeout=SOON_SECONDS)
                assert answer.status_code == (503 if path == "ready" else 200)  # it has no Kafka to be ready with

    async def started(self) -> None:
        async with asyncio.timeout(60):
            while True:
                try:
                    await self.answers()
                except (httpx.TransportError, TimeoutError):
                    assert self.process.poll() is None, self.log.read_text()
                else:
                    return


@pytest.fixture(params=["search", "icat_gateway"])
def serving(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Serving]:
    """One service of each kind of door."""
    raise_limit()
    serving = Serving(request.param, tmp_path)
    yield serving
    serving.process.terminate()
    try:
        serving.process.wait(30)
    finally:
        serving.process.kill()
        serving.process.wait()


async def attack(port: int, count: int, said: bytes) -> list[asyncio.StreamWriter]:
    """Connections from five addresses that say this and no more."""
    writers = []
    for number in range(count):
        address = (ATTACKERS[number % len(ATTACKERS)], 0)
        _, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=address)
        writer.write(said)
        writers.append(writer)
    return writers


async def test_1100_half_open_requests_leave_it_answering_and_its_log_small(serving: Serving) -> None:
    await serving.started()
    writers: list[asyncio.StreamWriter] = []
    try:
        for said in (HALF_A_HEAD, HALF_A_BODY):
            writers += await attack(serving.port, 1100, said)
            await serving.answers()
        if "icat_gateway" in serving.log.name:
            writers += await attack(serving.stomp_port, 600, STOMP_CONNECT)
            await serving.answers()
            reader, newcomer = await asyncio.open_connection("127.0.0.1", serving.stomp_port)
            newcomer.write(STOMP_CONNECT)
            async with asyncio.timeout(SOON_SECONDS):
                assert (await reader.readuntil(b"\0")).startswith(b"CONNECTED")
            writers.append(newcomer)
    finally:
        for writer in writers:
            writer.transport.abort()
        await asyncio.sleep(0)
    await serving.answers()
    log = serving.log.read_text()
    assert len(log) < MOST_LOG_BYTES
    assert "out of system resource" not in log
    assert "Traceback" not in log

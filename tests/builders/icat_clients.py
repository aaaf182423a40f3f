"""ICAT's clients as processes or sockets, and the edge as a process."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path

import httpx
from aiokafka import AIOKafkaConsumer

from deploy.embedded.ports import any_free_port
from shared.kafka.settings import KafkaSettings

ROOT = Path(__file__).parents[2]
DATASET = (
    '<?xml version="1.0" encoding="UTF-8"?><tns:dataset xmlns:tns="http://www.esrf.fr/icat" complete="true">'
    "<tns:investigation>mx1111</tns:investigation><tns:instrument>id30a-3</tns:instrument><tns:name>run_{0}</tns:name>"
    "<tns:location>/data/visitor/mx1111/id30a3/20241130/RAW_DATA/{1}/run_{0}</tns:location>"
    "<tns:startDate>2024-11-30T09:00:00+01:00</tns:startDate><tns:endDate>2024-11-30T09:01:00+01:00</tns:endDate>"
    "<tns:sample><tns:name>Fus_RAC1b</tns:name></tns:sample>"
    "<tns:parameter><tns:name>MX_resolution</tns:name><tns:value>1.5</tns:value></tns:parameter></tns:dataset>"
)


def dataset(number: int, sample: str) -> bytes:
    """A dataset with its number in its name. The sample distinguishes the datasets of each test."""
    return DATASET.format(number, sample).encode()


class EdgeProcess:
    """`beamcat serve icat_gateway`, with ports and a spool that stay when it is restarted."""

    def __init__(self, settings: KafkaSettings, folder: Path) -> None:
        self.stomp_port, self.jolokia_port, self._http_port = any_free_port(), any_free_port(), any_free_port()
        self._environment = {
            **os.environ,
            "BEAMCAT_KAFKA_BOOTSTRAP_SERVERS": settings.bootstrap_servers,
            "BEAMCAT_STOMP_PORT": str(self.stomp_port),
            "BEAMCAT_JOLOKIA_PORT": str(self.jolokia_port),
            "BEAMCAT_HTTP_PORT": str(self._http_port),
            "BEAMCAT_STOMP_SPOOL": str(folder / "spool"),
        }
        self._process: asyncio.subprocess.Process | None = None

    async def start(self, environment: Mapping[str, str] | None = None) -> None:
        """Start it, and wait until STOMP is served."""
        argv = [sys.executable, "-m", "deploy", "serve", "icat_gateway"]
        self._process = await asyncio.create_subprocess_exec(
            *argv, cwd=ROOT, env={**self._environment, **(environment or {})}
        )
        async with asyncio.timeout(60):
            while not await self._listens():  # noqa: ASYNC110  another process sets no event
                await asyncio.sleep(0.05)

    async def ready(self) -> None:
        """Wait until it has reached Kafka. Earlier frames go to its spool."""
        async with asyncio.timeout(60), httpx.AsyncClient() as http:
            while not await self._is_ready(http):  # noqa: ASYNC110  another process sets no event
                await asyncio.sleep(0.05)

    async def _is_ready(self, http: httpx.AsyncClient) -> bool:
        try:
            return (await http.get(f"http://127.0.0.1:{self._http_port}/ready")).is_success
        except httpx.TransportError:  # STOMP may be served a moment before HTTP
            return False

    async def ended(self) -> int:
        """Wait until the process ends, and return its exit code."""
        assert self._process is not None
        return await self._process.wait()

    async def stop(self) -> int:
        """Ask the process to shut down in order."""
        assert self._process is not None
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGTERM)
        return await self._process.wait()

    async def _listens(self) -> bool:
        assert self._process is not None
        assert self._process.returncode is None, "the edge ended at its start"
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", self.stomp_port)
        except OSError:
            return False
        writer.close()
        return True


@contextlib.asynccontextmanager
async def topic_from_now(kafka: str, topic: str) -> AsyncIterator[AIOKafkaConsumer]:
    """A reader of the new records of a topic, in the order of each partition."""
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=kafka)
    await consumer.start()
    try:
        for partition in consumer.assignment():
            await consumer.position(partition)
        yield consumer
    finally:
        await consumer.stop()


async def run_python(code: str, arguments: Sequence[object]) -> str:
    """Run a client in its own process, because its imports warn and it does not use asyncio."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-W", "ignore", "-c", code, *map(str, arguments)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    assert process.returncode == 0, output.decode()
    return output.decode()

"""Attacks by peers that send nothing, stop halfway or do not read."""

import asyncio
import contextlib
import resource
from collections.abc import AsyncIterator, Awaitable, Callable
from urllib.parse import urlsplit

from services.icat_gateway.ports import QUEUES
from tests.attack.target import Faults, Target
from tests.builders.icat_clients import dataset

ADDRESSES = tuple(f"127.0.0.{number}" for number in range(2, 7))
ADMITTED_SECONDS = 5.0
HOLD_SECONDS = 10.0
HALF = b"SEND\ndestination:/queue/icatIngest\ncontent-length:6000000\n\n" + b"x" * 1_000_000

Writer = asyncio.StreamWriter


@contextlib.asynccontextmanager
async def _open(opening: Callable[[int], Awaitable[Writer]], count: int) -> AsyncIterator[list[Writer]]:
    """This number of connections, without those that were refused."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, 16_384)), hard))
    writers: list[Writer] = []
    try:
        for number in range(count):
            with contextlib.suppress(OSError, EOFError):
                writers.append(await opening(number))
        yield writers
    finally:
        for writer in writers:
            writer.close()


async def _newcomer(target: Target, name: str) -> Faults:
    """A new beamline can connect, and its dataset is accepted."""
    began = asyncio.get_running_loop().time()
    try:
        async with asyncio.timeout(ADMITTED_SECONDS):
            client = await (await target.stomp("127.0.0.99")).connect()
            await client.send(dataset(0, name), "r")
            await client.received("r")
            await client.close()
    except (TimeoutError, OSError, EOFError, AssertionError) as error:
        seconds = asyncio.get_running_loop().time() - began
        return [f"a newcomer did not get in within {seconds:.1f} s: {type(error).__name__} {error}"]
    return []


async def silent_connections(target: Target) -> Faults:
    """Five hundred connections from five addresses that send nothing, or nothing after CONNECT."""

    async def opening(number: int) -> Writer:
        client = await target.stomp(ADDRESSES[number % len(ADDRESSES)])
        if number % 2:
            await client.say(b"CONNECT\naccept-version:1.1\nhost:\n\n\0")
        return client.writer

    async with _open(opening, 520):
        return await _newcomer(target, "silent")


async def half_sent_frames(target: Target) -> Faults:
    """Eight large frames that stop halfway. Clients that send complete frames are not delayed."""

    async def opening(number: int) -> Writer:
        client = await (await target.stomp(ADDRESSES[number % 2])).connect()
        await client.say(HALF)
        return client.writer

    async with _open(opening, 8):
        return await _newcomer(target, "half")


async def deaf_clients(target: Target) -> Faults:
    """Clients that request receipts but do not read them."""

    async def opening(number: int) -> Writer:
        client = await (await target.stomp(ADDRESSES[number % 5])).connect()
        frame = f"SEND\ndestination:/queue/{QUEUES[0]}\nreceipt:{'r' * 1000}\n\n<a/>\0".encode()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(1):
                for _ in range(200):
                    await client.say(frame)
        return client.writer

    async with _open(opening, 5):
        return await _newcomer(target, "deaf")


async def half_open_requests(target: Target) -> Faults:
    """Eleven hundred requests to each service that are never completed."""
    ports = [urlsplit(url).port for url in target.running.urls.values()]
    heads = (
        b"",
        b"GET / HT",
        b"GET /ready HTTP/1.1\r\nHost: a\r\n",
        b"POST /datasets HTTP/1.1\r\nContent-Length: 9\r\n\r\n{",
    )

    async def opening(number: int) -> Writer:
        _, writer = await asyncio.open_connection(
            "127.0.0.1", ports[number % len(ports)], local_addr=(ADDRESSES[number % 5], 0)
        )
        writer.write(heads[number % len(heads)])
        return writer

    async with _open(opening, target.many(1100) * len(ports)):
        await target.pause(HOLD_SECONDS * target.scale)
    logs = {file.name: file.stat().st_size for file in target.directory.glob("logs/*.log")}
    return [f"{name} has {size / 2**20:.0f} MB" for name, size in logs.items() if size > 16 * 2**20]


SILENCES = {
    "silent-connections": silent_connections,
    "half-sent-frames": half_sent_frames,
    "deaf-clients": deaf_clients,
    "half-open-requests": half_open_requests,
}

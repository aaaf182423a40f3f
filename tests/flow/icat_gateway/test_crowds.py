"""Many silent, slow and stopped clients: whoever comes with something to send is served within seconds."""

import asyncio
import contextlib
import socket
import subprocess
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from prometheus_client import REGISTRY

from services.icat_gateway.stomp.bounds import Bounds, Timeouts
from services.icat_gateway.stomp.framing import Reason
from shared.runtime.descriptors import raise_limit
from tests.builders.edge import Broker, Client, World, running, until

pytestmark = [
    pytest.mark.flow,
    pytest.mark.skipif(sys.platform != "linux", reason="other systems have one loopback address"),
]

STRANGERS = [f"127.0.0.{number}" for number in range(60, 65)]
SOON_SECONDS = 5.0
HALF_A_FRAME = b"SEND\ndestination:/queue/icatIngest\nreceipt:L\ncontent-length:600000\n\n" + b"x" * 300_000
CONNECT = b"CONNECT\naccept-version:1.1\nhost:\n\n\0"


@pytest.fixture(autouse=True)
def _enough_descriptors() -> None:
    raise_limit()


def pushed_out() -> float:
    return REGISTRY.get_sample_value("beamcat_icat_refused_total", {"reason": Reason.TOO_MANY_CONNECTIONS}) or 0


async def crowd(world: World, count: int, said: bytes) -> list[Client]:
    """Connections of strangers, in turn from each of their addresses."""
    clients = [await world.client(STRANGERS[number % len(STRANGERS)]) for number in range(count)]
    for client in clients:
        client.writer.write(said)
    return clients


async def serves(world: World, address: str, body: bytes) -> None:
    """A newcomer from this address gets in, and what it sends is durable, soon."""
    async with asyncio.timeout(SOON_SECONDS):
        client = await (await world.client(address)).connect()
        await client.send(body, "soon")
        await client.received("soon")


@pytest.mark.parametrize("said", [b"", CONNECT, CONNECT + b"SEND\n", CONNECT + HALF_A_FRAME], ids=len)
async def test_500_silent_connections_keep_nobody_out_and_push_nobody_out(tmp_path: Path, said: bytes) -> None:
    async with running(tmp_path, broker := Broker()) as world:
        real = await (await world.client("127.0.0.9")).connect()
        await real.send(b"before", "1")
        await real.received("1")
        await crowd(world, 500, said)
        await serves(world, "127.0.0.10", b"newcomer")
        await serves(world, STRANGERS[0], b"of a crowded address")
        async with asyncio.timeout(SOON_SECONDS):
            await real.send(b"after", "2")
            await real.received("2")
    assert broker.bodies == [b"before", b"newcomer", b"of a crowded address", b"after"]


async def test_one_that_makes_room_is_told_why_and_counted(tmp_path: Path) -> None:
    before = pushed_out()
    async with running(tmp_path, Broker(), stomp_connections_per_address=1) as world:
        with socket.create_connection(("127.0.0.1", world.edge.server.port)) as first:
            first.sendall(CONNECT)
            said = await asyncio.to_thread(first.recv, 4096)
            assert said.startswith(b"CONNECTED\n")
            second = await (await world.client()).connect()
            await until(lambda: pushed_out() == before + 1)
            with contextlib.suppress(ConnectionResetError):
                while data := first.recv(4096):
                    said += data
            assert b"ERROR\nmessage:127.0.0.1 has 2 connections (at most 1" in said
        await second.send(b"1", "1")
        await second.received("1")


SENDS_EACH_LINE = """
import sys
from pyicat_plus.client._internal.messaging import IcatMessagingClient
client = IcatMessagingClient(["127.0.0.1:" + sys.argv[1]], "icatIngest")
for line in sys.stdin:
    client.send(line.strip().encode())
    print("sent", flush=True)
client.disconnect()
"""


@contextlib.asynccontextmanager
async def pyicat_plus(port: int) -> AsyncIterator[Callable[[str], Awaitable[None]]]:
    """The real client, in a process of its own since its import warns: what it sends is sent when the call returns."""
    program = (sys.executable, "-W", "ignore", "-c", SENDS_EACH_LINE, str(port))
    client = await asyncio.create_subprocess_exec(*program, stdin=PIPE, stdout=PIPE)
    assert client.stdin is not None

    async def send(line: str) -> None:
        assert client.stdin is not None
        assert client.stdout is not None
        client.stdin.write(f"{line}\n".encode())
        assert await client.stdout.readline() == b"sent\n"

    try:
        yield send
    finally:
        client.stdin.close()
        await client.wait()


async def test_pyicat_plus_loses_no_frame_when_its_connection_made_room(tmp_path: Path) -> None:
    async with (
        running(tmp_path, broker := Broker(), stomp_connections_per_address=1) as world,
        pyicat_plus(world.edge.server.port) as send,
    ):
        for number in range(4):
            await send(str(number))
            await until(lambda number=number: len(broker.bodies) == number + 1)  # type: ignore[misc]
            before = pushed_out()
            await (await world.client()).connect()
            await until(lambda before=before: pushed_out() == before + 1)  # type: ignore[misc]
    assert broker.bodies == [b"0", b"1", b"2", b"3"]


async def test_pyicat_plus_loses_no_frame_when_the_edge_is_restarted(tmp_path: Path) -> None:
    async with contextlib.AsyncExitStack() as ends:
        async with running(tmp_path, broker := Broker()) as world:
            port = world.edge.server.port
            send = await ends.enter_async_context(pyicat_plus(port))
            await send("before")
            await until(lambda: len(broker.bodies) == 1)
        async with running(tmp_path, broker, stomp_port=port):
            await send("after")
            await until(lambda: len(broker.bodies) == 2)
            await ends.aclose()
    assert broker.bodies == [b"before", b"after"]


async def test_one_whose_frame_is_not_durable_yet_is_not_silent(tmp_path: Path) -> None:
    broker = Broker()
    async with running(tmp_path, broker, stomp_connections_per_address=2) as world:
        busy = await (await world.client()).connect()
        silent = await (await world.client()).connect()
        broker.gate.clear()
        await busy.send(b"1", "1")
        await until(lambda: broker.asked)
        newcomer = await (await world.client()).connect()
        await silent.rest()
        broker.gate.set()
        await busy.received("1")
        await newcomer.send(b"2", "2")
        await newcomer.received("2")


async def test_what_was_taken_of_one_that_makes_room_is_not_lost(tmp_path: Path) -> None:
    broker = Broker()
    broker.gate.clear()
    async with running(tmp_path, broker, stomp_connections=1) as world:
        first, second = [await (await world.client()).connect() for _ in range(2)]
        await first.rest()
        await second.send(b"1")
        await until(lambda: broker.asked)
        third, fourth = [await (await world.client()).connect() for _ in range(2)]
        await third.rest()  # the second is busy, and the room may be overrun by one
        await fourth.send(b"2")
        await until(lambda: world.edge.intake.frames == 1)
        await (await world.client()).connect()  # now all are busy, and one has to go
        await second.rest()
        broker.gate.set()
        await fourth.close()
        await until(lambda: len(broker.bodies) == 2)


@pytest.mark.parametrize("senders", [4, 8])
@pytest.mark.parametrize("addresses", [STRANGERS[:1], STRANGERS])
async def test_half_sent_large_frames_do_not_delay_a_neighbour(
    tmp_path: Path, senders: int, addresses: list[str]
) -> None:
    async with running(tmp_path, broker := Broker()) as world:
        stalled = [await (await world.client(addresses[n % len(addresses)])).connect() for n in range(senders)]
        for client in stalled:
            client.writer.write(HALF_A_FRAME)
        await until(lambda: sum(client.received_bytes > 60_000 for client in world.edge.server.connections) == senders)
        await serves(world, "127.0.0.9", b"small")
        await serves(world, "127.0.0.9", b"L" * 700_000)
    assert [len(body) for body in broker.bodies] == [5, 700_000]


async def test_a_stalled_sender_is_told_that_it_had_to_give_way(tmp_path: Path) -> None:
    bounds = Bounds(large_frames=1, timeouts=Timeouts(permit=0.05, goodbye=0.05))
    async with running(tmp_path, Broker(), bounds) as world:
        stalled = await (await world.client(STRANGERS[0])).connect()
        await stalled.say(HALF_A_FRAME)
        await until(lambda: any(client.has_permit for client in world.edge.server.connections))
        await serves(world, "127.0.0.9", b"L" * 700_000)
        assert "another address gets its turn" in await stalled.rest()


STOPS_IN_THE_MIDDLE = """
import os, pathlib, signal, socket, sys
client = socket.create_connection(("127.0.0.1", int(sys.argv[1])), source_address=(sys.argv[2], 0))
client.sendall(pathlib.Path(sys.argv[3]).read_bytes())
os.kill(os.getpid(), signal.SIGSTOP)
"""


@pytest.fixture
def started() -> Iterator[list[subprocess.Popen[bytes]]]:
    """Processes that were started, to be killed."""
    processes: list[subprocess.Popen[bytes]] = []
    yield processes
    for process in processes:
        process.kill()
        process.wait()


async def test_clients_that_are_stopped_in_the_middle_of_a_frame_delay_nobody(
    tmp_path: Path, started: list[subprocess.Popen[bytes]]
) -> None:
    said = tmp_path / "half"
    said.write_bytes(CONNECT + HALF_A_FRAME)
    async with running(tmp_path / "spool", broker := Broker(), stomp_connections=6) as world:
        for address in (*STRANGERS[:2], *STRANGERS[:2]):
            program = (sys.executable, "-c", STOPS_IN_THE_MIDDLE, str(world.edge.server.port), address, str(said))
            started.append(subprocess.Popen(program))  # noqa: ASYNC220  the fixture kills it
        await until(lambda: sum(client.received_bytes > 60_000 for client in world.edge.server.connections) == 4)
        await serves(world, "127.0.0.9", b"L" * 700_000)
        for number in range(10, 20):
            await serves(world, f"127.0.0.{number}", b"small")
    assert len(broker.bodies) == 11

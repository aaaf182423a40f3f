"""Many silent, slow and stopped clients: whoever comes with something to send is served within seconds."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.icat_gateway.bounds import Bounds, Patiences
from services.icat_gateway.framing import Reason
from shared.descriptors import raise_limit
from shared.metrics import ICAT_REFUSED
from tests.flow.icat_gateway.edge_on_memory import Broker, Client, World, running, until

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
    return float(ICAT_REFUSED.labels(Reason.TOO_MANY_CONNECTIONS)._value.get())


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
    async with running(tmp_path, Broker(), stomp_connections=3, stomp_connections_per_address=2) as world:
        first, second = [await (await world.client(STRANGERS[0])).connect() for _ in range(2)]
        small = await (await world.client("127.0.0.9")).connect()
        third = await (await world.client(STRANGERS[0])).connect()
        assert f"ERROR\nmessage:{STRANGERS[0]} has 3 connections" in await first.rest()
        await (await world.client("127.0.0.10")).connect()
        assert f"ERROR\nmessage:{STRANGERS[0]} has 2 connections" in await second.rest()
        for client in (small, third):
            await client.send(b"1", "1")
            await client.received("1")
    assert pushed_out() == before + 2


async def test_one_whose_frame_is_not_durable_yet_is_not_silent(tmp_path: Path) -> None:
    broker = Broker()
    async with running(tmp_path, broker, stomp_connections_per_address=2) as world:
        busy = await (await world.client()).connect()
        silent = await (await world.client()).connect()
        broker.gate.clear()
        await busy.send(b"1", "1")
        await until(lambda: broker.asked)
        newcomer = await (await world.client()).connect()
        assert "ERROR" in await silent.rest()
        broker.gate.set()
        await busy.received("1")
        await newcomer.send(b"2", "2")
        await newcomer.received("2")


async def test_what_was_taken_of_one_that_makes_room_is_not_lost(tmp_path: Path) -> None:
    broker = Broker()
    broker.gate.clear()
    async with running(tmp_path, broker, stomp_connections=1) as world:
        first, second = [await (await world.client()).connect() for _ in range(2)]
        assert "ERROR" in await first.rest()
        await second.send(b"1")
        await until(lambda: broker.asked)
        third, fourth = [await (await world.client()).connect() for _ in range(2)]
        assert "ERROR" in await third.rest()  # the second is busy, and the room may be overrun by one
        await fourth.send(b"2")
        await until(lambda: len(world.edge.server._intake._waiting) == 1)
        await (await world.client()).connect()  # now all are busy, and one has to go
        assert "ERROR" in await second.rest()
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
        await until(lambda: sum(client.received_bytes > 60_000 for client in world.edge.server._connections) == senders)
        await serves(world, "127.0.0.9", b"small")
        await serves(world, "127.0.0.9", b"L" * 700_000)
    assert [len(body) for body in broker.bodies] == [5, 700_000]


async def test_a_stalled_sender_is_told_that_it_had_to_give_way(tmp_path: Path) -> None:
    bounds = Bounds(large_frames=1, patiences=Patiences(permit=0.05, goodbye=0.05))
    async with running(tmp_path, Broker(), bounds) as world:
        stalled = await (await world.client(STRANGERS[0])).connect()
        await stalled.say(HALF_A_FRAME)
        await until(lambda: any(client._permit for client in world.edge.server._connections))
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
        await until(lambda: sum(client.received_bytes > 60_000 for client in world.edge.server._connections) == 4)
        await serves(world, "127.0.0.9", b"L" * 700_000)
        for number in range(10, 20):
            await serves(world, f"127.0.0.{number}", b"small")
    assert len(broker.bodies) == 11

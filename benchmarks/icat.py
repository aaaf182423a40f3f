"""`make bench-icat`: the rates at which frames of ICAT's clients are accepted and committed, compared with coilmq.

coilmq is the broker of the client's own mock. Senders are separate processes. A frame is accepted when it is durable:
either the receipt of each connection's last frame stops the clock, or each frame waits for the receipt of the one
before. coilmq sends receipts for frames in memory, and neither translates nor stores them. It breaks a connection on
which frames follow each other without a pause, so it has no number there. Both get the same frames in the same run.
Their ratio says more than either number, because machines differ.
"""

import argparse
import asyncio
import contextlib
import itertools
import random
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from xml.sax.saxutils import escape

import psutil

from benchmarks.instruments.processes import peak_megabytes
from benchmarks.instruments.progress import all_committed
from deploy.embedded.installation import Installation, installation
from deploy.embedded.ports import any_free_port
from tests.builders.submissions import raw_submission

RAW_CONNECTIONS = (1, 5, 50)
CLIENT_PROCESSES = (1, 4)
AIM_PER_SECOND = 2000
UNPACED = {"BEAMCAT_SOURCE_BYTES_PER_SECOND": str(2**30)}
"""No limit per source: all senders here have the same address, and the edge is measured."""
NEIGHBOUR_FRAMES = 200
ATTACK_SECONDS = 15

RAW_SENDER = """
import socket, sys, threading, time
port, connections, file, each = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4] == "each"
bodies = open(file, "rb").read().split(b"\\0")[:-1]
HEAD = b"SEND\\nack:client-individual\\ndestination:/queue/icatIngest\\npersistent:true\\n"
receipted = []
def until(answers, wanted):
    for line in answers:
        if line.lstrip(b"\\0").startswith(wanted): return
    raise EOFError
def send(place):
    mine = bodies[place::connections]
    link = socket.create_connection(("127.0.0.1", port))
    link.sendall(b"CONNECT\\naccept-version:1.1\\nhost:\\n\\n\\0")
    answers = link.makefile("rb")
    until(answers, b"CONNECTED")
    for number, body in enumerate(mine):
        asks = each or number == len(mine) - 1
        link.sendall(HEAD + (b"receipt:%d\\n" % number if asks else b"") + b"\\n" + body + b"\\0")
        if asks: until(answers, b"receipt-id:%d\\n" % number)
    receipted.append(len(mine))
    link.close()
threads = [threading.Thread(target=send, args=(place,)) for place in range(connections)]
began = time.monotonic()
for thread in threads: thread.start()
for thread in threads: thread.join()
print(time.monotonic() - began if sum(receipted) == len(bodies) else "broken")
"""

ATTACKER = """
import socket, sys, threading, time
port, seconds = int(sys.argv[1]), float(sys.argv[2])
BODIES = (b"x" * 100_000_000, b"a:" + b"y" * 10_000_000, b"<!DOCTYPE a [" + b"<!ENTITY b 'c'>" * 300_000 + b"\\0")
ends = time.monotonic() + seconds
def attack(body):
    while time.monotonic() < ends:
        try:
            link = socket.create_connection(("127.0.0.1", port))
            link.sendall(b"CONNECT\\naccept-version:1.1\\nhost:\\n\\n\\0SEND\\ndestination:/queue/icatIngest\\n")
            link.sendall(body if body.startswith(b"a:") else b"\\n" + body)
        except OSError: pass
for thread in [threading.Thread(target=attack, args=(body,)) for body in BODIES * 2]: thread.start()
"""

CLIENT_SENDER = """
import sys, time
from pyicat_plus.client.main import IcatClient
port, first, count, file = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
client = IcatClient(metadata_urls=[f"127.0.0.1:{port}"])
began = time.monotonic()
for number in range(first, first + count):
    path = f"/data/visitor/mx1111/id30a3/20241130/RAW_DATA/client/run_{number}"
    metadata = {"Sample_name": "client", "MX_resolution": 1.5, "MX_numberOfImages": 100, "MX_flux": 1e12,
                "startDate": "2024-11-30T09:00:00+01:00", "endDate": "2024-11-30T09:01:00+01:00", "definition": "MX"}
    client.store_dataset(beamline="id30a-3", proposal="mx1111", dataset=f"run_{number}", path=path, metadata=metadata)
client.disconnect()
print(time.monotonic() - began)
"""


def body(number: int, chance: random.Random) -> bytes:
    """A data collection with 28 parameters as XML, about 3 kB."""
    said = raw_submission(number, chance)
    parameters = "".join(
        f"<tns:parameter><tns:name>{name}</tns:name><tns:value>{escape(str(value))}</tns:value></tns:parameter>"
        for name, value in list(said["parameters"].items())[:28]
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?><tns:dataset xmlns:tns="http://www.esrf.fr/icat" complete="true">'
        f"<tns:investigation>{said['proposal']}</tns:investigation>"
        f"<tns:instrument>{said['parameters']['beamlineID']}</tns:instrument><tns:name>{said['name']}</tns:name>"
        f"<tns:location>{said['path']}</tns:location><tns:startDate>{said['start']}</tns:startDate>"
        f"<tns:endDate>{said['end']}</tns:endDate><tns:sample><tns:name>{said['sample']}</tns:name></tns:sample>"
        f"{parameters}</tns:dataset>"
    ).encode()


async def senders(code: str, arguments: Sequence[Sequence[object]]) -> float | None:
    """Run sender processes concurrently. It returns the seconds of the slowest without its start; None if one broke."""

    async def one(given: Sequence[object]) -> str:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-W", "ignore", "-c", code, *map(str, given)),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        output, _ = await process.communicate()
        return output.decode().split()[-1]

    took = await asyncio.gather(*(one(given) for given in arguments))
    return None if "broken" in took else max(map(float, took))


@contextlib.asynccontextmanager
async def coilmq() -> AsyncIterator[int]:
    """The broker of the client's own mock, on a free port."""
    port = any_free_port()
    module = "pyicat_plus_pytest_plugin.servers.coilmq"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-W", "ignore", "-m", module, "-b", "127.0.0.1", "-p", str(port)),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(30):
            while psutil.Process(process.pid).is_running():
                with contextlib.suppress(OSError):
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                    writer.close()
                    break
                await asyncio.sleep(0.1)
        yield port
    finally:
        process.kill()
        await process.wait()


async def bench(frames: int, client_frames: int, seed: int, directory: Path) -> None:
    """Run the benchmark and print its results."""
    async with installation(directory, environment={"icat_gateway": UNPACED}) as running:
        chance = random.Random(seed)
        done = 0
        print(f"{'':36}{'taken/s':>10}{'committed/s':>13}{'coilmq/s':>10}{'ratio':>8}")
        for connections, (receipts, count) in itertools.product(
            RAW_CONNECTIONS, (("last", frames), ("each", frames // 10))
        ):
            file = directory / f"frames-{connections}-{receipts}"
            file.write_bytes(b"".join(body(number, chance) + b"\0" for number in range(done, done + count)))
            done += count
            name = f"raw, {connections} connection{'s' * (connections > 1)}, receipts: {receipts}"
            await case(running, name, RAW_SENDER, [[connections, file, receipts]], (count, done))
        for processes in CLIENT_PROCESSES:
            share = client_frames // processes
            arguments_of = [[done + place * share, share, "-"] for place in range(processes)]
            done += share * processes
            await case(running, f"pyicat-plus, {processes}", CLIENT_SENDER, arguments_of, (share * processes, done))
        await disturbed(running, [body(number, chance) for number in range(done, done + NEIGHBOUR_FRAMES)])
        edge = running.supervisor.pid("icat_gateway")
        print(f"edge's peak memory: {peak_megabytes(edge):.0f} MB; aim: {AIM_PER_SECOND} raw frames/s taken")


async def disturbed(running: Installation, bodies: Sequence[bytes]) -> None:
    """Print how long a client waits for its receipts, alone and while six connections send malformed frames."""
    reader, writer = await asyncio.open_connection("127.0.0.1", running.stomp_port)
    writer.write(b"CONNECT\naccept-version:1.1\nhost:\n\n\0")
    await reader.readuntil(b"\0")
    for what in ("alone", "beside six that pour malformed frames"):
        attacker = None
        if what != "alone":
            command = (sys.executable, "-c", ATTACKER, str(running.stomp_port), str(ATTACK_SECONDS))
            attacker = await asyncio.create_subprocess_exec(*command)
        waits = []
        for place, each in enumerate(bodies):
            began = time.monotonic()
            writer.write(b"SEND\ndestination:/queue/icatIngest\nreceipt:%d\n\n%b\0" % (place, each))
            await reader.readuntil(b"receipt-id:%d\n\n\0" % place)
            waits.append(time.monotonic() - began)
        if attacker is not None:
            await attacker.wait()
        median, worst = statistics.median(waits) * 1000, max(waits) * 1000
        print(f"a neighbour {what}: receipts after {median:.0f} ms (median), {worst:.0f} ms (worst of {len(waits)})")
    writer.close()


async def case(
    running: Installation, name: str, code: str, arguments: Sequence[Sequence[object]], counts: tuple[int, int]
) -> None:
    """Measure one kind of sender. `counts` are its frames, and all datasets that are catalogued afterwards."""
    frames, total = counts
    began = time.monotonic()
    taken = await senders(code, [[running.stomp_port, *given] for given in arguments])
    committed = await all_committed(running, total) - began
    async with coilmq() as port:
        theirs = await senders(code, [[port, *given] for given in arguments])
    assert taken is not None, f"{name}: the edge broke a connection"
    beside = f"{'breaks':>10}{'':8}" if theirs is None else f"{frames / theirs:10.0f}{theirs / taken:8.2f}"
    print(f"{name:36}{frames / taken:10.0f}{frames / committed:13.0f}{beside}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=5000)
    parser.add_argument("--client-frames", type=int, default=400)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        asyncio.run(bench(chosen.frames, chosen.client_frames, chosen.seed, Path(temporary)))

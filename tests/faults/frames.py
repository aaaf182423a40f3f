"""`make faults-icat`: the edge is killed repeatedly while real clients send, and Kafka is down for a while.

The clients ask for no receipt, so a frame that lies in a socket when the edge dies is lost, and nobody can know: only
those may be missing, and the clients find and send them again. Each dataset must then be catalogued, as one revision.
"""

import argparse
import asyncio
import json
import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg

from deploy.embedded.installation import Installation, installation
from tests.faults.beamline import path_of

CLIENTS = 5
IN_A_SOCKET = 3
"""The most frames of one client that a kill may lose. A client sends one after the other, at most some 100 a second."""
SETTLE_SECONDS = 300.0
STILL_SECONDS = 5.0
ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Storm:
    """How much is sent, and what happens meanwhile."""

    frames: int
    kills: int
    kafka_seconds: float
    seed: int


class Beamlines:
    """The client processes."""

    def __init__(self, running: Installation, storm: Storm, directory: Path) -> None:
        self._running = running
        self._share = storm.frames // CLIENTS
        self._directory = directory
        self._processes: list[asyncio.subprocess.Process] = []
        self._logs = [directory / f"beamline-{place}.sent" for place in range(CLIENTS)]
        self.calm = directory / "calm"

    async def start(self) -> None:
        """Start each client in its own process."""
        urls = [f"127.0.0.1:{self._running.stomp_port}"]
        client = {
            "metadata_urls": urls,
            "elogbook_url": self._running.urls["icat_plus"],
            "elogbook_token": self._running.token,
            "feedback_timeout": 30,
        }
        for place, log in enumerate(self._logs):
            log.touch()
            said: dict[str, Any] = {"client": client, "first": place * self._share, "count": self._share}
            file = log.with_suffix(".json")
            file.write_text(json.dumps(said | {"sent": str(log), "calm": str(self.calm)}), encoding="utf-8")
            with log.with_suffix(".err").open("wb") as errors:
                process = await asyncio.create_subprocess_exec(
                    sys.executable, "-W", "ignore", "-m", "tests.faults.beamline", str(file),
                    cwd=ROOT, stdout=asyncio.subprocess.PIPE, stderr=errors,
                )  # fmt: skip
            self._processes.append(process)

    def sent(self) -> int:
        """How many frames were sent."""
        return sum(log.read_bytes().count(b"\n") for log in self._logs)

    async def until_sent(self, wanted: int) -> None:
        """Wait until this number of frames was sent."""
        while self.sent() < wanted:  # noqa: ASYNC110  another process sets no event
            await asyncio.sleep(0.01)

    async def confirm(self) -> list[dict[str, int]]:
        """Let the clients check, and send again what is missing. Returns how many each had to send again."""
        self.calm.touch()
        outputs = await asyncio.gather(*(process.communicate() for process in self._processes))
        return [json.loads(output) for output, _ in outputs]

    def end(self) -> None:
        """End all processes."""
        for process in self._processes:
            if process.returncode is None:
                process.kill()


async def frames_survive(storm: Storm, directory: Path, say: Callable[[str], None]) -> list[str]:
    """Everything that was lost or came twice. Empty if there is nothing."""
    say(f"seed {storm.seed}: {storm.frames} frames from {CLIENTS} clients, {storm.kills} kills of the edge")
    async with installation(directory / "beamcat", say=say) as running:
        beamlines = Beamlines(running, storm, directory)
        try:
            await beamlines.start()
            await asyncio.gather(_kill(running, beamlines, storm, say), _stop_kafka(running, beamlines, storm, say))
            await beamlines.until_sent(storm.frames)
            committed = await _settled(running, say)
            lost = storm.frames - committed
            say(f"of {storm.frames} frames {committed} are catalogued; {lost} lay in sockets when the edge died")
            answers = await beamlines.confirm()
        finally:
            beamlines.end()
        faults = [f"{lost} frames are lost"] if lost > storm.kills * CLIENTS * IN_A_SOCKET else []
        say(f"the clients sent {sum(answer['again'] for answer in answers)} again")
        return faults + await _audit(running, storm.frames)


async def _kill(running: Installation, beamlines: Beamlines, storm: Storm, say: Callable[[str], None]) -> None:
    """Kill the edge at random moments between the first frame and the last."""
    chance = random.Random(storm.seed)
    for at in sorted(chance.sample(range(1, storm.frames - CLIENTS), storm.kills)):
        await beamlines.until_sent(at)
        while not _killed(running):  # noqa: ASYNC110  it is down still
            await asyncio.sleep(0.01)
        say(f"the edge is killed at frame {at}")


def _killed(running: Installation) -> bool:
    try:
        os.kill(running.supervisor.pid("icat_gateway"), signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


async def _stop_kafka(running: Installation, beamlines: Beamlines, storm: Storm, say: Callable[[str], None]) -> None:
    await beamlines.until_sent(storm.frames // 2)
    say(f"Kafka is away for {storm.kafka_seconds:.0f} s")
    await running.stack.kill("kafka")
    await asyncio.sleep(storm.kafka_seconds)
    await running.stack.restart("kafka")
    say(f"Kafka is back; {beamlines.sent()} frames were sent meanwhile and before")


async def _settled(running: Installation, say: Callable[[str], None]) -> int:
    """The datasets of the catalogue, once it no longer changes."""
    connection = await asyncpg.connect(running.settings.database.url)
    began = changed = time.monotonic()
    count = -1
    try:
        while time.monotonic() - changed < STILL_SECONDS and time.monotonic() - began < SETTLE_SECONDS:
            now = await connection.fetchval("select count(*) from catalog.dataset")
            if now != count:
                count, changed = now, time.monotonic()
            await asyncio.sleep(0.2)
    finally:
        await connection.close()
    say(f"settled after {changed - began:.0f} s")
    return count


async def _audit(running: Installation, frames: int) -> list[str]:
    connection = await asyncpg.connect(running.settings.database.url)
    try:
        rows = await connection.fetch("select path, revision from catalog.dataset")
        rejected = await connection.fetch("select code, message from search.rejection")
    finally:
        await connection.close()
    wanted = {path_of(number) for number in range(frames)}
    found = {row["path"]: row["revision"] for row in rows}
    faults = [f"{path} is not catalogued" for path in sorted(wanted - found.keys())]
    faults += [f"{path} has {revision} revisions" for path, revision in found.items() if revision != 1]
    return faults + [f"rejected: {row['code']}: {row['message']}" for row in rejected]


def main() -> None:
    """Run the test. The exit code is 1 if there was any fault."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--frames", type=int, default=2000)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--kafka-seconds", type=float, default=60.0)
    parser.add_argument("--keep", type=Path, help="a folder to run in and keep, with all logs")
    chosen = parser.parse_args()
    storm = Storm(chosen.frames, chosen.kills, chosen.kafka_seconds, chosen.seed)
    with tempfile.TemporaryDirectory() as temporary:
        found = asyncio.run(frames_survive(storm, chosen.keep or Path(temporary), print))
    for fault in found:
        print("FAULT", fault)
    print(f"seed {chosen.seed}: {'no frame lost, none twice' if not found else f'{len(found)} faults'}")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()

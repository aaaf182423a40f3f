"""A frame over which the process dies stops its neighbours for a few restarts, and then no more."""

import asyncio
import signal
import sys
from pathlib import Path

from services.icat_gateway.delivery.attempts import MOST_DEATHS, Attempts
from services.icat_gateway.ports import Taken
from services.icat_gateway.spool import Spool
from services.icat_gateway.translation import Frame
from shared.events.topics import REJECTED, SUBMITTED


async def spooled(folder: Path, *bodies: bytes) -> None:
    spool = Spool(folder, 10**9)
    spool.open()
    await spool.append([Taken(Frame("icatIngest", body, "192.0.2.7"), number) for number, body in enumerate(bodies)])
    spool.close()


async def life(folder: Path) -> tuple[int, list[str]]:
    """One process on the spool: how it ended, and what it published."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.flow.icat_gateway.killed_edge", str(folder)), stdout=asyncio.subprocess.PIPE
    )
    told, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, told.decode().splitlines()


async def test_a_frame_that_kills_its_reader_is_set_aside_and_told_and_its_neighbours_arrive(tmp_path: Path) -> None:
    await spooled(tmp_path, b"1", b"deadly", b"2")
    ends = []
    while True:
        end, told = await life(tmp_path)
        ends.append(end)
        if end == 0:
            break
    assert ends == [-signal.SIGKILL] * (1 + MOST_DEATHS) + [0]
    assert [line.split()[0] for line in told] == [SUBMITTED.name, REJECTED.name, SUBMITTED.name]
    [aside] = tmp_path.glob("*.aside")
    assert f"it is in {aside.name}" in told[1]
    assert aside.read_bytes().endswith(b"\ndeadly")
    assert not (tmp_path / "attempt").exists()


async def test_an_end_in_order_is_no_death(tmp_path: Path) -> None:
    frame = [Taken(Frame("icatIngest", b"slow", "192.0.2.7"), 7)]
    for _ in range(3):
        attempts = Attempts(tmp_path)
        attempts.open()
        assert attempts.deaths(frame) == 0
        await attempts.begin(frame)
        attempts.close()
    await Attempts(tmp_path).begin(frame)  # and now it dies
    for _ in range(3):
        attempts = Attempts(tmp_path)
        attempts.open()
        assert attempts.deaths(frame) == 1
        assert attempts.are_suspect
        await attempts.begin(frame)
        attempts.close()


async def test_a_note_that_cannot_be_read_says_nothing(tmp_path: Path) -> None:
    (tmp_path / "attempt").write_bytes(b'{"first": 1')
    attempts = Attempts(tmp_path)
    attempts.open()
    assert not attempts.are_suspect

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import pytest

from services.icat_gateway.ports import Taken
from services.icat_gateway.spool import Spool, SpoolFull, written_record
from services.icat_gateway.translation import Frame
from shared.foundation.errors import Fatal

MOST = 100_000


def frames(first: int, count: int, size: int = 100) -> list[Taken]:
    return [
        Taken(Frame("icatIngest", bytes([number % 256]) * size, "10.0.0.1", {"a": "\N{SNOWMAN}\n"}), number)
        for number in range(first, first + count)
    ]


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    opened = opened_again(tmp_path)
    yield opened
    opened.close()


def opened_again(folder: Path, most: int = MOST, segment: int = 1000) -> Spool:
    spool = Spool(folder, most, segment)
    spool.open()
    return spool


async def all_of(spool: Spool) -> list[Taken]:
    """What a delivery would bring to Kafka, in order."""
    delivered: list[Taken] = []
    while spool.frames:
        batch = await spool.head(3, MOST)
        delivered += batch
        spool.confirm(batch)
    return delivered


async def test_frames_leave_in_the_order_in_which_they_came(spool: Spool) -> None:
    for first in range(0, 40, 4):
        await spool.append(frames(first, 4))
    assert (spool.frames, spool.oldest) == (40, 0)
    assert await all_of(spool) == frames(0, 40)
    assert spool.bytes == 0
    assert spool.oldest is None
    assert list(spool.folder.glob("*.frames")) == []


async def test_what_was_kept_outlives_the_process(spool: Spool) -> None:
    await spool.append(frames(0, 25))
    spool.close()
    again = opened_again(spool.folder)
    assert again.frames == 25
    await again.append(frames(25, 5))
    assert await all_of(again) == frames(0, 30)
    again.close()


async def test_after_a_crash_no_frame_is_missing_and_at_most_a_segment_comes_again(spool: Spool) -> None:
    for first in range(0, 40, 2):
        await spool.append(frames(first, 2))
    delivered: list[Taken] = []
    for _ in range(7):
        batch = await spool.head(3, MOST)
        delivered += batch
        spool.confirm(batch)
    spool.close()
    again = opened_again(spool.folder)
    rest = await all_of(again)
    assert delivered + rest[-(40 - len(delivered)) :] == frames(0, 40)
    assert len(delivered) + len(rest) - 40 < 10
    again.close()


@pytest.mark.parametrize("cut", range(1, 150, 7))
async def test_a_torn_tail_is_cut_and_the_whole_frames_stay(tmp_path: Path, cut: int) -> None:
    spool = opened_again(tmp_path, segment=MOST)
    await spool.append(frames(0, 10))
    spool.close()
    [segment] = tmp_path.glob("*.frames")
    os.truncate(segment, segment.stat().st_size - cut)
    again = opened_again(tmp_path)
    assert await all_of(again) == frames(0, 8 if cut > record_size() else 9)
    await again.append(frames(50, 2))
    assert await all_of(again) == frames(50, 2)
    again.close()


def record_size() -> int:
    """Of one of the frames above, on the disk."""
    return len(written_record(frames(0, 1)[0]))


async def test_what_cannot_be_read_is_put_aside_and_not_lost(tmp_path: Path) -> None:
    spool = opened_again(tmp_path, segment=MOST)
    await spool.append(frames(0, 10))
    spool.close()
    [segment] = tmp_path.glob("*.frames")
    data = bytearray(segment.read_bytes())
    data[record_size() * 5 + 20] ^= 1
    segment.write_bytes(data)
    again = opened_again(tmp_path)
    assert await all_of(again) == frames(0, 5)
    [damaged] = tmp_path.glob("*.damaged")
    assert damaged.read_bytes() == data[record_size() * 5 :]
    again.close()


async def test_a_full_spool_takes_nothing_until_something_left(tmp_path: Path) -> None:
    spool = opened_again(tmp_path, most=3000)
    await spool.append(frames(0, 8))
    with pytest.raises(SpoolFull, match="holds"):
        await spool.append(frames(8, 12))
    assert spool.frames == 8
    assert await all_of(spool) == frames(0, 8)
    await spool.append(frames(8, 12))
    assert await all_of(spool) == frames(8, 12)
    spool.close()


async def test_a_frame_above_the_bound_is_taken_by_an_empty_spool(tmp_path: Path) -> None:
    spool = opened_again(tmp_path, most=50)
    await spool.append(frames(0, 1))
    assert await all_of(spool) == frames(0, 1)
    spool.close()


async def test_a_disk_that_fails_keeps_what_it_promised_and_promises_nothing_else(
    spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    await spool.append(frames(0, 2))

    def fail(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as disk:
        disk.setattr(os, "fsync", fail)
        for _ in range(3):
            with pytest.raises(SpoolFull, match="No space left"):
                await spool.append(frames(2, 3))
    assert spool.frames == 2
    await spool.append(frames(2, 3))
    assert await all_of(spool) == frames(0, 5)
    assert list(spool.folder.glob("*.frames")) == []


async def test_frames_that_come_while_the_last_ones_leave_are_kept(
    spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    await spool.append(frames(0, 1))
    began, may_end, sync = Event(), Event(), os.fsync

    def slowly(descriptor: int) -> None:
        began.set()
        may_end.wait()
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", slowly)
    adding = asyncio.create_task(spool.append(frames(1, 1)))
    await asyncio.to_thread(began.wait)
    spool.confirm(await spool.head(9, MOST))
    assert spool.frames == 0
    may_end.set()
    await adding
    assert await all_of(spool) == frames(1, 1)


async def test_one_process_holds_a_spool(spool: Spool) -> None:
    with pytest.raises(Fatal, match="another process holds"):
        Spool(spool.folder, MOST).open()


def test_a_folder_that_cannot_be_used_is_said_at_once(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Fatal, match="cannot be used"):
        Spool(tmp_path / "file", MOST).open()

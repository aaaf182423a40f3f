import asyncio

import pytest

from shared.runtime.backoff import LONGEST_SECONDS, Backoff, Stopping, delay_seconds


def test_waits_double_and_are_capped() -> None:
    waits = [delay_seconds(attempt, 1.0) for attempt in range(1, 6)]
    assert waits == pytest.approx([0.2, 0.4, 0.8, 1.6, 3.2])
    assert delay_seconds(1000, 1.0) == LONGEST_SECONDS


def test_chance_spreads_a_wait_over_its_upper_half() -> None:
    assert delay_seconds(3, 0.0) == pytest.approx(delay_seconds(3, 1.0) / 2)


async def test_a_stop_ends_every_wait() -> None:
    backoff = Backoff()
    backoff.stop()
    with pytest.raises(Stopping):
        await backoff.sleep(3600)


async def test_a_stop_ends_work_that_would_take_for_ever() -> None:
    backoff = Backoff()
    began, ended = asyncio.Event(), asyncio.Event()

    async def endless() -> None:
        began.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    working = asyncio.create_task(backoff.unless_stopped(endless()))
    await began.wait()
    backoff.stop()
    with pytest.raises(Stopping):
        await working
    assert ended.is_set()


async def test_work_that_fails_is_heard_of_though_nothing_stops() -> None:
    async def failing() -> None:
        raise ConnectionError

    with pytest.raises(ConnectionError):
        await Backoff().unless_stopped(failing())

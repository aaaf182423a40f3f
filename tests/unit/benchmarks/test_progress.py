"""How benchmarks wait for a position."""

import asyncio
import time
from collections.abc import Iterator

import pytest

from benchmarks.instruments import progress
from benchmarks.instruments.progress import LONGEST_PAUSE, SHORTEST_PAUSE, pause_seconds, reached


def test_it_waits_half_of_the_time_that_the_rest_will_take() -> None:
    assert pause_seconds(done=1000, wanted=2000, elapsed=1.0) == 0.5


@pytest.mark.parametrize(
    ("done", "elapsed", "pause"),
    [(0, 1.0, LONGEST_PAUSE), (1, 1.0, LONGEST_PAUSE), (1999, 1.0, SHORTEST_PAUSE), (2000, 1.0, SHORTEST_PAUSE)],
)
def test_it_asks_neither_hastily_nor_too_late(done: int, elapsed: float, pause: float) -> None:
    assert pause_seconds(done, 2000, elapsed) == pause


async def test_a_long_flow_is_asked_about_a_few_times(monkeypatch: pytest.MonkeyPatch) -> None:
    """20,000 datasets at 1,000 a second, on a clock that moves only while somebody sleeps."""
    now, asked = 0.0, 0

    async def sleep(seconds: float) -> None:
        nonlocal now
        now += seconds

    async def position() -> int:
        nonlocal asked
        asked += 1
        return 500 + int(now * 1000)

    monkeypatch.setattr(time, "monotonic", lambda: now)
    monkeypatch.setattr(asyncio, "sleep", sleep)
    assert await reached(position, 20_500) == pytest.approx(20.0, abs=2 * SHORTEST_PAUSE)
    assert asked < 40


async def test_a_position_that_no_longer_moves_fails_the_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    answers: Iterator[int] = iter([3, 5, 5])

    async def position() -> int:
        return next(answers)

    monkeypatch.setattr(progress, "STUCK_SECONDS", -1.0)
    monkeypatch.setattr(progress, "LONGEST_PAUSE", 0.0)
    with pytest.raises(TimeoutError, match="5 of 9"):
        await reached(position, 9)

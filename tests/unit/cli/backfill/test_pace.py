"""The pace of a backfill leaves half of the time to live data, and keeps each chunk short."""

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from clients.cli.backfill.pace import FIRST, LEAST, MOST, STEP, TOLERANCE, Pace

CAPACITY = 1_500.0
"""Datasets per second that the stages take."""
LATENCY_SECONDS = 0.3
"""The time of a dataset through empty stages."""


@dataclass
class Stages:
    """Stages that take datasets in the order of their arrival, on a clock of their own."""

    latency: Callable[[float], float] = lambda _: LATENCY_SECONDS
    live: Callable[[float], float] = lambda _: 0.0
    """Live datasets per second."""
    now: float = 0.0
    chunks: list[tuple[float, int, float]] = field(default_factory=list)
    """When each chunk began, its size, and how long it took: a live dataset that comes meanwhile waits no longer."""

    def run(self, pace: Pace, until: float) -> Pace:
        """A backfill until a time."""
        while self.now < until:
            seconds = self.latency(self.now) + pace.size / (CAPACITY - self.live(self.now))
            self.chunks.append((self.now, pace.size, seconds))
            pace = pace.after(pace.size, seconds)
            self.now += seconds + pace.rest_seconds(seconds)
        return pace

    def rate(self, begin: float) -> float:
        """The datasets of the backfill per second since a time."""
        return sum(size for at, size, _ in self.chunks if at >= begin) / (self.now - begin)

    def longest(self, begin: float, end: float = float("inf")) -> float:
        """The longest chunk between two times, in seconds."""
        return max(seconds for at, _, seconds in self.chunks if begin <= at < end)


@pytest.mark.parametrize("share", [0.1, 0.25, 0.5, 1.0])
def test_a_backfill_takes_at_most_its_share_of_the_capacity(share: float) -> None:
    stages = Stages()
    stages.run(Pace(share), 600.0)
    assert 0.5 * share * CAPACITY < stages.rate(60.0) <= share * CAPACITY


def test_beside_live_data_it_takes_less_than_half_and_no_live_dataset_waits_long() -> None:
    stages = Stages(live=lambda _: 700.0)
    stages.run(Pace(), 600.0)
    assert stages.rate(60.0) < CAPACITY / 2
    fastest = min(seconds for _, _, seconds in stages.chunks)
    assert stages.longest(60.0) < 1.5 * TOLERANCE * fastest


def test_live_data_that_begin_to_flow_halve_the_chunks_until_they_are_short_again() -> None:
    stages = Stages(live=lambda now: 1_300.0 if 300.0 <= now < 600.0 else 0.0)
    pace = stages.run(Pace(), 300.0)
    alone = stages.rate(60.0)
    pace = stages.run(pace, 600.0)
    beside = [size for at, size, _ in stages.chunks if 400.0 <= at < 600.0]
    assert max(beside) < 400
    assert stages.longest(400.0, 600.0) < 2.0
    stages.run(pace, 1200.0)
    assert stages.rate(900.0) > 0.9 * alone


def test_a_catalogue_that_became_slower_for_good_is_accepted_as_it_is() -> None:
    stages = Stages(latency=lambda now: LATENCY_SECONDS if now < 100.0 else 10 * LATENCY_SECONDS)
    stages.run(Pace(), 2000.0)
    assert stages.rate(1500.0) > FIRST / 2 / (10 * LATENCY_SECONDS) / 2


def test_the_size_grows_by_a_step_and_is_halved() -> None:
    pace = Pace().after(FIRST, 0.5)
    assert (pace.size, pace.best_seconds) == (FIRST + STEP, 0.5)
    assert pace.after(pace.size, 0.5 * TOLERANCE * 1.1).size == pace.size // 2
    assert pace.after(pace.size, 0.1, slowed=True).size == pace.size // 2


def test_the_size_keeps_its_limits() -> None:
    assert Pace(size=MOST).after(MOST, 1.0).size == MOST
    assert Pace(size=LEAST, best_seconds=0.1).after(LEAST, 60.0).size == LEAST


def test_a_chunk_that_was_not_full_says_little() -> None:
    assert Pace(size=500, best_seconds=1.0).after(LEAST - 1, 0.01) == Pace(size=500, best_seconds=1.0)
    assert Pace(size=500, best_seconds=1.0).after(400, 1.0).size == 500

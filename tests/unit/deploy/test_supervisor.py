import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from deploy.embedded.server import Child, ServerFailedError
from deploy.embedded.supervisor import (
    FIRST_DELAY_SECONDS,
    LONGEST_DELAY_SECONDS,
    STEADY_SECONDS,
    RestartPolicy,
    StartRefused,
    keep_alive,
    supervised,
)


def delays(lives_seconds: Sequence[float]) -> list[float]:
    policy = RestartPolicy()
    return [policy.delay_seconds(lived) for lived in lives_seconds]


def test_each_quick_death_in_a_row_doubles_the_wait() -> None:
    assert delays([1, 1, 1, 1]) == [FIRST_DELAY_SECONDS * factor for factor in (1, 2, 4, 8)]


def test_the_wait_has_an_upper_limit_however_often_a_child_dies() -> None:
    assert delays([0.0] * 1000)[-1] == LONGEST_DELAY_SECONDS


def test_a_steady_life_clears_the_account() -> None:
    assert delays([1, 1, STEADY_SECONDS, 1]) == [
        FIRST_DELAY_SECONDS,
        2 * FIRST_DELAY_SECONDS,
        FIRST_DELAY_SECONDS,
        FIRST_DELAY_SECONDS,
    ]


class MortalChild(Child):
    """Dies of the exit codes given, one after each start; a string is a start that fails; then it lives on."""

    name = "linker"

    def __init__(self, fates: Sequence[int | str], refusal: str = "") -> None:
        super().__init__(Path("linker.log"))
        self._refusal = refusal
        self.fates = list(fates)
        self.starts = 0
        self.lives_on = asyncio.Event()

    async def start(self) -> None:
        self.starts += 1
        if self.fates and isinstance(self.fates[0], str):
            raise ServerFailedError(self.fates.pop(0))

    @property
    def refusal(self) -> str:
        return "" if self.fates else self._refusal

    async def ended(self) -> int:
        if self.fates:
            return int(self.fates.pop(0))
        self.lives_on.set()
        await asyncio.Event().wait()
        raise AssertionError


async def life_of(child: MortalChild, life_seconds: float = 1.0) -> tuple[list[str], list[float]]:
    """What is said, and the waits, until the child lives on."""
    said: list[str] = []
    waits: list[float] = []
    now = iter(life_seconds * tick for tick in range(1000))

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    keeper = asyncio.create_task(keep_alive(child, said.append, clock=lambda: next(now), sleep=sleep))
    await child.lives_on.wait()
    keeper.cancel()
    with pytest.raises(asyncio.CancelledError):
        await keeper
    return said, waits


async def test_a_child_that_ends_is_started_again_and_the_way_it_ended_is_said() -> None:
    child = MortalChild([1, -9])

    said, _ = await life_of(child)

    assert child.starts == 2
    assert said == [
        "linker ended (exit code 1), starts again in 0.2 s; see linker.log",
        "linker ended (SIGKILL), starts again in 0.4 s; see linker.log",
    ]


async def test_a_start_that_fails_is_tried_again_after_a_longer_wait_with_its_reason_said() -> None:
    child = MortalChild([1, "disk full", "disk full"])

    said, waits = await life_of(child)

    assert child.starts == 3
    assert waits == [0.2, 0.4, 0.8]
    assert said[1:] == [
        "linker ended (disk full), starts again in 0.4 s; see linker.log",
        "linker ended (disk full), starts again in 0.8 s; see linker.log",
    ]


async def test_a_child_that_lived_long_is_started_again_at_once() -> None:
    _, waits = await life_of(MortalChild([-9, -9, -9]), life_seconds=STEADY_SECONDS)

    assert waits == [FIRST_DELAY_SECONDS] * 3


async def test_a_child_that_refuses_to_start_is_not_started_again_and_ends_all_with_its_reason() -> None:
    child = MortalChild([1], "mx.toml, line 3, nam: unknown key")
    said: list[str] = []
    with pytest.raises(StartRefused, match=r"^linker does not start: mx\.toml, line 3, nam: unknown key$"):
        async with supervised([child], said.append):
            await asyncio.Event().wait()
    assert child.starts == 1
    assert said == []


async def test_what_the_block_itself_meets_is_raised_as_it_is() -> None:
    with pytest.raises(ServerFailedError, match="disk full"):
        async with supervised([MortalChild([])]):
            raise ServerFailedError("disk full")

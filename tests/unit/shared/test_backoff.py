import pytest

from shared.backoff import LONGEST_SECONDS, Patience, Stopping, delay_seconds


def test_waits_double_and_are_capped() -> None:
    waits = [delay_seconds(attempt, 1.0) for attempt in range(1, 6)]
    assert waits == pytest.approx([0.2, 0.4, 0.8, 1.6, 3.2])
    assert delay_seconds(1000, 1.0) == LONGEST_SECONDS


def test_chance_spreads_a_wait_over_its_upper_half() -> None:
    assert delay_seconds(3, 0.0) == pytest.approx(delay_seconds(3, 1.0) / 2)


async def test_a_stop_ends_every_wait() -> None:
    patience = Patience()
    patience.stop()
    with pytest.raises(Stopping):
        await patience.sleep(3600)

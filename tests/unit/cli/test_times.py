from datetime import UTC, datetime, timedelta

import pytest

from clients.cli.terminal.times import seen_from

NOON = datetime(2024, 11, 30, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("span", "words"),
    [
        (timedelta(), "now"),
        (timedelta(milliseconds=-400), "now"),
        (timedelta(seconds=59), "in 59 s"),
        (timedelta(minutes=-2, seconds=-59), "2 min ago"),
        (timedelta(hours=23, minutes=59), "in 23 h"),
        (timedelta(days=1), "in 1 day"),
        (timedelta(days=-6, hours=-23), "6 days ago"),
    ],
)
def test_a_time_is_told_as_people_say_it(span: timedelta, words: str) -> None:
    assert seen_from(NOON, (NOON + span).isoformat()) == words

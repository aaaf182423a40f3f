"""Times: what each reader takes, over one range of years."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from shared.foundation.times import FIRST_YEAR, LAST_YEAR, TimeInvalid, in_zone, iso_time, read_time, recorded_time

PARIS = ZoneInfo("Europe/Paris")


@pytest.mark.parametrize("year", [FIRST_YEAR, LAST_YEAR])
def test_the_first_and_the_last_year_are_recorded_and_can_be_asked_for(year: int) -> None:
    text = f"{year}-06-01T12:00:00+00:00"
    assert recorded_time(text) == read_time(text, PARIS) == datetime(year, 6, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize("year", [FIRST_YEAR - 1, LAST_YEAR + 1])
def test_another_year_is_neither_recorded_nor_asked_for(year: int) -> None:
    text = f"{year}-06-01T12:00:00+00:00"
    assert iso_time(text) is not None
    assert recorded_time(text) is None
    with pytest.raises(TimeInvalid, match=f"the year {year} is not within 1900 to 9998"):
        read_time(text, PARIS)


@pytest.mark.parametrize("text", ["1900-01-01T00:00:00+14:00", "9998-12-31T23:59:59-14:00"])
def test_every_time_of_the_range_can_be_told_in_every_zone(text: str) -> None:
    for zone in (ZoneInfo("Pacific/Kiritimati"), ZoneInfo("Pacific/Niue")):
        assert read_time(text, zone).astimezone(zone) == iso_time(text)


def test_a_text_that_is_no_time_is_read_by_none() -> None:
    assert (iso_time("yesterday"), recorded_time("yesterday")) == (None, None)
    with pytest.raises(TimeInvalid, match="'5/6/2024' is not a time; write it as 2024-06-05 or 2024-05-06"):
        read_time("5/6/2024", PARIS)


def test_only_a_time_without_a_zone_is_the_facilitys() -> None:
    assert in_zone(datetime(2024, 1, 1), PARIS).tzinfo is PARIS  # noqa: DTZ001  that is the point
    assert in_zone(datetime(2024, 1, 1, tzinfo=UTC), PARIS).tzinfo is UTC

"""Readers of times in ISO 8601, one for each use, with one range of years."""

import re
from datetime import UTC, datetime, time, tzinfo

from shared.foundation.errors import BeamcatError

FIRST_YEAR, LAST_YEAR = 1900, 9998
"""The years of valid times. Such a time can be represented in every zone, and also two days earlier or later."""
DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
OTHER_DATE = re.compile(r"(\d{1,2})[./ -](\d{1,2})[./ -](\d{4})|(\d{4})[./ -](\d{1,2})(?:[./ -](\d{1,2}))?", re.ASCII)
"""Dates as people write them, with the day or the year first."""


class TimeInvalid(BeamcatError, ValueError):
    """A text is not a valid time. The message says how to write one."""


def iso_time(text: str) -> datetime | None:
    """The time that a text gives in ISO 8601, in any year, with its zone if it has one."""
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def recorded_time(text: str) -> datetime | None:
    """As `iso_time`, but limited to the years in which something can be measured or planned."""
    said = iso_time(text)
    return said if said is not None and FIRST_YEAR <= said.year <= LAST_YEAR else None


def within_years(said: datetime) -> datetime:
    """The same time, if its year is valid.

    Raises:
        TimeInvalid: nothing is measured or planned in its year.
    """
    if not FIRST_YEAR <= said.year <= LAST_YEAR:
        raise TimeInvalid(f"the year {said.year} is not within {FIRST_YEAR} to {LAST_YEAR}")
    return said


def read_time(text: str, zone: tzinfo, *, end_of_day: bool = False) -> datetime:
    """The time in a query, in UTC. Without a zone, the facility's applies. A date alone is its first moment.

    With `end_of_day`, a date alone is its last moment.

    Raises:
        TimeInvalid: it is not such a time.
    """
    said = iso_time(text)
    if said is None:
        examples = " or ".join(_days(text)) or "2024-11-30 or 2024-11-30T09:00:00+01:00"
        raise TimeInvalid(f"{text[:100]!r} is not a time; write it as {examples}")
    within_years(said)
    if end_of_day and DATE.fullmatch(text):
        said = datetime.combine(said.date(), time.max)
    return in_zone(said, zone).astimezone(UTC)


def in_zone(said: datetime, zone: tzinfo) -> datetime:
    """The time, in the facility's zone if it has none."""
    return said if said.tzinfo is not None else said.replace(tzinfo=zone)


def _days(text: str) -> list[str]:
    """The days that were probably meant, in ISO 8601. `5/6/2024` may mean two."""
    found = OTHER_DATE.match(text)
    if not found:
        return []
    if found[3]:
        year, orders = found[3], [(found[2], found[1]), (found[1], found[2])]
    else:
        year, orders = found[4], [(found[5], found[6] or "1")]
    said = [f"{year}-{month:0>2}-{day:0>2}" for month, day in orders]
    return [day for day in dict.fromkeys(said) if iso_time(day) is not None]

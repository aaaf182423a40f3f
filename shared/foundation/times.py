"""Times in ISO 8601: one reader for each meaning, and one range of years."""

import re
from datetime import UTC, datetime, time, tzinfo

from shared.foundation.errors import BeamcatError

FIRST_YEAR, LAST_YEAR = 1900, 9998
"""Of what is measured, planned or asked for: in every zone, and two days earlier or later, such a time can be told."""
DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
OTHER_DATE = re.compile(r"(\d{1,2})[./ -](\d{1,2})[./ -](\d{4})|(\d{4})[./ -](\d{1,2})(?:[./ -](\d{1,2}))?", re.ASCII)
"""A day first or a year first, as people write dates."""


class TimeInvalid(BeamcatError, ValueError):
    """A text is not a time that can be asked for; the message says how to write one."""


def iso_time(text: str) -> datetime | None:
    """The time that a text says in ISO 8601, in any year, with the zone that it names if it names one."""
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def recorded_time(text: str) -> datetime | None:
    """As `iso_time`, but only a time at which something can be measured or planned."""
    said = iso_time(text)
    return said if said is not None and FIRST_YEAR <= said.year <= LAST_YEAR else None


def within_years(said: datetime) -> datetime:
    """The same time.

    Raises:
        TimeInvalid: its year is not one that is measured or planned in.
    """
    if not FIRST_YEAR <= said.year <= LAST_YEAR:
        raise TimeInvalid(f"the year {said.year} is not within {FIRST_YEAR} to {LAST_YEAR}")
    return said


def read_time(text: str, zone: tzinfo, *, end_of_day: bool = False) -> datetime:
    """A time that somebody asks for, in UTC. Without a zone it is the facility's; a date alone is its first moment.

    With `end_of_day`, a date alone is its last moment.

    Raises:
        TimeInvalid: it is no such time.
    """
    said = iso_time(text)
    if said is None:
        examples = " or ".join(_days(text)) or "2024-11-30 or 2024-11-30T09:00:00+01:00"
        raise TimeInvalid(f"{text[:100]!r} is no time; write it as {examples}")
    within_years(said)
    if end_of_day and DATE.fullmatch(text):
        said = datetime.combine(said.date(), time.max)
    return in_zone(said, zone).astimezone(UTC)


def in_zone(said: datetime, zone: tzinfo) -> datetime:
    """A time that names no zone, in the facility's; any other as it is."""
    return said if said.tzinfo is not None else said.replace(tzinfo=zone)


def _days(text: str) -> list[str]:
    """The days that were probably meant, in ISO 8601: `5/6/2024` may be two."""
    found = OTHER_DATE.match(text)
    if not found:
        return []
    if found[3]:
        year, orders = found[3], [(found[2], found[1]), (found[1], found[2])]
    else:
        year, orders = found[4], [(found[5], found[6] or "1")]
    said = [f"{year}-{month:0>2}-{day:0>2}" for month, day in orders]
    return [day for day in dict.fromkeys(said) if iso_time(day) is not None]

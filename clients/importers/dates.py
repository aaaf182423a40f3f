"""Times as programs write them, converted to ISO 8601. An uncertain time is refused, never guessed. Pure."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from itertools import product
from zoneinfo import ZoneInfo, available_timezones

from shared.foundation.times import iso_time

MONTHS: Mapping[str, int] = {
    name: number
    for number, names in enumerate(
        (
            "jan january janv janvier janner januar",
            "feb february fev fevr fevrier februar",
            "mar march mars mrz marz maerz",
            "apr april avr avril",
            "may mai",
            "jun june juin juni",
            "jul july juil juillet juli",
            "aug august aou aout",
            "sep sept september septembre",
            "oct october octobre okt oktober",
            "nov november novembre",
            "dec december decembre dez dezember",
        ),
        1,
    )
    for name in names.split()
}
"""The months in English, French and German, without accents."""
DAYS = frozenset(
    re.findall(
        r"\w+",
        "mon tue tues wed thu thur thurs fri sat sun monday tuesday wednesday thursday friday saturday sunday "
        "lun mar mer jeu ven sam dim lundi mardi mercredi jeudi vendredi samedi dimanche mo di mi do fr sa so "
        "die mit don fre son montag dienstag mittwoch donnerstag freitag samstag sonnabend sonntag",
    )
)
"""Names of days, which only repeat the date."""
FILLERS = frozenset(("uhr", "a", "at", "um", "le", "the"))
CLOCK = re.compile(r"(?<!\d)(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?(?:\s*([ap])\.?m\.?)?(?![\w:])", re.ASCII)
OFFSET = re.compile(r"(?:utc|gmt)?([+-])(\d{1,2})(?::?(\d{2}))?", re.ASCII)
NUMERIC = re.compile(r"(\d{1,4})([./-])(\d{1,2})\2(\d{1,4})", re.ASCII)
HYPHENATED = re.compile(r"\b(\d{1,2})[-/.]([a-z]{3,9})[-/.](\d{4})\b", re.ASCII)
YEAR = re.compile(r"\d{4}", re.ASCII)
DAY = re.compile(r"(\d{1,2})(?:er|st|nd|rd|th)?", re.ASCII)
LONGEST = 120
NOON = 12
FURTHEST_HOURS = 15
KNOWN_EVERYWHERE: Mapping[str, timedelta] = {
    "z": timedelta(0),
    "ut": timedelta(0),
    "utc": timedelta(0),
    "gmt": timedelta(0),
    "cet": timedelta(hours=1),
    "mez": timedelta(hours=1),
    "cest": timedelta(hours=2),
    "mesz": timedelta(hours=2),
}


class DateUnclear(Exception):
    """A time is uncertain; the message says why."""


@dataclass(frozen=True)
class Moment:
    """A time on the clock, with its offset if the text has one."""

    clock: datetime
    offset: timedelta | None

    def readings(self, zone: tzinfo) -> list[datetime]:
        """Every possible time, the earlier first. There are two in the night when clocks go back.

        Raises:
            DateUnclear: the facility's clocks never showed it.
        """
        if self.offset is not None:
            return [self.clock.replace(tzinfo=timezone(self.offset) if self.offset else UTC)]
        both = [self.clock.replace(tzinfo=zone, fold=fold) for fold in (0, 1)]
        if all(time.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != self.clock for time in both):
            raise DateUnclear(f"clocks in {zone} went forward and never showed {self.clock}")
        return both if both[0].utcoffset() != both[1].utcoffset() else both[:1]


@dataclass(frozen=True)
class PossibleTimes:
    """The possible times, and how they are written."""

    time: datetime
    text: str


def iso_times(start: str | None, end: str | None, zone: tzinfo) -> tuple[str | None, str | None]:
    """Start and end in ISO 8601.

    A time without a zone stays without one, so that the facility decides. In the hour that occurs twice, the order of
    start and end decides, and if both orders are possible, the earlier time.

    Raises:
        DateUnclear: one of them is uncertain.
    """
    starts, ends = (_readings(text, zone) if text is not None else [None] for text in (start, end))
    pairs = list(product(starts, ends))
    first, last = next((pair for pair in pairs if _is_in_order(*pair)), pairs[0])
    return (first.text if first else None), (last.text if last else None)


def _is_in_order(first: PossibleTimes | None, last: PossibleTimes | None) -> bool:
    return first is None or last is None or first.time.timestamp() <= last.time.timestamp()


def _readings(text: str, zone: tzinfo) -> list[PossibleTimes]:
    try:
        moment = read_moment(text, zone)
        times = moment.readings(zone)
    except DateUnclear as error:
        raise DateUnclear(f"{text!r} cannot be read with certainty: {error}") from None
    is_clear = moment.offset is None and len(times) == 1
    written = [(moment.clock if is_clear else time).isoformat().replace("+00:00", "Z") for time in times]
    return [PossibleTimes(time, text) for time, text in zip(times, written, strict=True)]


def read_moment(text: str, zone: tzinfo) -> Moment:
    """What a text says of a time. `zone` is the facility's, whose abbreviations mean what they mean there.

    Raises:
        DateUnclear: it cannot be read with certainty.
    """
    if len(text) > LONGEST:
        raise DateUnclear("it is too long for a time")
    time = iso_time(text.strip())
    if time is None:
        return _read_words(_plain(text), zone)
    if ":" not in text and "T" not in text.upper():
        raise DateUnclear("it has no time of day")
    return Moment(time.replace(tzinfo=None), time.utcoffset())


def _plain(text: str) -> str:
    """A text in lower case, without accents."""
    decomposed = unicodedata.normalize("NFKD", text).replace("\N{MINUS SIGN}", "-").casefold()
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))


def _read_words(text: str, zone: tzinfo) -> Moment:
    text = HYPHENATED.sub(r"\1 \2 \3", re.sub(r"(\d)t(?=\d{1,2}:)", r"\1 ", text))
    found = next((clock for clock in CLOCK.finditer(text) if not _is_offset(text, clock)), None)
    if found is None:
        raise DateUnclear("it has no time of day that can be read")
    words = [word.strip("(),;.") for word in (text[: found.start()] + " " + text[found.end() :]).split()]
    year, month, day, left = _date([word for word in words if word])
    try:
        clock = datetime(year, month, day, *_hour_of(found))  # noqa: DTZ001  the zone is said apart
    except ValueError as error:
        raise DateUnclear(f"there is no such time: {error}") from None
    return Moment(clock, _offset(left, clock, zone))


def _is_offset(text: str, clock: re.Match[str]) -> bool:
    return text[: clock.start()].endswith(("+", "-"))


def _hour_of(found: re.Match[str]) -> tuple[int, int, int, int]:
    hour, minute, second = int(found[1]), int(found[2]), int(found[3] or 0)
    if found[5]:
        if not 1 <= hour <= NOON:
            raise DateUnclear(f"{hour} is no hour of a clock with am and pm")
        hour = hour % NOON + (NOON if found[5] == "p" else 0)
    return hour, minute, second, int((found[4] or "0").ljust(6, "0")[:6])


def _date(words: list[str]) -> tuple[int, int, int, list[str]]:
    """Year, month and day, and the remaining words."""
    for place, word in enumerate(words):
        if found := NUMERIC.fullmatch(word):
            return *_numeric(found), words[:place] + words[place + 1 :]
    months = [word for word in words if word in MONTHS]
    named = [word for word in months if word not in DAYS] or months  # French mar. is Tuesday, English Mar a month
    if len(named) != 1:
        raise DateUnclear("it does not name one month")
    rest = list(words)
    rest.remove(named[0])
    years = [word for word in rest if YEAR.fullmatch(word)]
    days = [found[1] for word in rest if (found := DAY.fullmatch(word))]
    if len(years) != 1 or len(days) != 1:
        raise DateUnclear("it does not say one day and one year of four digits")
    return int(years[0]), MONTHS[named[0]], int(days[0]), [word for word in rest if not DAY.fullmatch(word)]


def _numeric(found: re.Match[str]) -> tuple[int, int, int]:
    first, second, last = found[1], int(found[3]), found[4]
    if YEAR.fullmatch(first):
        return int(first), second, int(last)
    if not YEAR.fullmatch(last):
        raise DateUnclear("its year has not four digits")
    one = int(first)
    if one != second and max(one, second) <= NOON:
        raise DateUnclear("it can be read as day and month, and as month and day")
    month, day = (second, one) if second <= NOON else (one, second)
    return int(last), month, day


def _offset(words: list[str], clock: datetime, zone: tzinfo) -> timedelta | None:
    """The zone in the remaining words. An unknown word makes the time uncertain."""
    offsets = set()
    for word in words:
        if word in DAYS or word in FILLERS or YEAR.fullmatch(word):
            continue
        offsets.add(_offset_of(word, clock, zone))
    if len(offsets) > 1:
        raise DateUnclear("it names two time zones")
    return offsets.pop() if offsets else None


def _offset_of(word: str, clock: datetime, zone: tzinfo) -> timedelta:
    if found := OFFSET.fullmatch(word):
        hours, minutes = int(found[2]), int(found[3] or 0)
        if hours > FURTHEST_HOURS or minutes >= 60:  # noqa: PLR2004  minutes of an hour
            raise DateUnclear(f"{word} is no offset from UTC")
        return timedelta(hours=hours, minutes=minutes) * (-1 if found[1] == "-" else 1)
    own = _abbreviations(zone, clock.year).get(word, set())
    if len(own) == 1:
        return next(iter(own))
    if word in KNOWN_EVERYWHERE:
        return KNOWN_EVERYWHERE[word]
    meanings = _meanings(word, clock.year)
    if len(meanings) == 1:
        return next(iter(meanings))
    told = "is a time zone in several places" if meanings else "says nothing that is understood"
    raise DateUnclear(f"{word!r} {told}")


@lru_cache
def _abbreviations(zone: tzinfo, year: int) -> Mapping[str, set[timedelta]]:
    """The abbreviations of a zone in a year, with their offsets from UTC."""
    found: dict[str, set[timedelta]] = {}
    for month in range(1, 13):
        time = datetime(year, month, 1, tzinfo=zone)
        if (name := time.tzname()) and (offset := time.utcoffset()) is not None:
            found.setdefault(name.casefold(), set()).add(offset)
    return found


@lru_cache
def _meanings(abbreviation: str, year: int) -> frozenset[timedelta]:
    """Every offset that an abbreviation had in a year, in all zones of the world."""
    if not abbreviation.isalpha():
        return frozenset()
    zones = (_abbreviations(ZoneInfo(name), year) for name in available_timezones())
    return frozenset(offset for zone in zones for offset in zone.get(abbreviation, ()))

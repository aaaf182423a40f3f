"""The filter grammar of ICAT+: `name~op~value,name2~op~value,name3`. Pure."""

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, tzinfo

from services.search.naming import Naming

COMPARISONS: dict[str, Callable[[float], tuple[float, float]]] = {
    "gt": lambda number: (math.nextafter(number, math.inf), math.inf),
    "gteq": lambda number: (number, math.inf),
    "lt": lambda number: (-math.inf, math.nextafter(number, -math.inf)),
    "lteq": lambda number: (-math.inf, number),
}
"""Each comparison as an interval that holds both its ends."""
OPERATORS = ("eq", "like", *COMPARISONS, "in")
NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
FIRST_YEAR, LAST_YEAR = 1900, 2200


class FilterInvalid(ValueError):
    """A filter or a time that cannot be understood; the message has the cure."""


@dataclass(frozen=True)
class Within:
    """A number of the parameter lies between both, ends included, in the canonical unit."""

    low: float
    high: float


@dataclass(frozen=True)
class AnyOf:
    """A value of the parameter is one of the texts, or one of the numbers that these texts are."""

    texts: tuple[str, ...]

    @property
    def numbers(self) -> list[float]:
        """The texts that are numbers."""
        return [number for text in self.texts if (number := number_of(text)) is not None]


@dataclass(frozen=True)
class Like:
    """A text of the parameter matches the pattern of SQL's LIKE, in any letter case."""

    pattern: str


@dataclass(frozen=True)
class Exists:
    """The dataset has the parameter."""


@dataclass(frozen=True)
class Condition:
    """One thing that must hold of one parameter, under its canonical name if the vocabulary has one."""

    name: str
    test: Within | AnyOf | Like | Exists


def conditions_of(text: str, naming: Naming) -> list[Condition]:
    """The conditions of one `parameters` value. Bounds on one parameter are one interval, in the canonical unit.

    Raises:
        FilterInvalid: an operator or a value cannot be understood.
    """
    conditions: list[Condition] = []
    intervals: dict[str, Condition] = {}
    for item in split(text, ","):
        condition = _condition(item, naming)
        if isinstance(condition.test, Within):
            key = condition.name.lower()
            intervals[key] = _narrowed(intervals.get(key), condition)
        else:
            conditions.append(condition)
    return [*intervals.values(), *conditions]


def _narrowed(known: Condition | None, more: Condition) -> Condition:
    if known is None:
        return more
    assert isinstance(known.test, Within), "only intervals are narrowed"
    assert isinstance(more.test, Within), "only intervals are narrowed"
    return Condition(known.name, Within(max(known.test.low, more.test.low), min(known.test.high, more.test.high)))


def _condition(item: str, naming: Naming) -> Condition:
    said, *rest = item.split("~", 2)
    name = naming.canonical(said.strip())
    if not name:
        raise FilterInvalid(f"{item[:100]!r} names no parameter; write name~op~value")
    if not rest:
        return Condition(name, Exists())
    operator, value = rest[0].strip().lower(), rest[1] if len(rest) > 1 else ""
    if operator not in OPERATORS:
        raise FilterInvalid(f"{rest[0][:100]!r} is no operator; there are {', '.join(OPERATORS)}")
    if not value:
        raise FilterInvalid(f"{item[:100]!r} has no value; write {name[:100]}~{operator}~value")
    return Condition(name, _test(name, operator, value, naming))


def _test(name: str, operator: str, value: str, naming: Naming) -> Within | AnyOf | Like:
    match operator:
        case "in":
            texts = (text for one in split(value, ";") for text in _readings(name, one, naming))
            return AnyOf(tuple(dict.fromkeys(texts)))
        case "like":
            return Like(_pattern(value))
        case "eq":
            return AnyOf(tuple(dict.fromkeys(_readings(name, value, naming))))
    number = _quantity(name, value.strip(), naming)
    if number is None:
        raise FilterInvalid(
            f"{operator} compares numbers, {value[:100]!r} is none; give a number in the parameter's canonical unit"
        )
    return Within(*COMPARISONS[operator](number))


def _readings(name: str, text: str, naming: Naming) -> Iterator[str]:
    """The text itself, all names of what it names, and the number that it is in the canonical unit."""
    yield text
    yield from naming.names(name, text)
    if number_of(text) is None and (number := _quantity(name, text.strip(), naming)) is not None:
        yield repr(number)


def _quantity(name: str, text: str, naming: Naming) -> float | None:
    number = number_of(text)
    try:
        return naming.number(name, text) if number is None else number
    except ValueError as error:
        raise FilterInvalid(str(error)) from None


def split(text: str, separator: str) -> Iterator[str]:
    r"""The parts, without empty ones; a separator after a backslash is part of the value."""
    for part in re.split(rf"(?<!\\){re.escape(separator)}", text):
        if part.strip():
            yield part.replace(f"\\{separator}", separator)


def _pattern(value: str) -> str:
    """`*` and `%` stand for anything; without them the value may stand anywhere. Nothing else is special."""
    literal = re.sub(r"([\\_])", r"\\\1", value).replace("*", "%")
    return literal if "%" in literal else f"%{literal}%"


def number_of(text: str) -> float | None:
    """The finite number that a text is, if it is one."""
    if not NUMBER.fullmatch(text):
        return None
    number = float(text)
    return number if math.isfinite(number) else None


def read_time(text: str, zone: tzinfo, *, end_of_day: bool = False) -> datetime:
    """A time in UTC; without a zone it is the facility's, and a date alone is its first or its last moment.

    Raises:
        FilterInvalid: it is no such time.
    """
    try:
        said = datetime.fromisoformat(text)
    except ValueError:
        raise FilterInvalid(f"{text[:100]!r} is no time; write it as 2024-11-30 or 2024-11-30T09:00:00+01:00") from None
    if not FIRST_YEAR <= said.year <= LAST_YEAR:
        raise FilterInvalid(f"the year {said.year} is not within {FIRST_YEAR} to {LAST_YEAR}")
    if end_of_day and DATE.fullmatch(text):
        said = datetime.combine(said.date(), time.max)
    return (said if said.tzinfo else said.replace(tzinfo=zone)).astimezone(UTC)

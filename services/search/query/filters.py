"""Filters: conditions on parameters as people write them, turned into tests of canonical values. Pure."""

import math
import re
from collections.abc import Callable, Iterator

from services.search.index.question import NUMBER, AnyOf, Condition, Exists, Like, NoneOf, Test, Within, number_of
from services.search.query.grammar import Comparison, FilterInvalid, comparisons
from services.search.query.naming import Naming
from shared.foundation.lists import split

INTERVALS: dict[str, Callable[[float], tuple[float, float]]] = {
    "gt": lambda number: (math.nextafter(number, math.inf), math.inf),
    "gteq": lambda number: (number, math.inf),
    "lt": lambda number: (-math.inf, math.nextafter(number, -math.inf)),
    "lteq": lambda number: (-math.inf, number),
}
"""Each comparison as an interval that contains both its ends."""


def conditions_of(text: str, naming: Naming) -> list[Condition]:
    """The conditions of one `parameters` value. Bounds on one parameter form one interval, in the canonical unit.

    Raises:
        FilterInvalid: an operator or a value cannot be understood.
    """
    conditions: list[Condition] = []
    intervals: dict[str, Condition] = {}
    for comparison in comparisons(text):
        condition = Condition(naming.canonical(comparison.name), _test(comparison, naming))
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


def _test(comparison: Comparison, naming: Naming) -> Test:
    name = naming.canonical(comparison.name)
    match comparison.operator:
        case "":
            return Exists()
        case "in":
            texts = (text for one in split(comparison.value, ";") for text in _readings(name, one, naming))
            return AnyOf(tuple(dict.fromkeys(texts)))
        case "like":
            return Like(_pattern(comparison.value))
        case "eq" | "neq":
            values = AnyOf(tuple(dict.fromkeys(_readings(name, comparison.value, naming))))
            return values if comparison.operator == "eq" else NoneOf(values)
    number = _quantity(name, comparison.value.strip(), naming)
    if number is None:
        raise FilterInvalid(
            f"{comparison.sign or comparison.operator} compares numbers,"
            f" and {comparison.value[:100]!r} is not a number; give a number"
            f" in the parameter's canonical unit, as in {comparison.with_value(_number_in(comparison.value))}"
        )
    return Within(*INTERVALS[comparison.operator](number))


def _number_in(text: str) -> str:
    """The number that is probably meant by a text that is not a number."""
    found = NUMBER.match(re.sub(r"(?<=\d)[_ ](?=\d)", "", text.strip()).replace(",", "."))
    return found[0] if found and number_of(found[0]) is not None else "2"


def _readings(name: str, text: str, naming: Naming) -> Iterator[str]:
    """The text itself, its synonyms, and its number in the canonical unit if it is a quantity."""
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


def _pattern(value: str) -> str:
    """The pattern of a value: `*` and `%` match anything. Without them, the value may occur anywhere in the text."""
    literal = re.sub(r"([\\_])", r"\\\1", value).replace("*", "%")
    return literal if "%" in literal else f"%{literal}%"

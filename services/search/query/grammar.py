"""The two ways to write a condition on a parameter, and what each says. Pure.

ICAT+ writes `MX_resolution~lt~2`, people write `MX_resolution<2`. Both are separated by commas, may stand side by side,
and mean the same. What ICAT+ understands keeps its meaning: a sign of comparison in its values is part of the value.
"""

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from shared.foundation.errors import BeamcatError

SIGNS = {
    "<=": "lteq",
    "=<": "lteq",
    "≤": "lteq",
    ">=": "gteq",
    "=>": "gteq",
    "≥": "gteq",
    "!=": "neq",
    "<>": "neq",
    "≠": "neq",
    "==": "eq",
    "<": "lt",
    ">": "gt",
    "=": "eq",
}
"""What each sign says, as an operator; no sign stands before one that it begins."""
WRITTEN = {"lteq": "<=", "gteq": ">=", "neq": "!=", "eq": "=", "lt": "<", "gt": ">"}
MIRRORED = {"lt": "gt", "lteq": "gteq", "gt": "lt", "gteq": "lteq", "eq": "eq", "neq": "neq"}
OPERATORS = ("eq", "like", "gt", "gteq", "lt", "lteq", "in", "neq")
SLIPS = SIGNS | {
    "lte": "lteq",
    "le": "lteq",
    "leq": "lteq",
    "gte": "gteq",
    "ge": "gteq",
    "geq": "gteq",
    "ne": "neq",
    "not": "neq",
    "is": "eq",
    "equal": "eq",
    "equals": "eq",
    "contains": "like",
    "ilike": "like",
}
"""What is written for an operator, and which one is meant."""

_SIGN = "|".join(SIGNS)
_ORDER = "<=|=<|≤|>=|=>|≥|<|>"
_NUMBER = r"[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?"
_NAME = r"[^\W\d]\w*"
SIGN = re.compile(_SIGN)
BEGINS_AS_NUMBER = re.compile(_NUMBER, re.ASCII)
QUOTED = re.compile(rf"""((?:\\,|[^~,<>=!≤≥≠\\])+)({_SIGN})\s*(?:"([^"]*)"|'([^']*)')\s*(?=,|$)""")
"""A whole condition whose value stands in quotation marks."""
DECIMAL_COMMA = re.compile(r"\d+\b(?!\s*[,~<>=!≤≥≠]).*", re.ASCII)
"""What follows a comma in `2,5 A`."""
AMONG_WORDS = re.compile(
    rf"(?<!\S)(?:{_NAME}\s*(?:{_ORDER})\s*{_NUMBER}|{_NUMBER}(?:[^\s<>\d][^\s<>]*)?\s*(?:{_ORDER})\s*{_NAME}"
    rf"|{_NAME}\s*(?:==|!=|≠)\s*\S|{_NAME}~(?:{'|'.join([*OPERATORS, *SLIPS])})~|(?P<known>{_NAME})\s*(?:{_SIGN}))"
)
"""Where words end and conditions begin; what `known` holds must be the name of a parameter."""
SPELLED_OUT = re.compile(r"(\S+)\s+(\S+)\s+(\S.*)")


class FilterInvalid(BeamcatError, ValueError):
    """A filter or a time that cannot be understood; the message has the cure."""


class Comparison(NamedTuple):
    """One condition as it was said: a parameter alone, or compared with a value."""

    name: str
    operator: str = ""
    value: str = ""
    sign: str = ""
    """As people write the operator, if it was written so."""

    def with_value(self, value: str) -> str:
        """The same condition with another value, in the way it was written."""
        value = value.replace(",", "\\,")
        return f"{self.name}{self.sign}{value}" if self.sign else f"{self.name}~{self.operator}~{value}"


def split(text: str, separator: str) -> Iterator[str]:
    r"""The parts, without empty ones; a separator after a backslash is part of the value."""
    for part in re.split(rf"(?<!\\){re.escape(separator)}", text):
        if part.strip():
            yield part.replace(f"\\{separator}", separator)


def comparisons(text: str) -> Iterator[Comparison]:
    """What the conditions of a text say, in either way of writing.

    Raises:
        FilterInvalid: one cannot be understood.
    """
    before: Comparison | None = None
    for item in _items(text):
        if isinstance(item, Comparison):
            before = item
            yield item
            continue
        if before and before.sign and before.value[-1:].isdigit() and DECIMAL_COMMA.fullmatch(item.strip()):
            _refuse_comma(before, item.strip())
        for before in _comparison(item):
            yield before


def _items(text: str) -> Iterator[str | Comparison]:
    """What stands between commas; a value in quotation marks may hold some."""
    comma, begin = re.compile(r"(?<!\\),"), 0
    while begin <= len(text):
        if quoted := QUOTED.match(text, begin):
            name, sign, *values = quoted.groups()
            end = quoted.end()
            value = next(value for value in values if value is not None)
            yield Comparison(name.replace("\\,", ",").strip(), SIGNS[sign], value, sign)
        else:
            found = comma.search(text, begin)
            end = found.start() if found else len(text)
            if text[begin:end].strip():
                yield text[begin:end].replace("\\,", ",")
        begin = end + 1


def _refuse_comma(before: Comparison, item: str) -> None:
    joined, digits = before.value + item, BEGINS_AS_NUMBER.match(item)
    point, cure = before.with_value(f"{before.value}.{item}"), ""
    if digits and len(digits[0]) == len("000"):
        cure = f", or {before.with_value(joined)} if the comma groups thousands"
    raise FilterInvalid(f"a comma ends a condition, also in '{before.value},{item[:100]}'; write {point}{cure}")


def _comparison(item: str) -> Iterator[Comparison]:
    said, *rest = item.split("~", 2)
    operator = rest[0].strip().lower() if rest else ""
    sign = SIGN.search(said)
    if operator in OPERATORS or (rest and not sign):
        yield _of_icat(item, said.strip(), operator, rest)
    elif sign:
        yield from _written(item, item[: sign.start()].strip(), sign[0], item[sign.end() :].strip())
    else:
        yield Comparison(said.strip())


def _of_icat(item: str, name: str, operator: str, rest: list[str]) -> Comparison:
    if not name:
        raise FilterInvalid(f"{item[:100]!r} names no parameter; write name~op~value, such as MX_resolution~lt~2")
    value = rest[1] if len(rest) > 1 else ""
    if operator not in OPERATORS:
        known = f"{rest[0][:100]!r} is no operator; there are {', '.join(OPERATORS)}"
        meant = SLIPS.get(operator, "")
        if len(rest) == 1:
            meant, value = "eq" if BEGINS_AS_NUMBER.match(operator) else "like", rest[0].strip()
        raise FilterInvalid(f"{known}: write {_both_ways(Comparison(name, meant or 'eq', value or '2'))}")
    if not value:
        raise FilterInvalid(f"{item[:100]!r} has no value; write {name[:100]}~{operator}~value")
    return Comparison(name, operator, value)


def _both_ways(said: Comparison) -> str:
    icat = said.with_value(said.value)
    sign = WRITTEN.get(said.operator)
    return f"{said._replace(sign=sign).with_value(said.value)} or {icat}" if sign else icat


def _written(item: str, first: str, sign: str, second: str) -> Iterator[Comparison]:
    """What a sign says of what stands before it and behind it, and a second sign of what stands between."""
    operator = SIGNS[sign]
    is_order = operator not in ("eq", "neq")
    if is_order and (next_sign := SIGN.search(second)):
        yield from _between(item, first, sign, next_sign, second)
        return
    begins = BEGINS_AS_NUMBER.match if is_order else BEGINS_AS_NUMBER.fullmatch
    if begins(first) and not BEGINS_AS_NUMBER.match(second):
        operator, first, second = MIRRORED[operator], second, first
        sign = WRITTEN[operator]
    if not first:
        raise FilterInvalid(f"{item[:100]!r} names no parameter; write it before the sign, as in MX_resolution<2")
    said = Comparison(first, operator, second, sign)
    if not second:
        raise FilterInvalid(f"{item[:100]!r} has no value; write it after the sign, as in {said.with_value('2')}")
    yield said


def _between(item: str, low: str, sign: str, next_sign: re.Match[str], rest: str) -> Iterator[Comparison]:
    """Both bounds of `1.5 < MX_resolution <= 2`."""
    name, high = rest[: next_sign.start()].strip(), rest[next_sign.end() :].strip()
    first, second = MIRRORED[SIGNS[sign]], SIGNS[next_sign[0]]
    bounds = Comparison(name, first, low, WRITTEN[first]), Comparison(name, second, high, WRITTEN[second])
    if not (name and low and high and BEGINS_AS_NUMBER.match(low)) or SIGN.search(high):
        raise FilterInvalid(f"{item[:100]!r} is not one parameter between two numbers; write 1.5<MX_resolution<2")
    if {first[:1], second[:1]} != {"l", "g"}:
        told = ",".join(bound.with_value(bound.value) for bound in bounds)
        raise FilterInvalid(f"{item[:100]!r} is not an interval; if both must hold, write {told}")
    yield from bounds


def words_and_conditions(text: str, knows: Callable[[str], bool]) -> tuple[str, str]:
    """The words of a text, and the conditions that people write behind them: `lysozyme MX_resolution<2`."""
    for found in AMONG_WORDS.finditer(text):
        if found["known"] is None or knows(found["known"]):
            return text[: found.start()], text[found.start() :]
    return text, ""


def spelled_out(text: str) -> str | None:
    """The condition that was meant by `name like value`."""
    found = SPELLED_OUT.fullmatch(text)
    operator = found[2].lower() if found else ""
    operator = operator if operator in OPERATORS else SLIPS.get(operator, "")
    return Comparison(found[1], operator, found[3]).with_value(found[3]) if found and operator else None

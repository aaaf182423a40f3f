"""The grammar of conditions on parameters, in its two notations. Pure.

ICAT+ writes `MX_resolution~lt~2`, people write `MX_resolution<2`. Both mean the same. Conditions are separated by
commas, and one text may mix the notations. What ICAT+ understands keeps its meaning: a comparison sign inside one
of its values is part of the value.
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
"""The operator that each sign stands for. A longer sign comes before the signs that it begins with."""
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
"""What people write instead of an operator, and the operator that they mean."""

_SIGN = "|".join(SIGNS)
_ORDER = "<=|=<|≤|>=|=>|≥|<|>"
_NUMBER = r"[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?"
_NAME = r"[^\W\d]\w*"
SIGN = re.compile(_SIGN)
BEGINS_AS_NUMBER = re.compile(_NUMBER, re.ASCII)
QUOTED = re.compile(rf"""((?:\\,|[^~,<>=!≤≥≠\\])+)({_SIGN})\s*(?:"([^"]*)"|'([^']*)')\s*(?=,|$)""")
"""A whole condition whose value is in quotation marks."""
DECIMAL_COMMA = re.compile(r"\d+\b(?!\s*[,~<>=!≤≥≠]).*", re.ASCII)
"""What follows a comma in `2,5 A`."""
AMONG_WORDS = re.compile(
    rf"(?<!\S)(?:{_NAME}\s*(?:{_ORDER})\s*{_NUMBER}|{_NUMBER}(?:[^\s<>\d][^\s<>]*)?\s*(?:{_ORDER})\s*{_NAME}"
    rf"|{_NAME}\s*(?:==|!=|≠)\s*\S|{_NAME}~(?:{'|'.join([*OPERATORS, *SLIPS])})~|(?P<known>{_NAME})\s*(?:{_SIGN}))"
)
"""The place where words end and conditions begin. The group `known` must be the name of a parameter."""
SPELLED_OUT = re.compile(r"(\S+)\s+(\S+)\s+(\S.*)")


class FilterInvalid(BeamcatError, ValueError):
    """A filter or a time cannot be understood; the message says how to write it."""


class Comparison(NamedTuple):
    """One condition as it was written: a parameter compared with a value, or a parameter alone."""

    name: str
    operator: str = ""
    value: str = ""
    sign: str = ""
    """The sign that was written for the operator; empty in the notation of ICAT+."""

    def with_value(self, value: str) -> str:
        """The same condition with another value, in the same notation."""
        value = value.replace(",", "\\,")
        return f"{self.name}{self.sign}{value}" if self.sign else f"{self.name}~{self.operator}~{value}"


def comparisons(text: str) -> Iterator[Comparison]:
    """The conditions of a text, in either notation.

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
    """The items between commas. A value in quotation marks may contain commas."""
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
    name, *rest = item.split("~", 2)
    operator = rest[0].strip().lower() if rest else ""
    sign = SIGN.search(name)
    if operator in OPERATORS or (rest and not sign):
        yield _of_icat(item, name.strip(), operator, rest)
    elif sign:
        yield from _written(item, item[: sign.start()].strip(), sign[0], item[sign.end() :].strip())
    else:
        yield Comparison(name.strip())


def _of_icat(item: str, name: str, operator: str, rest: list[str]) -> Comparison:
    if not name:
        raise FilterInvalid(
            f"{item[:100]!r} does not name a parameter; write name~op~value, such as MX_resolution~lt~2"
        )
    value = rest[1] if len(rest) > 1 else ""
    if operator not in OPERATORS:
        known = f"{rest[0][:100]!r} is not an operator; the operators are {', '.join(OPERATORS)}"
        meant = SLIPS.get(operator, "")
        if len(rest) == 1:
            meant, value = "eq" if BEGINS_AS_NUMBER.match(operator) else "like", rest[0].strip()
        raise FilterInvalid(f"{known}: write {_both_ways(Comparison(name, meant or 'eq', value or '2'))}")
    if not value:
        raise FilterInvalid(f"{item[:100]!r} has no value; write {name[:100]}~{operator}~value")
    return Comparison(name, operator, value)


def _both_ways(comparison: Comparison) -> str:
    icat = comparison.with_value(comparison.value)
    sign = WRITTEN.get(comparison.operator)
    return f"{comparison._replace(sign=sign).with_value(comparison.value)} or {icat}" if sign else icat


def _written(item: str, first: str, sign: str, second: str) -> Iterator[Comparison]:
    """The comparison of the texts on both sides of a sign; two comparisons if a second sign follows."""
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
        raise FilterInvalid(
            f"{item[:100]!r} does not name a parameter; write it before the sign, as in MX_resolution<2"
        )
    comparison = Comparison(first, operator, second, sign)
    if not second:
        raise FilterInvalid(f"{item[:100]!r} has no value; write it after the sign, as in {comparison.with_value('2')}")
    yield comparison


def _between(item: str, low: str, sign: str, next_sign: re.Match[str], rest: str) -> Iterator[Comparison]:
    """Both bounds of `1.5 < MX_resolution <= 2`."""
    name, high = rest[: next_sign.start()].strip(), rest[next_sign.end() :].strip()
    first, second = MIRRORED[SIGNS[sign]], SIGNS[next_sign[0]]
    bounds = Comparison(name, first, low, WRITTEN[first]), Comparison(name, second, high, WRITTEN[second])
    if not (name and low and high and BEGINS_AS_NUMBER.match(low)) or SIGN.search(high):
        raise FilterInvalid(f"{item[:100]!r} is not one parameter between two numbers; write 1.5<MX_resolution<2")
    if {first[:1], second[:1]} != {"l", "g"}:
        both = ",".join(bound.with_value(bound.value) for bound in bounds)
        raise FilterInvalid(f"{item[:100]!r} is not an interval; if both must hold, write {both}")
    yield from bounds


def words_and_conditions(text: str, knows: Callable[[str], bool]) -> tuple[str, str]:
    """The words of a text, and the conditions that follow them, as in `lysozyme MX_resolution<2`."""
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

"""Values of parameters: what was said, read as what the vocabulary says it is.

Two paths. `reader(term)` is compiled once and decides the ordinary value in under a microsecond; whatever it doubts
goes to `judge`, which takes its time and says what is wrong in words.
"""

import json
import math
import re
from collections.abc import Callable, Sequence
from datetime import datetime, tzinfo
from sys import float_info
from typing import Any

from pydantic import JsonValue

from shared.events import Finding, Parameter
from shared.vocabulary import Term

Reader = Callable[[JsonValue], Parameter | None]
"""The parameter, or None when in doubt."""

LARGEST = float_info.max
BOOLEANS = {"true": True, "false": False, "yes": True, "no": False, "1": True, "0": False}
NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?", re.ASCII)
UNKNOWN = frozenset({"?", "none", "null", "n/a"})
NOT_FINITE = frozenset({"nan", "inf", "infinity"})
NO_UNIT_BEGINS_SO = frozenset("0123456789.,_+-")
SHOWN_CHARACTERS = 200
NUMBERS_AT_MOST = 10_000


def original_text(said: object) -> str:
    """What was said, as text: JSON text for anything that was none."""
    return said if isinstance(said, str) else json.dumps(said, ensure_ascii=False)


def reader(term: Term) -> Reader:
    """The fast path of a term."""
    return {
        "number": _number_reader,
        "integer": _integer_reader,
        "text": _text_reader,
        "boolean": _boolean_reader,
    }.get(term.type, _doubting_reader)(term)


def _number_reader(term: Term) -> Reader:
    low, high = term.plausible or (-LARGEST, LARGEST)
    unit = term.unit

    def read(said: JsonValue) -> Parameter | None:
        if type(said) is str:
            try:
                value = float(said)
            except ValueError:
                return None
            if not low <= value <= high or "_" in said:
                return None
            original = said
        elif (type(said) is float or type(said) is int) and low <= said <= high:
            value = float(said)
            original = repr(said)
        else:
            return None
        if unit is None:
            return {"value": value, "original": original}
        return {"value": value, "original": original, "unit": unit}

    return read


def _integer_reader(term: Term) -> Reader:
    low, high = term.plausible or (-(2**63), 2**63 - 1)

    def read(said: JsonValue) -> Parameter | None:
        if type(said) is str:
            try:
                value = int(said)
            except ValueError:
                return None
            if low <= value <= high and "_" not in said and term.unit is None:
                return {"value": value, "original": said}
        elif type(said) is int and low <= said <= high and term.unit is None:
            return {"value": said, "original": repr(said)}
        return None

    return read


def _text_reader(_term: Term) -> Reader:
    def read(said: JsonValue) -> Parameter | None:
        return {"value": said, "original": said} if type(said) is str and said.strip() else None

    return read


def _boolean_reader(_term: Term) -> Reader:
    def read(said: JsonValue) -> Parameter | None:
        if isinstance(said, bool):
            return {"value": said, "original": "true" if said else "false"}
        if type(said) is str and (value := BOOLEANS.get(said)) is not None:
            return {"value": value, "original": said}
        return None

    return read


def _doubting_reader(_term: Term) -> Reader:
    return lambda _said: None


class Unreadable(Exception):
    """A value is not what its parameter is. Without a cure of its own, the cure is to give what is expected."""

    def __init__(self, code: str, problem: str, cure: str | None = None, expected: str | None = None) -> None:
        super().__init__(problem)
        self.code = code
        self.problem = problem
        self.cure = cure
        self.expected = expected


def judge(term: Term, said: JsonValue, zone: tzinfo) -> tuple[Parameter | None, list[Finding]]:
    """The parameter as far as it can be had, and all that is to be said of it; `zone` is for times without one."""
    if said is None or said == [] or (isinstance(said, str) and (not said.strip() or _is_unknown(term, said))):
        expected = _expected(term)
        message, cure = f"{_quoted(term, said)} has no value and was left out", f"give {expected}, or do not send it"
        return None, [Finding.warning("value_empty", message, cure, **_about(term, said, expected))]
    original = original_text(said)
    try:
        value, findings = _value(term, said, zone)
    except Unreadable as fault:
        finding = Finding.warning if term.loose else Finding.error
        expected = fault.expected or _expected(term)
        message, cure = f"{_quoted(term, said)} {fault.problem}", fault.cure or f"give {expected}"
        found = finding(fault.code, message, cure, **_about(term, said, expected))
        return ({"value": original, "original": original} if term.loose else None), [found]
    parameter: Parameter = {"value": value, "original": original}
    if term.unit is not None and not isinstance(value, str | bool):
        parameter["unit"] = term.unit
    return parameter, findings


def _is_unknown(term: Term, said: str) -> bool:
    """A producer's word for no number, or no time, at all."""
    return term.type != "text" and said.strip().lower() in UNKNOWN


def _value(term: Term, said: JsonValue, zone: tzinfo) -> tuple[Any, list[Finding]]:
    if isinstance(said, dict) or (isinstance(said, list) and any(isinstance(item, dict | list) for item in said)):
        raise Unreadable("value_nested", "is nested")
    match term.type:
        case "text":
            return ([original_text(item) for item in said] if isinstance(said, list) else original_text(said)), []
        case "boolean":
            return _boolean(said), []
        case "time":
            return _time(term, said, zone)
        case "vector":
            numbers = _numbers(term, said)
        case _:
            numbers = _numbers(term, said) if term.loose or isinstance(said, list) else [_number(term, said)]
            if len(numbers) > 1 and not term.loose:
                raise Unreadable("value_not_a_number", f"holds {len(numbers)} numbers", "give one")
    outside = next((finding for number in numbers if (finding := _range_finding(term, said, number))), None)
    if term.type == "integer":
        if any(not number.is_integer() for number in numbers):
            raise Unreadable("value_not_an_integer", "is not a whole number")
        numbers = [int(number) for number in numbers]
    return (numbers if term.type == "vector" or len(numbers) > 1 else numbers[0]), [outside] if outside else []


def _number(term: Term, said: JsonValue) -> float:
    """One number in the canonical unit; text may bring a unit of its own."""
    if isinstance(said, bool) or not isinstance(said, str | int | float):
        raise Unreadable("value_not_a_number", "is not a number")
    if isinstance(said, str):
        text = said.strip()
        if (word := term.words.get(text.lower())) is not None:
            return word
        number = math.nan if text.lower().lstrip("+-") in NOT_FINITE else _quantity(term, text)
    else:
        number = float(said) if abs(said) <= LARGEST else math.inf
    if not math.isfinite(number):
        raise Unreadable("value_not_finite", "is not finite", "leave it out where there is no value")
    return number


def _quantity(term: Term, text: str) -> float:
    """A number, alone or with its uncertainty, which is left out, and a unit behind it."""
    match = NUMBER.match(text)
    unit = text[match.end() :].lstrip() if match else ""
    if match is None or unit[:1] in NO_UNIT_BEGINS_SO:
        raise Unreadable("value_not_a_number", "is not a number")
    number = float(match[0])
    if unit.startswith("±") and (uncertainty := NUMBER.match(unit[1:].lstrip())):
        unit = unit[1:].lstrip()[uncertainty.end() :].lstrip()
    if not unit:
        return number
    conversion = term.conversions.get(unit)
    if conversion is not None:
        return conversion(number)
    unit = unit[:40]
    if not term.conversions:
        raise Unreadable("unit_not_expected", f"comes with {unit!r}, but has no unit")
    known = ", ".join(list(term.conversions)[:8])
    problem = f"comes in {unit!r}, which is not a unit of it"
    raise Unreadable("unit_unknown", problem, expected=f"a number in one of {known}")


def _numbers(term: Term, said: JsonValue) -> list[float]:
    if isinstance(said, str):
        words = said.strip("[]() ").replace(",", " ", NUMBERS_AT_MOST).split(None, NUMBERS_AT_MOST)
        _refuse_bulk(words)
        if len(words) > 1 and all(NUMBER.match(word) for word in words[1:]):
            return [_number(term, word) for word in words]
        return [_number(term, said)]
    if not isinstance(said, list):
        return [_number(term, said)]
    _refuse_bulk(said)
    return [_number(term, item) for item in said]


def _refuse_bulk(values: Sequence[object]) -> None:
    if len(values) > NUMBERS_AT_MOST:
        raise Unreadable("value_too_long", f"holds more than {NUMBERS_AT_MOST} values", "move bulk data into files")


def _boolean(said: JsonValue) -> bool:
    value = BOOLEANS.get(original_text(said).strip().lower())
    if value is None:
        raise Unreadable("value_not_a_boolean", "is neither true nor false")
    return value


def _time(term: Term, said: JsonValue, zone: tzinfo) -> tuple[str, list[Finding]]:
    try:
        time = datetime.fromisoformat(said.strip() if isinstance(said, str) else "")
    except ValueError:
        raise Unreadable("value_not_a_time", "is not a time in ISO 8601") from None
    if time.tzinfo is not None:
        return time.isoformat(), []
    message = f"{_quoted(term, said)} names no time zone; the facility's ({zone}) was taken"
    about = _about(term, said, "a time with its zone, as +01:00")
    finding = Finding.warning("time_zone_assumed", message, "say the zone with the time", **about)
    return time.replace(tzinfo=zone).isoformat(), [finding]


def _range_finding(term: Term, said: JsonValue, number: float) -> Finding | None:
    """Outside the hard range is an error, outside the plausible one a warning."""
    for limits, finding, code, verdict, cure in (
        (term.hard, Finding.error, "value_out_of_range", "cannot be", "correct"),
        (term.plausible, Finding.warning, "value_implausible", "is unlikely", "check"),
    ):
        if limits is not None and not limits[0] <= number <= limits[1]:
            unit, what = (f" {term.unit}", "the value and its unit") if term.unit else ("", "the value")
            expected = f"{limits[0]:g} to {limits[1]:g}{unit}"
            note = f"; {term.note}" if term.note else ""
            message = f"{_quoted(term, said)} {verdict}: expected {expected}{note}"
            return finding(code, message, f"{cure} {what}", **_about(term, said, expected))
    return None


def _expected(term: Term) -> str:
    unit = f" in {term.unit}" if term.unit else ""
    return {
        "number": f"a number{unit}",
        "integer": f"a whole number{unit}",
        "vector": f"a list of numbers{unit}",
        "boolean": "true or false",
        "time": "a time like 2024-11-30T09:00:00+01:00",
        "text": "text",
    }[term.type]


def _quoted(term: Term, said: JsonValue) -> str:
    """The subject of a finding's message."""
    return f"{term.name} = {_shown(said)!r}"


def _about(term: Term, said: JsonValue, expected: str) -> dict[str, str]:
    """The fields of a finding that are about a value."""
    return {"parameter": term.name, "value": _shown(said), "expected": expected}


def _shown(said: JsonValue) -> str:
    return original_text(said)[:SHOWN_CHARACTERS]

"""Reads values of parameters according to the vocabulary.

There are two paths. `reader(term)` is compiled once and reads an ordinary value in less than a microsecond. Doubtful
values go to `judge`, which is slower and describes what is wrong.
"""

import json
from collections.abc import Callable, Sequence
from datetime import tzinfo
from functools import partial
from typing import Any

from pydantic import JsonValue

from shared.events.dataset import Parameter
from shared.events.sections import Finding
from shared.foundation.times import in_zone, iso_time
from shared.vocabulary.absence import SENTINELS, says_no_number, says_no_text
from shared.vocabulary.quantities import LARGEST, Quantity, Unreadable, quantities_of
from shared.vocabulary.space_groups import space_group
from shared.vocabulary.vocabulary import Term

Reader = Callable[[JsonValue], Parameter | None]
"""The parameter, or None when in doubt."""

XDS_NOTHING = -99.9
"""The number that XDS prints for an unknown R factor."""
BOOLEANS = {"true": True, "false": False, "yes": True, "no": False, "1": True, "0": False}
SHOWN_CHARACTERS = 200


def original_text(said: object) -> str:
    """The sent value as text; JSON text for anything else than text."""
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


def _text_reader(term: Term) -> Reader:
    if term.names is not None:
        return _space_group_reader

    def read(said: JsonValue) -> Parameter | None:
        return {"value": said, "original": said} if type(said) is str and not says_no_text(said) else None

    return read


def _space_group_reader(said: JsonValue) -> Parameter | None:
    name = space_group(said) if type(said) is str else None
    return {"value": name, "original": original_text(said)} if name is not None else None


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


def judge(term: Term, said: JsonValue, zone: tzinfo) -> tuple[Parameter | None, list[Finding]]:
    """The parameter and its findings. `zone` applies to times without one.

    An empty value gives no parameter. An unreadable or impossible one is kept as it was sent, without a value.
    """
    if said is None or said == [] or (isinstance(said, str) and not said.strip()):
        return None, [_finding(term, said, "value_empty", "has no value and was left out", "do not send it")]
    original = original_text(said)
    try:
        value, findings = _value(term, said, zone)
    except Unreadable as fault:
        cure = fault.cure or f"give {fault.expected or _expected(term)}"
        return {"original": original}, [_finding(term, said, fault.code, fault.problem, cure, fault.expected)]
    parameter: Parameter = {"value": value, "original": original}
    if term.unit is not None and not isinstance(value, str | bool):
        parameter["unit"] = term.unit
    return parameter, findings


def _value(term: Term, said: JsonValue, zone: tzinfo) -> tuple[Any, list[Finding]]:
    if isinstance(said, dict) or (isinstance(said, list) and any(isinstance(item, dict | list) for item in said)):
        raise Unreadable("value_nested", "is nested")
    if isinstance(said, str) and (says_no_text if term.type == "text" else says_no_number)(said):
        raise Unreadable("value_empty", "means that there is no value", "leave it out if there is none")
    match term.type:
        case "text" if term.names is not None:
            return _space_group(term, said)
        case "text":
            return ([original_text(item) for item in said] if isinstance(said, list) else original_text(said)), []
        case "boolean":
            return _boolean(said), []
        case "time":
            return _time(term, said, zone)
    quantities = quantities_of(term, said)
    findings = [_understood(term, said, quantities)] if any(each.is_annotated for each in quantities) else []
    findings += _doubts(term, said, quantities)
    numbers: list[Any] = [each.value for each in quantities]
    if term.type == "integer":
        if any(not number.is_integer() for number in numbers):
            raise Unreadable("value_not_an_integer", "is not a whole number")
        numbers = [int(number) for number in numbers]
    return (numbers if term.type == "vector" or len(numbers) > 1 else numbers[0]), findings


def _space_group(term: Term, said: JsonValue) -> tuple[str, list[Finding]]:
    """The canonical name. An unknown text stays as it was sent, and can be searched in this form."""
    text = original_text(said)
    name = space_group(text)
    if name is not None:
        return name, []
    problem, cure = "is not a known space group, and was kept unchanged", "write it like P 21 21 21"
    return text, [_finding(term, said, "space_group_unknown", problem, cure, "a Hermann-Mauguin symbol or a number")]


def _boolean(said: JsonValue) -> bool:
    value = BOOLEANS.get(original_text(said).strip().lower())
    if value is None:
        raise Unreadable("value_not_a_boolean", "is neither true nor false")
    return value


def _time(term: Term, said: JsonValue, zone: tzinfo) -> tuple[str, list[Finding]]:
    time = iso_time(said.strip()) if isinstance(said, str) else None
    if time is None:
        raise Unreadable("value_not_a_time", "is not a time in ISO 8601")
    if time.tzinfo is not None:
        return time.isoformat(), []
    problem, cure = f"has no time zone; the facility's ({zone}) was assumed", "send the zone with the time"
    finding = _finding(term, said, "time_zone_assumed", problem, cure, "a time with its zone, as +01:00")
    return in_zone(time, zone).isoformat(), [finding]


def _understood(term: Term, said: JsonValue, quantities: Sequence[Quantity]) -> Finding:
    """The finding on a number with other text around it, which gives the number that was read."""
    taken = " ".join(f"{each.value!r}" for each in quantities)
    problem = f"was understood as {taken}{f' {term.unit}' if term.unit else ''}"
    return _finding(term, said, "value_understood", problem, "give the number alone", taken)


def _doubts(term: Term, said: JsonValue, quantities: Sequence[Quantity]) -> list[Finding]:
    """The findings on ranges. Outside the hard range a number is refused, outside the plausible one it is flagged."""
    note = f"; {term.note}" if term.note else ""
    what = "the value and its unit" if term.unit else "the value"
    if any(map(partial(_stands_for_none, term), quantities)):
        raise Unreadable("value_empty", "stands for no value", "leave it out if there is none")
    if any(_outside(each.value, term.hard) for each in quantities):
        expected = _range(term, term.hard)
        raise Unreadable("value_out_of_range", f"cannot be: expected {expected}{note}", f"correct {what}", expected)
    if any(_outside(each.value, term.plausible) for each in quantities):
        expected = _range(term, term.plausible)
        problem = f"is unlikely: expected {expected}{note}"
        return [_finding(term, said, "value_implausible", problem, f"check {what}", expected)]
    return []


def _stands_for_none(term: Term, quantity: Quantity) -> bool:
    """Whether a number means "no value": an unlikely one, or that of XDS, although in per cent it is in range."""
    is_of_xds = term.scale is not None and quantity.printed == XDS_NOTHING
    return is_of_xds or (quantity.printed in SENTINELS and _outside(quantity.value, term.plausible))


def _outside(number: float, limits: tuple[float, float] | None) -> bool:
    return limits is not None and not limits[0] <= number <= limits[1]


def _range(term: Term, limits: tuple[float, float] | None) -> str:
    return f"{limits[0]:g} to {limits[1]:g}{f' {term.unit}' if term.unit else ''}" if limits else ""


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


def _finding(term: Term, said: JsonValue, code: str, problem: str, cure: str, expected: str | None = None) -> Finding:
    """A warning about a value: it stays with the dataset and refuses nothing."""
    shown = _shown(said)
    expected = expected or _expected(term)
    message = f"{term.name} = {shown!r} {problem}"
    return Finding.warning(code, message, cure, parameter=term.name, value=shown, expected=expected)


def _shown(said: JsonValue) -> str:
    return original_text(said)[:SHOWN_CHARACTERS]

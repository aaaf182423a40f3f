"""Units that a producer sends separately from its values."""

import math
import re
from collections.abc import Mapping

from pydantic import JsonValue

from shared.events.sections import Finding
from shared.vocabulary.quantities import ONE_OR_SEVERAL
from shared.vocabulary.vocabulary import Term, Vocabulary

ENDS_IN_A_NUMBER = re.compile(r"[\d.)]\s*$", re.ASCII)
"""A text that ends in anything else has its own unit, or is not a number."""
RATIO, FRACTION = "1", "fraction"
"""The unit of a ratio, and its name where a digit is not allowed."""


def with_unit(term: Term, value: JsonValue, unit: str) -> JsonValue:
    """The value with its unit after it. A text with its own unit stays unchanged."""
    unit = unit.strip()
    if not unit or term.type not in ("number", "integer", "vector") or (unit == RATIO and not term.conversions):
        return value
    match value:
        case list():
            return [with_unit(term, item, unit) for item in value]
        case str() if ONE_OR_SEVERAL.fullmatch(value.strip()):
            return value
        case str() if term.type == "vector" and (words := value.strip("[]() ").replace(",", " ").split())[1:]:
            return [with_unit(term, word, unit) for word in words]
        case str() if ENDS_IN_A_NUMBER.search(value):
            said = value
        case int() | float() if not isinstance(value, bool) and math.isfinite(value):
            said = repr(value)
        case _:
            return value
    return f"{said} {FRACTION if unit == RATIO else unit}"


def units_of(
    said: Mapping[str, JsonValue], units: Mapping[str, str], vocabulary: Vocabulary, findings: list[Finding]
) -> Mapping[str, str]:
    """The units, by the names of the sent values. A unit without a value is flagged."""
    found = {name: unit for name, unit in units.items() if name in said}
    if len(found) == len(units):
        return found
    of_term: dict[Term, list[str]] = {}
    for each in said:
        if (term := vocabulary.resolve(each)) is not None:
            of_term.setdefault(term, []).append(each)
    for name, unit in units.items():
        if name in said:
            continue
        term = vocabulary.resolve(name)
        values = of_term.get(term, []) if term is not None else []
        for each in values:
            found.setdefault(each, unit)
        if not values:
            message, cure = f"{name[:100]} has the unit {unit[:40]!r} and no value", "name a parameter that is sent"
            findings.append(Finding.warning("unit_without_value", message, cure, value=unit[:40]))
    return found

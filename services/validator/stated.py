"""Units that a producer says beside its values, and not in their texts."""

import math
import re
from collections.abc import Mapping

from pydantic import JsonValue

from shared.events.sections import Finding
from shared.vocabulary.quantities import ONE_OR_SEVERAL
from shared.vocabulary.vocabulary import Term, Vocabulary

ENDS_IN_A_NUMBER = re.compile(r"[\d.)]\s*$", re.ASCII)
"""What ends in anything else brings a unit of its own, or is not a number."""
RATIO, FRACTION = "1", "fraction"
"""The unit of a ratio, and how it is written where no digit may stand."""


def with_unit(term: Term, value: JsonValue, unit: str) -> JsonValue:
    """A value as if its unit stood behind it. A text that brings a unit of its own stays as it is."""
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
    """By the names under which values were said: their units. A unit that belongs to none of them is flagged."""
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

"""Reads numbers as people and programs write them, with the units of the vocabulary."""

import math
import re
from collections.abc import Sequence
from sys import float_info
from typing import NamedTuple

from pydantic import JsonValue

from shared.foundation.errors import BeamcatError
from shared.vocabulary.absence import says_no_number
from shared.vocabulary.vocabulary import Term

LARGEST = float_info.max
NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?", re.ASCII)
NOTATION = re.compile(
    rf"(?P<about>[~≈]\s*)?(?P<number>{NUMBER.pattern})"
    rf"(?P<spread>\(\d+\)|\s*(?:±|\+/-|\+-)\s*{NUMBER.pattern})?(?P<star>\*)?\s*",
    re.ASCII,
)
"""A number as people and programs print it, before its unit: `~1.6`, `0.970(4)`, `1.5 ± 0.1`, `99.9*` as XDS does."""
BOUND = re.compile(rf"[<>≤≥]=?\s*{NUMBER.pattern}", re.ASCII)
GAP = "\u00a0\u2009\u202f"
"""Blanks that may be within a number (`1 000`), not between two numbers."""
ONE_OR_SEVERAL = re.compile(
    rf"[-+]?(?:\d+,\d+|\d{{1,3}}(?: 0\d\d)+"
    rf"|\d{{1,3}}(?:[,{GAP}]\d{{3}})+(?:\.\d+)?|\d{{1,3}}(?:[.{GAP}]\d{{3}})+,\d+)",
    re.ASCII,
)
"""One number with a decimal comma or grouped thousands, or several numbers: `0,97`, `1,000`, `1 000`, `1.234,5`."""
NO_UNIT_BEGINS_SO = frozenset("0123456789.,_+-")
NUMBERS_AT_MOST = 10_000


class Unreadable(BeamcatError):
    """A value does not fit its parameter. The default cure is to give the expected value."""

    def __init__(self, code: str, problem: str, cure: str | None = None, expected: str | None = None) -> None:
        super().__init__(problem)
        self.code = code
        self.problem = problem
        self.cure = cure
        self.expected = expected


class Quantity(NamedTuple):
    """A number in the canonical unit, its printed form, and whether more than a number and a unit was printed."""

    value: float
    printed: float
    is_annotated: bool = False


def quantities_of(term: Term, said: JsonValue) -> list[Quantity]:
    """The numbers of a value: several for a vector, or if only ICAT gives the type; one for any other parameter.

    Raises:
        Unreadable: there is no number, or a place without a number.
    """
    takes_many = term.type == "vector" or term.loose
    if isinstance(said, list):
        _refuse_bulk(said)
        parts: Sequence[JsonValue] = said
    elif isinstance(said, str) and takes_many:
        if ONE_OR_SEVERAL.fullmatch(said.strip()):
            problem, cure = "may be one number or several", "write a decimal point, and blanks between numbers"
            raise Unreadable("value_ambiguous", problem, cure)
        words = said.strip("[]() ").replace(",", " ", NUMBERS_AT_MOST).split(None, NUMBERS_AT_MOST)
        _refuse_bulk(words)
        are_many = len(words) > 1 and all(NUMBER.match(word) or says_no_number(word) for word in words[1:])
        parts = words if are_many else [said]
    else:
        parts = [said]
    if len(parts) > 1 and not takes_many:
        raise Unreadable("value_not_a_number", f"holds {len(parts)} numbers", "give one")
    gaps = sum(part is None or (isinstance(part, str) and says_no_number(part)) for part in parts)
    if gaps:
        problem = f"has no number in {gaps} of its {len(parts)} places"
        raise Unreadable("value_has_gaps", problem, "give a number in each place, or leave it out")
    return [_quantity(term, part) for part in parts]


def _quantity(term: Term, said: JsonValue) -> Quantity:
    """One number in the canonical unit. A text may have its own unit."""
    if isinstance(said, bool) or not isinstance(said, str | int | float):
        raise Unreadable("value_not_a_number", "is not a number")
    if isinstance(said, str):
        text = said.strip()
        word = term.words.get(text.lower())
        quantity = _printed(term, text) if word is None else Quantity(word, word)
    else:
        number = float(said) if abs(said) <= LARGEST else math.inf
        quantity = Quantity(number, number)
    if not math.isfinite(quantity.value):
        raise Unreadable("value_not_finite", "is not finite", "leave it out if there is no value")
    return quantity


def _printed(term: Term, text: str) -> Quantity:
    """Read a number from text: alone, with an annotation, or with a unit."""
    if BOUND.match(text):
        raise Unreadable("value_is_a_bound", "is a bound, not a value", "give the value, or leave it out")
    match = NOTATION.match(text)
    unit = text[match.end() :] if match else ""
    if match is None or unit[:1] in NO_UNIT_BEGINS_SO:
        raise Unreadable("value_not_a_number", "is not a number")
    number = float(match["number"])
    is_annotated = any((match["about"], match["spread"], match["star"]))
    if match["star"] and term.scale and number > 1:
        unit = unit or "%"  # XDS marks a significant correlation with it, and prints all correlations in per cent
    if not unit:
        return Quantity(number, number, is_annotated)
    conversion = term.conversions.get(unit)
    if conversion is not None:
        return Quantity(conversion(number), number, is_annotated)
    unit = unit[:40]
    if not term.conversions:
        raise Unreadable("unit_not_expected", f"was sent with the unit {unit!r}, but has no unit")
    known = ", ".join(list(term.conversions)[:8])
    problem = f"has the unit {unit!r}, which does not fit it"
    raise Unreadable("unit_unknown", problem, expected=f"a number in one of {known}")


def _refuse_bulk(values: Sequence[object]) -> None:
    if len(values) > NUMBERS_AT_MOST:
        raise Unreadable("value_too_long", f"holds more than {NUMBERS_AT_MOST} values", "move bulk data into files")

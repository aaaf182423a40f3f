"""Descriptions of parameters in words, and the patterns that the JSON Schema of a kind needs.

A schema must not refuse anything that the validator accepts. The validator refuses no value: an unreadable or
impossible one is kept as it was sent and flagged. So a schema describes a value but does not restrict it.
"""

import re
from collections.abc import Iterable
from typing import Any

from shared.vocabulary.vocabulary import Term

Schema = dict[str, Any]

UNTRUTHS = ("false", "no", "0")
NOTHING: Schema = {
    "anyOf": [{"type": "null"}, {"type": "array", "maxItems": 0}, {"type": "string", "pattern": r"^\s*$"}],
}
"""The schema of what is never a value of a parameter."""
TYPES = {
    "number": "a number",
    "integer": "a whole number",
    "vector": "numbers, as a list or separated by blanks",
    "boolean": "true or false",
    "time": "a time in ISO 8601; without a zone, the facility's is assumed",
    "text": "text",
}


def one_of_words(words: Iterable[str]) -> str:
    """The pattern of a text that is one of the words, in any letter case, with or without blanks around it.

    It is written letter by letter, because not every dialect of regular expressions has a flag for letter case.
    """
    return rf"^\s*(?:{'|'.join(map(_in_any_case, words))})\s*$"


def _in_any_case(word: str) -> str:
    return "".join(f"[{c.upper()}{c.lower()}]" if c.isalpha() else escaped(c) for c in word)


def escaped(text: str) -> str:
    """The text as a pattern for Python and ECMAScript. `re.escape` escapes more than ECMAScript permits."""
    return re.sub(r"([\\^$.|?*+()\[\]{}])", r"\\\1", text)


def parameter_schema(term: Term) -> Schema:
    """The schema of a parameter: its meaning and its expected value."""
    return {"description": f"{in_words(term)} Expected: {TYPES[term.type]}."}


def in_words(term: Term) -> str:
    """The meaning of the parameter, its unit, its ranges and its mmCIF item, in one line."""
    unit = f" {term.unit}" if term.unit else ""
    facts = [
        meaning_of(term),
        term.note if term.note not in term.description else "",
        f"in {term.unit}" if term.unit else term.no_unit,
        f"{span_of(term.hard)}{unit}" if term.hard else "",
        f"usually {span_of(term.plausible)}{unit}" if term.plausible and term.plausible != term.hard else "",
        f"mmCIF {term.mmcif}" if term.mmcif else "",
    ]
    said = "; ".join(fact for fact in facts if fact)
    return f"{said[:1].upper()}{said[1:]}." if said else f"{term.name}."


def meaning_of(term: Term) -> str:
    """The vocabulary's description, without ICAT's reference at its end."""
    return re.sub(r"\s*(?:See )?https?://\S+$", "", " ".join(term.description.split())).rstrip(". ")


def span_of(limits: tuple[float, float] | None) -> str:
    """A range in words."""
    return f"{limits[0]:g} to {limits[1]:g}" if limits else ""

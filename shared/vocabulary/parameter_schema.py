"""What a value of a parameter should be, in words, and the few shapes of one that a JSON Schema of a kind needs.

A schema refuses nothing that the validator takes, and the validator refuses no value: what cannot be read, or cannot
be, is kept as it was said and flagged. So a schema describes a value and demands nothing of it.
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
"""What is no value of any parameter."""
TYPES = {
    "number": "a number",
    "integer": "a whole number",
    "vector": "numbers, as a list or separated by blanks",
    "boolean": "true or false",
    "time": "a time in ISO 8601; without a zone the facility's own is taken",
    "text": "text",
}


def one_of_words(words: Iterable[str]) -> str:
    """A pattern for a text that is one of the words, in any letter case, with blanks around it.

    Letter by letter, because not every dialect of regular expressions has a flag for letter case.
    """
    return rf"^\s*(?:{'|'.join(map(_in_any_case, words))})\s*$"


def _in_any_case(word: str) -> str:
    return "".join(f"[{c.upper()}{c.lower()}]" if c.isalpha() else escaped(c) for c in word)


def escaped(text: str) -> str:
    """The text as a pattern that Python and ECMAScript read alike; `re.escape` escapes more than the latter permits."""
    return re.sub(r"([\\^$.|?*+()\[\]{}])", r"\\\1", text)


def parameter_schema(term: Term) -> Schema:
    """A parameter: what it means and what its value should be."""
    return {"description": f"{in_words(term)} Expected: {TYPES[term.type]}."}


def in_words(term: Term) -> str:
    """What the parameter means, its unit, its ranges and its mmCIF item, in one line."""
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
    """The vocabulary's description, without the reference that ICAT ends it with."""
    return re.sub(r"\s*(?:See )?https?://\S+$", "", " ".join(term.description.split())).rstrip(". ")


def span_of(limits: tuple[float, float] | None) -> str:
    """A range in words."""
    return f"{limits[0]:g} to {limits[1]:g}" if limits else ""

"""What a value of a parameter may be, as JSON Schema: a number as a number, or as text with a unit, as beamlines do.

The schema refuses nothing that the validator takes under the vocabulary's own names. It knows the hard range of what
comes as a number; a number within a text is beyond what JSON Schema can compare.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from shared.vocabulary import Term

Schema = dict[str, Any]

NUMBER = r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?"
WHOLE = r"[-+]?(?:[0-9]+(?:\.0*)?|(?:[0-9]+\.?[0-9]*|\.[0-9]+)[eE][-+]?[0-9]+)"
ALONE_IN_A_LIST: Schema = {"type": "array", "minItems": 1, "maxItems": 1, "items": {"type": ["number", "string"]}}
SCALARS = ["string", "number", "boolean", "null"]
UNKNOWN_WORDS = ("?", "none", "null", "n/a")
TRUTHS = ("true", "yes", "1")
UNTRUTHS = ("false", "no", "0")
SPELT = {"Å": "angstrom", "µ": "u", "μ": "u", "°": "deg", "²": "2", "³": "3", "%": "per_cent", "/": "_per_"}


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


SAYS_NOTHING = "says_nothing"
SAYS_NO_TEXT = "says_no_text"
DEFINITIONS: Mapping[str, Schema] = {
    SAYS_NO_TEXT: {
        "description": "No value: the parameter is left out, with a warning.",
        "anyOf": [
            {"type": "null"},
            {"type": "array", "maxItems": 0},
            {"type": "string", "pattern": r"^\s*$"},
        ],
    },
    SAYS_NOTHING: {
        "description": "No value, or a program's word for none: the parameter is left out, with a warning.",
        "anyOf": [
            {"$ref": f"#/$defs/{SAYS_NO_TEXT}"},
            {"type": "string", "pattern": one_of_words(UNKNOWN_WORDS)},
        ],
    },
    "text": {
        "description": "Text; what is none is kept as text.",
        "anyOf": [{"type": SCALARS}, {"type": "array", "items": {"type": SCALARS}}],
    },
    "time": {
        "description": "ISO 8601; without a zone the facility's own is taken.",
        "type": "string",
        "pattern": r"^\s*[0-9]{4}",
    },
}


def parameter_schema(term: Term, definitions: dict[str, Schema]) -> Schema:
    """A value of the parameter; what it refers to is added to the definitions."""
    if term.loose:
        return {"description": in_words(term)}
    forms = _forms(term, definitions)
    return {"description": in_words(term), "anyOf": [*forms, _defined(nothing_of(term), definitions)]}


def nothing_of(term: Term) -> str:
    """The definition of what is no value of the parameter."""
    return SAYS_NO_TEXT if term.type == "text" else SAYS_NOTHING


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


def _forms(term: Term, definitions: dict[str, Schema]) -> list[Schema]:
    match term.type:
        case "text" | "time":
            return [_defined(term.type, definitions)]
        case "boolean":
            words = {"type": "string", "pattern": one_of_words((*TRUTHS, *UNTRUTHS))}
            return [{"type": "boolean"}, {"enum": [0, 1]}, words]
        case "vector":
            number = _number(term, "number")
            listed = {"type": "array", "items": {"anyOf": [number, _text(term, definitions)]}}
            # commas, blanks and brackets part and enclose the numbers of a text; units may stand behind them
            return [number, listed, {"type": "string", "pattern": rf"^[\s\[\]()]*{NUMBER}"}]
        case _:
            return [_number(term, term.type), _text(term, definitions)]


def _number(term: Term, kind: str) -> Schema:
    low, high = term.hard or (None, None)
    limits = {"minimum": low, "maximum": high}
    return {"type": kind, **{name: _plain(limit) for name, limit in limits.items() if limit is not None}}


def _plain(limit: float) -> float:
    """100 rather than 100.0."""
    return int(limit) if limit.is_integer() and abs(limit) < 2**53 else limit


def _text(term: Term, definitions: dict[str, Schema]) -> Schema:
    """A number as text, alone or with its uncertainty and a unit that converts."""
    number = WHOLE if term.type == "integer" and not term.conversions else NUMBER
    units = "|".join(map(escaped, term.conversions))
    unit = rf"(?:{units})?\s*" if units else ""
    forms = [rf"{number}\s*(?:±\s*{NUMBER}\s*)?{unit}", *map(_in_any_case, term.words)]
    described = f"A number as text, in {term.unit} or with a unit." if term.unit else "A number as text."
    text = {"type": "string", "pattern": rf"^\s*(?:{'|'.join(forms)})\s*$"}
    schema = {"description": described, "anyOf": [text, ALONE_IN_A_LIST]}
    name = f"{term.type}_{'in_' + _named(term.unit) if term.unit else 'or_per_cent' if term.scale else 'as_text'}"
    while definitions.setdefault(name, schema) != schema:
        name += "_too"  # of the same unit, with other words
    return {"$ref": f"#/$defs/{name}"}


def _named(unit: str) -> str:
    """A unit as part of a name that neither a JSON pointer nor a URI has to escape."""
    return re.sub(r"\W+", "_", "".join(SPELT.get(c, c) for c in unit), flags=re.ASCII).strip("_")


def _defined(name: str, definitions: dict[str, Schema]) -> Schema:
    definitions[name] = DEFINITIONS[name]
    if name == SAYS_NOTHING:
        _defined(SAYS_NO_TEXT, definitions)
    return {"$ref": f"#/$defs/{name}"}

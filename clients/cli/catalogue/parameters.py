"""The parameters of a dataset as a person reads them: grouped, with the statistics of shells side by side. Pure."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Parameter = Mapping[str, Any]

SHELLS = ("overall", "inner", "outer")
OF_A_SHELL = re.compile(rf"(?P<family>[^_]+)_(?P<shell>{'|'.join(SHELLS)})_(?P<statistic>.+)")
FIRST_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z][a-z]+")
OTHERS = "others"
LONGEST = 200
"""The most characters that are shown of a value."""
TYPED = str.maketrans({"μ": "u", "µ": "u", "Å": "A", "°": None})
SEPARATORS = re.compile(r"[\s,;\[\]()]+")


@dataclass(frozen=True)
class ParameterGroup:
    """Parameters whose names begin with the same word: rows of name, value, unit, and the original if it differs."""

    name: str
    rows: Sequence[Sequence[str]]
    shells: Mapping[str, Sequence[Sequence[str]]]
    """The statistics of each family, with a column for each shell and one for the unit."""


def groups_of(parameters: Mapping[str, Parameter]) -> list[ParameterGroup]:
    """All parameters, each once, in the order of their names."""
    plain: dict[str, list[Sequence[str]]] = {}
    shells: dict[str, dict[str, dict[str, dict[str, Parameter]]]] = {}
    for name in sorted(parameters, key=str.lower):
        group, parameter = group_of(name), parameters[name]
        if found := OF_A_SHELL.fullmatch(name):
            statistics = shells.setdefault(group, {}).setdefault(found["family"], {})
            statistics.setdefault(found["statistic"], {})[found["shell"]] = parameter
        else:
            row = (name, value_of(parameter), str(parameter.get("unit", "")), said_of(parameter))
            plain.setdefault(group, []).append(row)
    names = sorted({*plain, *shells}, key=lambda name: (name == OTHERS, name.lower()))
    return [
        ParameterGroup(
            name,
            plain.get(name, ()),
            {family: list(_shell_rows(statistics)) for family, statistics in shells.get(name, {}).items()},
        )
        for name in names
    ]


def group_of(name: str) -> str:
    """The first word of the family: `MX` of `MXAutoprocIntegration_…`; names without a family are of none."""
    family, _, rest = name.partition("_")
    found = FIRST_WORD.match(family) if rest else None
    return found[0] if found else OTHERS


def _shell_rows(statistics: Mapping[str, Mapping[str, Parameter]]) -> Iterator[Sequence[str]]:
    for statistic, of in sorted(statistics.items()):
        unit = next((str(parameter["unit"]) for parameter in of.values() if parameter.get("unit")), "")
        yield (statistic, *(_with_said(of[shell]) if shell in of else "" for shell in SHELLS), unit)


def _with_said(parameter: Parameter) -> str:
    value, said = value_of(parameter), said_of(parameter)
    return f"{value} (said: {said})" if said and value else said or value


def value_of(parameter: Parameter) -> str:
    """The canonical value; empty if there is none."""
    value = parameter.get("value")
    if isinstance(value, list):
        shown = ", ".join(map(_text, value))
        return shown if len(shown) <= LONGEST else f"{_cut(shown)} ({len(value)} values)"
    return "" if value is None else _cut(_text(value))


def said_of(parameter: Parameter) -> str:
    """The producer's original, if it is not the value in its unit."""
    unit = parameter.get("said_unit") or ""
    original = str(parameter.get("original", ""))
    differs = _plain(unit) not in ("", _plain(parameter.get("unit", ""))) or not _says(original, parameter.get("value"))
    return _cut(f"{original} {unit}".strip()) if differs else ""


def _plain(unit: str) -> str:
    """A unit as people type it."""
    return unit.translate(TYPED)


def _says(original: str, value: object) -> bool:
    """Whether a text is the same as a value, in any spelling."""
    if isinstance(value, bool) or not isinstance(value, int | float | list):
        return value is not None and original.strip().lower() == str(value).lower()
    values = value if isinstance(value, list) else [value]
    words = [word for word in SEPARATORS.split(original) if word]
    return len(words) == len(values) and all(map(_is_same, words, values))


def _is_same(word: str, value: object) -> bool:
    try:
        return float(word) == value
    except ValueError:
        return word == value


def _text(value: object) -> str:
    return f"{value:.12g}" if isinstance(value, float) else str(value)


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"

"""From all that a file says to one submission, and a list of what has no place in it. Pure."""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from clients.cli.importing.names import Names

SHOWN_CHARACTERS = 120
FIELD = "submission."
"""Marks a target that is a field of the submission; any other target is a parameter."""
LISTS = ("input", "files")
"""Fields that hold all that is said, not one value."""


class FileNotUnderstood(Exception):
    """The file is none that can be read; the message says what is wrong and what would do."""


@dataclass(frozen=True)
class Said:
    """One thing that a file says: where, under which of the format's names, for which shell, in which unit."""

    place: str
    name: str
    value: Any
    shell: str | None = None
    unit: str | None = None


@dataclass(frozen=True)
class Unplaced:
    """Something that the file says and the submission does not."""

    place: str
    value: str
    reason: str


@dataclass(frozen=True)
class Given:
    """What the user says, because no file says it. It stands above what a file says."""

    proposal: str | None = None
    beamline: str | None = None
    sample: str | None = None
    path: str | None = None
    name: str | None = None
    input: tuple[str, ...] = ()

    def fields(self) -> dict[str, Any]:
        """Only what was given."""
        said = {name: value for name, value in vars(self).items() if value}
        return said | ({"input": list(self.input)} if self.input else {})


@dataclass(frozen=True)
class Imported:
    """A submission made of a file, and what of the file is not in it."""

    submission: dict[str, Any]
    unplaced: list[Unplaced] = field(default_factory=list)


def gather(said: Iterable[Said], names: Names, given: Given) -> Imported:
    """One submission of all that is said.

    Of several values for one parameter the one whose name comes first in the mapping stands, and within a name the
    first; what was measured sweep by sweep stands only if all sweeps agree. Every other value is listed.
    """
    unplaced: list[Unplaced] = []
    by_target = _by_target(said, names, unplaced)
    parameters: dict[str, Any] = {}
    fields: dict[str, Any] = {}
    taken: dict[str, Said] = {}
    for target, sayings in by_target.items():
        named = target.removeprefix(FIELD)
        if named in LISTS and target != named:
            fields[named] = list(dict.fromkeys(saying.value for saying in sayings))
            continue
        place, value = (fields, named) if target != named else (parameters, target)
        first, *others = sayings
        differing = [other for other in others if not _same(other.value, first.value)]
        if differing and target in names.by_sweep:
            unplaced += [_unplaced(saying, "the sweeps differ, and a dataset holds one value") for saying in sayings]
            continue
        place[value] = first.value
        if target == named:
            taken[target] = first
        unplaced += [
            _unplaced(other, f"{first.place} says {_shown(first.value)}, which was taken") for other in differing
        ]
    submission = _submission(fields, parameters, names, given, unplaced)
    if units := _units(taken, names.units_of(str(submission["parameters"].get("Process_program", "")))):
        submission["units"] = units
    return Imported(submission, unplaced)


def _units(taken: Mapping[str, Said], known: Mapping[str, str]) -> dict[str, str]:
    """By parameter: its unit, where the saying or what is known of its name has one."""
    units = {name: saying.unit or known.get(saying.name) for name, saying in taken.items()}
    return {name: unit for name, unit in units.items() if unit is not None}


def _by_target(said: Iterable[Said], names: Names, unplaced: list[Unplaced]) -> dict[str, list[Said]]:
    """What is said of each parameter and field, the most trusted first."""
    found: dict[str, list[tuple[int, Said]]] = {}
    ranks = {name: rank for rank, name in enumerate(names.said)}
    for saying in said:
        if saying.name in names.ignored or _is_empty(saying.value):
            continue
        target = names.said.get(saying.name)
        if _is_endless(saying.value):
            unplaced.append(_unplaced(saying, "it is no number"))
        elif target is None:
            unplaced.append(_unplaced(saying, "there is no parameter for it"))
        else:
            filled = target.replace("{shell}", saying.shell or "overall")
            found.setdefault(filled, []).append((ranks[saying.name], saying))
    return {
        target: [saying for _, saying in sorted(sayings, key=lambda ranked: ranked[0])]
        for target, sayings in found.items()
    }


def _submission(
    fields: Mapping[str, Any],
    parameters: Mapping[str, Any],
    names: Names,
    given: Given,
    unplaced: list[Unplaced],
) -> dict[str, Any]:
    chosen = given.fields()
    for name, value in chosen.items():
        if name in fields and fields[name] != value:
            unplaced.append(Unplaced(name, _shown(fields[name]), "another one was given with the command"))
    return {**names.submission, **fields, **chosen, "parameters": {**names.parameters, **parameters}}


def _is_empty(value: object) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _is_endless(value: object) -> bool:
    """Whether a value is, or holds, what JSON has no number for: infinity, or none at all."""
    if isinstance(value, list):
        return any(map(_is_endless, value))
    return isinstance(value, float) and not math.isfinite(value)


def _same(one: object, other: object) -> bool:
    try:
        return float(str(one)) == float(str(other))
    except ValueError:
        return str(one).strip() == str(other).strip()


def _unplaced(saying: Said, reason: str) -> Unplaced:
    return Unplaced(saying.place, _shown(saying.value), reason)


def _shown(value: object) -> str:
    text = " ".join(str(value).split())
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}…"


def leaves(value: object, place: str = "") -> Iterator[tuple[str, object]]:
    """Every value of a nest of objects and lists, with the path that leads to it."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield from leaves(item, f"{place}.{name}" if place else str(name))
    elif isinstance(value, list):
        for number, item in enumerate(value, 1):
            yield from leaves(item, f"{place}[{number}]")
    else:
        yield place, value

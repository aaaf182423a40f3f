"""The submission that is assembled from what a file says, and a list of what finds no place in it. Pure."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from clients.importers.names import Names
from shared.events.sections import Finding
from shared.vocabulary.absence import says_no_text

SHOWN_CHARACTERS = 120
FIELD = "submission."
"""The prefix of a target that is a field of the submission. Any other target is a parameter."""
LISTS = ("input", "files")
"""Fields that take all values, not one."""
SHELL = "{shell}"
"""The place of overall, inner or outer in a target."""
RESULT = "{result}"
"""The place of the result's number in a given path or name."""
PATTERNS = ("path", "name")


BETWEEN = "it lies between the inner and the outer shell"


class FileNotUnderstood(Exception):
    """The file cannot be read; the message says what is wrong and what would help."""


@dataclass(frozen=True)
class StatedValue:
    """One value in a file: its place, its name in the format, its shell and its unit."""

    place: str
    name: str
    value: Any
    shell: str | None = None
    unit: str | None = None


@dataclass(frozen=True)
class Unplaced:
    """A value in the file that is not in the submission, and why."""

    place: str
    value: str
    reason: str


@dataclass(frozen=True)
class Given:
    """The user's options, for what no file says. They take precedence over the file."""

    proposal: str | None = None
    beamline: str | None = None
    sample: str | None = None
    path: str | None = None
    name: str | None = None
    input: tuple[str, ...] = ()
    start: str | None = None
    end: str | None = None
    program: str | None = None

    def options(self) -> list[str]:
        """The names of the given options."""
        return [name for name, value in vars(self).items() if value]

    def fields(self) -> dict[str, Any]:
        """The given fields of the submission."""
        said = {name: value for name, value in vars(self).items() if value and name != "program"}
        return said | ({"input": list(self.input)} if self.input else {})

    def parameters(self) -> dict[str, Any]:
        """The given parameters. A version in the file belongs to the program in the file."""
        return {"Process_program": self.program, "Process_version": None} if self.program else {}

    def of_result(self, number: int) -> "Given":
        """The options for one of several results, with its number in path and name instead of `{result}`."""
        filled = {
            name: pattern.replace(RESULT, str(number))
            for name in PATTERNS
            if (pattern := getattr(self, name)) is not None
        }
        return replace(self, **filled)


@dataclass(frozen=True)
class Result:
    """One result in a file: everything from which one dataset is made."""

    label: str
    said: Sequence[StatedValue]
    names: Names
    unread: Sequence[Unplaced] = ()
    findings: Sequence[Finding] = ()


@dataclass(frozen=True)
class Imported:
    """A submission made from a file, what of the file is not in it, and what was decided."""

    submission: dict[str, Any]
    unplaced: list[Unplaced] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    places: Mapping[str, str] = field(default_factory=dict)
    """The places of the submission's fields in the file."""


def gather(result: Result, given: Given) -> Imported:
    """One submission, assembled from everything that is said of a result.

    If several names mean one parameter, the first name in the mapping wins, and for one name the first value. A value
    that was measured for each sweep is taken only if all sweeps agree. Every other value is listed.
    """
    names = result.names
    unplaced = list(result.unread)
    parameters: dict[str, Any] = {}
    fields: dict[str, Any] = {}
    places: dict[str, str] = {}
    told: dict[str, StatedValue] = {}
    for target, sayings in _by_target(result.said, names, unplaced).items():
        named = target.removeprefix(FIELD)
        if named in LISTS and target != named:
            fields[named] = list(dict.fromkeys(saying.value for saying in sayings))
            continue
        taken = _taken(sayings, names, unplaced)
        if taken is None:
            continue
        if target == named:
            parameters[target] = taken.value
            told[target] = taken
        else:
            fields[named] = _field(taken.value)
            places[named] = taken.place
    submission = _submission(fields, parameters, names, given, unplaced)
    if units := _units(told, names.units_of(str(submission["parameters"].get("Process_program", "")))):
        submission["units"] = units
    return Imported(submission, unplaced, places={name: places[name] for name in places.keys() - given.fields()})


def _field(value: Any) -> Any:  # noqa: ANN401  a truth and a list stay what they are
    """The value of a field, as text: a sample may be called 12."""
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def _taken(sayings: Sequence[StatedValue], names: Names, unplaced: list[Unplaced]) -> StatedValue | None:
    """The value that is taken of several. The others are listed."""
    first, *others = sayings
    differing = [other for other in others if not _same(other.value, first.value)]
    if first.name.startswith(tuple(names.by_sweep)) and any(other.name == first.name for other in differing):
        unplaced += [unplaced_of(saying, "the sweeps differ, and a dataset holds one value") for saying in sayings]
        return None
    unplaced += [unplaced_of(other, f"{first.place} says {shown(first.value)}, which was taken") for other in differing]
    return first


def _units(told: Mapping[str, StatedValue], known: Mapping[str, str]) -> dict[str, str]:
    """The unit of each parameter, if the file names it or the scale of the name is known."""
    units = {target: saying.unit or known.get(saying.name.casefold()) for target, saying in told.items()}
    return {target: unit for target, unit in units.items() if unit is not None}


def _by_target(said: Iterable[StatedValue], names: Names, unplaced: list[Unplaced]) -> dict[str, list[StatedValue]]:
    """The values for each parameter and field, the most trusted first."""
    found: dict[str, list[tuple[int, StatedValue]]] = {}
    ranks = {name: rank for rank, name in enumerate(names.said)}
    spelt = {name.casefold(): name for name in reversed(names.said)}
    for saying in spoken(said, names):
        name = saying.name if saying.name in ranks else spelt.get(saying.name.casefold())
        if problem := _problem(saying, None if name is None else names.said[name], names):
            unplaced.append(unplaced_of(saying, problem))
        elif name is not None:
            filled = names.said[name].replace(SHELL, saying.shell or "")
            found.setdefault(filled, []).append((ranks[name], saying))
    return {
        target: [saying for _, saying in sorted(sayings, key=lambda ranked: ranked[0])]
        for target, sayings in found.items()
    }


def spoken(said: Iterable[StatedValue], names: Names) -> Iterator[StatedValue]:
    """The values that describe the dataset. Structure and empty values are skipped."""
    ignored = {name.casefold() for name in names.ignored}
    return (saying for saying in said if saying.name.casefold() not in ignored and not _is_empty(saying.value))


def _problem(saying: StatedValue, target: str | None, names: Names) -> str | None:
    """The reason why a value has no place in a submission."""
    if _is_endless(saying.value):
        return "it is not a number"
    if isinstance(saying.value, str) and says_no_text(saying.value) and not names.is_verbatim:
        return "it says that there is no value"
    if target is None:
        return "there is no parameter for it"
    if SHELL in target and saying.shell is None:
        return "it is not said of the overall, the inner or the outer shell"
    return None


def _submission(
    fields: Mapping[str, Any],
    parameters: Mapping[str, Any],
    names: Names,
    given: Given,
    unplaced: list[Unplaced],
) -> dict[str, Any]:
    parameters = {**names.parameters, **parameters}
    program = given.parameters() if given.program != parameters.get("Process_program") else {}
    for place, chosen in ((fields, given.fields()), (parameters, program)):
        for name, value in chosen.items():
            if name in place and place[name] != value:
                unplaced.append(Unplaced(name, shown(place[name]), "another one was given with the command"))
    said = {name: value for name, value in (parameters | program).items() if value is not None}
    return {**names.submission, **fields, **given.fields(), "parameters": said}


def _is_empty(value: object) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _is_endless(value: object) -> bool:
    """Whether a value is or contains infinity or NaN, for which JSON has no number."""
    if isinstance(value, list):
        return any(map(_is_endless, value))
    return isinstance(value, float) and not math.isfinite(value)


def _same(one: object, other: object) -> bool:
    try:
        return float(str(one)) == float(str(other))
    except ValueError:
        return str(one).strip() == str(other).strip()


def unplaced_of(saying: StatedValue, reason: str) -> Unplaced:
    """A value that has no place, and why."""
    return Unplaced(saying.place, shown(saying.value), reason)


def shown(value: object) -> str:
    """A value on one line, shortened if it is long."""
    text = " ".join(str(value).split())
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}…"


def leaves(value: object, place: str = "") -> Iterator[tuple[str, object]]:
    """Every value in nested objects and lists, with its path."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield from leaves(item, f"{place}.{name}" if place else str(name))
    elif isinstance(value, list):
        for number, item in enumerate(value, 1):
            yield from leaves(item, f"{place}[{number}]")
    else:
        yield place, value

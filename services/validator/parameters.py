"""Reads parameters: it resolves names, converts values to types and canonical units, and flags all doubts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Any, cast

from pydantic import JsonValue

from services.validator.axes import Axes
from services.validator.beam_centre import BeamCentres
from services.validator.scales import Scales
from services.validator.stated import units_of, with_unit
from shared.events.dataset import Parameter
from shared.events.sections import Finding
from shared.vocabulary.values import SHOWN_CHARACTERS, Reader, judge, original_text, reader
from shared.vocabulary.vocabulary import Term, Vocabulary

PARAMETERS_AT_MOST = 2000
NAME_CHARACTERS_AT_MOST = 255
SUGGESTIONS_AT_MOST = 5
"""The most suggestions for one dataset. Each takes milliseconds, and so many unknown names are not typing errors."""

REMEMBERED_AT_MOST = 200
"""The most remembered texts of one parameter. Above that, all are forgotten and read again."""
REMEMBERED_CHARACTERS_AT_MOST = 100

NO_UNITS: Mapping[str, str] = {}


@dataclass(slots=True)
class ParsedParameters:
    """The parameters of one submission under canonical names, their findings, and the unknown parameters."""

    parameters: dict[str, Parameter] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)


class ParsedValues(dict[str, Parameter | None]):
    """The values of one parameter by text. Values that were read without doubt are remembered; None is not.

    Most texts are repeated from one dataset to the next. All get the same object, which nothing changes.
    """

    def __init__(self, read: Reader) -> None:
        super().__init__()
        self.read = read

    def __missing__(self, text: str) -> Parameter | None:
        """Read a text that is not remembered."""
        parameter = self.read(text)
        if parameter is not None:
            self.remember(text, parameter)
        return parameter

    def remember(self, text: str, parameter: Parameter) -> None:
        """Remember a value for a text."""
        if len(text) <= REMEMBERED_CHARACTERS_AT_MOST:
            if len(self) >= REMEMBERED_AT_MOST:
                self.clear()
            self[text] = parameter


class ParameterReader:
    """Reads the parameters of submissions against one vocabulary."""

    def __init__(self, vocabulary: Vocabulary, zone: tzinfo) -> None:
        self._vocabulary = vocabulary
        self._zone = zone
        self._centres = BeamCentres(vocabulary)
        self._axes = Axes(vocabulary)
        self._memories = {
            name: ParsedValues(reader(term)) for name, term in vocabulary.terms.items() if not term.deprecated
        }

    def read(self, said: Mapping[str, JsonValue], units: Mapping[str, str] = NO_UNITS) -> ParsedParameters:
        """Read all parameters, with the units that were sent separately.

        A canonical name wins over an alias of the same parameter.
        """
        reading = ParsedParameters()
        if len(said) > PARAMETERS_AT_MOST:
            said = self._first_of(said, reading)
        memories, bare = self._memories, said
        if units:
            units = units_of(said, units, self._vocabulary, reading.findings)
            bare = {name: value for name, value in said.items() if name not in units}
        read = {
            name: memories[name][value] if type(value) is str else memories[name].read(value)
            for name, value in bare.items()
            if name in memories
        }
        if len(read) == len(said) and all(read.values()):
            reading.parameters = cast("dict[str, Parameter]", read)
            self._read_together(reading)
            return reading
        reading.parameters = {name: parameter for name, parameter in read.items() if parameter is not None}
        doubted = [name for name, parameter in read.items() if parameter is None]
        aliases = [name for name in said if name not in read]
        for name in (*doubted, *aliases):
            self._read_doubtful(reading, name, said[name], units.get(name))
        if reading.findings:
            Scales(self._vocabulary.terms, reading.parameters, reading.findings).settle()
        self._read_together(reading)
        return reading

    def _read_together(self, reading: ParsedParameters) -> None:
        """Decide what a single value leaves open."""
        self._centres.convert(reading.parameters, reading.findings)
        self._axes.settle(reading.parameters)

    def _first_of(self, said: Mapping[str, JsonValue], reading: ParsedParameters) -> Mapping[str, JsonValue]:
        """As many parameters as a dataset may have, known ones first. The others remain in the submission."""
        known_first = sorted(said, key=lambda name: self._vocabulary.resolve(name) is None)
        message = f"there are {len(said)} parameters; only {PARAMETERS_AT_MOST} were kept, known ones first"
        finding = Finding.warning("too_many_parameters", message, "move bulk data into files")
        reading.findings.append(finding)
        return {name: said[name] for name in known_first[:PARAMETERS_AT_MOST]}

    def unknown_findings(self, reading: ParsedParameters, strict_kind: str | None) -> list[Finding]:
        """One finding for each unknown name: an error if the kind of dataset is strict, a warning otherwise."""
        if strict_kind:
            finding, consequence = Finding.error, f", and kind {strict_kind} permits only known parameters"
            otherwise = "correct the name or leave it out"
        else:
            finding, consequence = Finding.warning, " and was kept as it is"
            otherwise = "correct the name, or have it added to the vocabulary"
        findings = []
        for number, name in enumerate(reading.unknown):
            meant = self._vocabulary.suggest(name) if number < SUGGESTIONS_AT_MOST else None
            findings.append(
                finding(
                    "parameter_unknown",
                    f"{name} is in no vocabulary{consequence}",
                    f"send {meant} if that was meant" if meant else otherwise,
                    parameter=name,
                    value=reading.parameters[name]["original"][:SHOWN_CHARACTERS],
                    expected=meant,
                )
            )
        return findings

    def _read_doubtful(self, reading: ParsedParameters, name: str, value: JsonValue, unit: str | None) -> None:
        term = self._vocabulary.resolve(name)
        if term is None:
            _keep_unknown(reading, name, value, unit)
            return
        parameter, findings = self._judge(term, value, unit)
        reading.findings.extend(findings)
        if name.lower() in self._vocabulary.deprecated_names:
            reading.findings.append(_deprecation(term, name))
        if parameter is None:
            return
        if not findings and unit is None and type(value) is str and (memory := self._memories.get(name)) is not None:
            memory.remember(value, parameter)
        present = reading.parameters.setdefault(term.name, parameter)
        if present.get("value") != parameter.get("value"):
            if "value" not in present:
                present, parameter = parameter, present
                reading.parameters[term.name] = present
            reading.findings.append(_repetition(term, present, parameter))

    def _judge(self, term: Term, value: JsonValue, unit: str | None) -> tuple[Parameter | None, list[Finding]]:
        if unit is None:
            return judge(term, value, self._zone)
        parameter, findings = judge(term, with_unit(term, value, unit), self._zone)
        if parameter is not None:
            parameter["original"], parameter["said_unit"] = original_text(value), unit
        return parameter, findings


def _keep_unknown(reading: ParsedParameters, name: str, value: JsonValue, unit: str | None) -> None:
    original = original_text(value)
    if not name.isprintable() or not 0 < len(name.strip()) <= NAME_CHARACTERS_AT_MOST:
        message = (
            f"a parameter's name needs 1 to {NAME_CHARACTERS_AT_MOST} printable characters; {name[:60]!r} does not fit"
        )
        name = _printable(name)
        shown = original[:SHOWN_CHARACTERS]
        finding = Finding.warning(
            "parameter_name_invalid", f"{message}, and was kept as {name[:60]!r}", "correct the name", value=shown
        )
        reading.findings.append(finding)
        if name in reading.parameters:
            return
    match value:
        case bool() | str():
            kept: Any = value
        case int() | float() if _is_storable(value):
            kept = value
        case [*items] if items and all(isinstance(item, str) for item in items):
            kept = items
        case [*items] if items and all(_is_storable(item) for item in items):
            kept = [float(item) for item in items if isinstance(item, int | float)]
        case _:
            kept = original
    reading.parameters[name] = {"value": kept, "original": original}
    if unit is not None:
        reading.parameters[name]["said_unit"] = unit
    reading.unknown.append(name)


def _printable(name: str) -> str:
    """The printable part of a name."""
    shown = "".join(character if character.isprintable() else "_" for character in name)
    return shown.strip()[:NAME_CHARACTERS_AT_MOST] or "unnamed"


def _is_storable(value: JsonValue) -> bool:
    """Whether every database and reader keeps the number unchanged."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 2**63


def _deprecation(term: Term, name: str) -> Finding:
    message, cure = f"{name} is deprecated", f"send {term.name}"
    if term.name.lower() == name.lower():
        message, cure = f"{name} is deprecated and has no successor", "leave it out"
    return Finding.warning("parameter_deprecated", message, cure, parameter=term.name, expected=term.name)


def _repetition(term: Term, present: Parameter, other: Parameter) -> Finding:
    kept, left = (parameter["original"][:SHOWN_CHARACTERS] for parameter in (present, other))
    return Finding.warning(
        "parameter_repeated",
        f"{term.name} was sent twice: {kept!r} was kept, {left!r} was not",
        "send one",
        parameter=term.name,
        value=left,
        expected=kept,
    )

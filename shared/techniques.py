"""Techniques as data: the kinds of dataset, how each is recognised, what it must say, and what it may come from.

One file of `schemas/techniques/` describes one technique. Validator and linker obey the same book; adding a technique
is adding a file.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from shared.datafiles import DataFileInvalid, Table, data_files, read_data_file
from shared.events import Severity

GENERIC_RAW = "generic.raw"
GENERIC_PROCESSED = "generic.processed"
"""The kinds of datasets whose technique no file describes: taken with a warning, and free in their inputs."""

UNITS = {"minute": 60, "hour": 3600, "day": 86400, "week": 604800}

Lowered = Annotated[str, BeforeValidator(lambda text: text.lower() if isinstance(text, str) else text)]


def _duration(text: object) -> object:
    match = re.fullmatch(r"(\d+) (minute|hour|day|week)s?", text) if isinstance(text, str) else None
    if match is None:
        raise ValueError("a duration is written like '7 days' (minutes, hours, days, weeks)")
    return timedelta(seconds=int(match[1]) * UNITS[match[2]])


Duration = Annotated[timedelta, BeforeValidator(_duration)]


class Input(Table):
    """A relation: so many inputs of these kinds. A kind may be a pattern, as `mx.raw.*`."""

    kinds: list[str] = Field(min_length=1)
    min: int = Field(default=1, ge=0)
    max: int | None = Field(default=None, ge=1, description="none: any number")

    def takes(self, kind: str) -> bool:
        """True if a dataset of that kind may stand in this relation."""
        return any(fnmatchcase(kind, pattern) for pattern in self.kinds)

    def __str__(self) -> str:
        number = f"{self.min}" if self.min == self.max else f"{self.min} or more"
        if self.max not in (None, self.min):
            number = f"{self.min} to {self.max}"
        return f"{number} of kind {' or '.join(self.kinds)}"


class Bounds(Table):
    """From `min` to `max`, both included."""

    min: int = Field(default=0, ge=0)
    max: int | None = None


INPUTS_OF: Mapping[str, Bounds] = {"raw": Bounds(max=0), "processed": Bounds()}
"""How many inputs a kind has that does not say it."""


class Match(Table):
    """How a submission is recognised; whatever is left out does not matter. Texts are compared without letter case."""

    scan_type: list[Lowered] | None = Field(
        default=None, description="`scanType`, or `MX_scanType` where that is absent"
    )
    program: list[Lowered] | None = Field(default=None, description="`Process_program`")
    inputs: Bounds | None = Field(default=None, description="how many inputs; a raw kind has none unless this says so")


class Rule(Table):
    """A law across parameters: each of the parameters that are there is at most the next one."""

    ascending: list[str] = Field(min_length=2)
    because: str = Field(min_length=1, description="a sentence that ends up in the finding")
    severity: Severity = Severity.WARNING


@dataclass(frozen=True, slots=True)
class Traits:
    """What a kind is recognised by. Texts are as the producer said them."""

    input_count: int
    definition: str = ""
    technique_pid: str = ""
    scan_type: str = ""
    program: str = ""
    families: Iterable[str] = ()
    """What stands before the first `_` of the parameters' names."""


class Kind(Table):
    """A kind of dataset of a technique, such as `mx.raw.datacollection`."""

    name: str = Field(pattern=r"^[a-z0-9_]+(\.[a-z0-9_]+)+$")
    title: str
    type: Literal["raw", "processed"]
    match: Match = Match()
    required: list[str] = Field(default=[], description="parameters without which the dataset is refused")
    rule: list[Rule] = Field(default=[])
    strict: bool = Field(default=False, description="true: unknown parameters refuse the dataset")
    await_inputs: Duration = Field(default=timedelta(days=7), description="how long inputs may be awaited")
    input: list[Input] | None = Field(default=None, description="the permitted inputs; absent: any; empty: none")

    @property
    def await_inputs_seconds(self) -> float:
        """How long inputs may be awaited."""
        return self.await_inputs.total_seconds()

    def fits(self, traits: Traits) -> bool:
        """True if a submission with these traits is of this kind."""
        match = self.match
        inputs = match.inputs or INPUTS_OF[self.type]
        return (
            (match.scan_type is None or traits.scan_type.lower() in match.scan_type)
            and inputs.min <= traits.input_count
            and (inputs.max is None or traits.input_count <= inputs.max)
            and (match.program is None or traits.program.lower() in match.program)
        )

    def objection_to(self, input_kinds: Sequence[str]) -> str | None:
        """Why a dataset of this kind may not come from inputs of these kinds (one entry an input): expected, and found.

        Each input counts for the first relation that takes its kind. None: it may.
        """
        if self.input is None:
            return None
        places = [
            next((n for n, relation in enumerate(self.input) if relation.takes(kind)), None) for kind in input_kinds
        ]
        counts = Counter(places)
        if None not in counts and all(
            relation.min <= counts[n] <= (len(places) if relation.max is None else relation.max)
            for n, relation in enumerate(self.input)
        ):
            return None
        expected = " and ".join(map(str, self.input)) or "no inputs"
        found = ", ".join(f"{count} of kind {kind}" for kind, count in Counter(input_kinds).items()) or "none"
        return f"a dataset of kind {self.name} comes from {expected}; found {found}"


class Technique(Table):
    """One file of `schemas/techniques/`. The first kind that fits a submission is its kind."""

    name: str
    title: str
    pid: str = Field(description="of the ESRFET or PaNET ontology")
    definitions: list[Lowered] = Field(min_length=1, description="ICAT `definition` entries that mean this technique")
    families: list[str] = Field(default=[], description="parameter families that give it away where nothing else does")
    kind: list[Kind] = Field(min_length=1)

    @model_validator(mode="after")
    def _names_are_unique(self) -> Self:
        for name, count in Counter(kind.name for kind in self.kind).items():
            if count > 1:
                raise ValueError(f"the kind {name} is described {count} times")
        return self

    def kind_of(self, traits: Traits) -> Kind | None:
        """The first kind that fits."""
        return next((kind for kind in self.kind if kind.fits(traits)), None)


class TechniqueBook:
    """All techniques that are described."""

    def __init__(self, techniques: Iterable[Technique]) -> None:
        self.techniques = tuple(techniques)
        self._kinds = {kind.name: kind for technique in self.techniques for kind in technique.kind}
        self._by_definition = {name: t for t in self.techniques for name in t.definitions}
        self._by_pid = {t.pid: t for t in self.techniques}
        self._by_family = {family: t for t in self.techniques for family in t.families}

    @classmethod
    def load(cls, extra_directories: Iterable[Path] = ()) -> Self:
        """Read `schemas/techniques/` and a facility's own directories.

        Raises:
            DataFileInvalid: a file is wrong, or two files claim the same kind, definition, PID or family.
        """
        described = [(file, read_data_file(file, Technique)) for file in data_files("techniques", extra_directories)]
        _refuse_shared_claims(described)
        return cls(technique for _, technique in described)

    def kind(self, name: str) -> Kind | None:
        """The kind of that name; None for a generic one or one that is no longer described."""
        return self._kinds.get(name)

    def technique_of(self, traits: Traits) -> Technique | None:
        """By ICAT definition (a list of words, of which one suffices), else by PID, else by parameter family."""
        for known, said in (
            (self._by_definition, traits.definition.lower().split()),
            (self._by_pid, traits.technique_pid.split()),
            (self._by_family, traits.families),
        ):
            for word in said:
                if word in known:
                    return known[word]
        return None


def _refuse_shared_claims(described: Iterable[tuple[Path, Technique]]) -> None:
    """Two files that claim one thing would make the verdict depend on the order of file names."""
    claims: dict[tuple[str, str], Path] = {}
    for file, technique in described:
        claimed: Mapping[str, Iterable[str]] = {
            "kind": (kind.name for kind in technique.kind),
            "definitions": technique.definitions,
            "pid": (technique.pid,),
            "families": technique.families,
        }
        for key, names in claimed.items():
            for name in names:
                first = claims.setdefault((key, name), file)
                if first != file:
                    raise DataFileInvalid(f"{file}, {key}: {name} is claimed by {first} too")

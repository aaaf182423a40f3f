"""Techniques as data: the kinds of dataset, how each is recognised, what it must say, and what it may come from.

One file of `schemas/techniques/` describes one technique. Validator and linker obey the same book; adding a technique
is adding a file.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from shared.vocabulary.datafiles import DataFileInvalid, Table, data_files, place, read_data_file
from shared.vocabulary.kinds import Kind, Lowered, Traits
from shared.vocabulary.relations import InputDemands

OLD_ESRFET, ESRFET = "http://purl.org/pan-science/ESRFET#", "https://w3id.org/PaN/ESRFET#"
"""Where ESRF's ontology of techniques was found before, and where it is now: clients of before go on saying so."""
GENERIC_RAW = "generic.raw"
GENERIC_PROCESSED = "generic.processed"
"""The kinds of datasets whose technique no file describes: taken with a warning, and free in their inputs."""


class Technique(Table):
    """One file of `schemas/techniques/`. The first kind that fits a submission is its kind."""

    name: str
    title: str
    pid: str = Field(description="a term of the ESRFET or PaNET ontology, or a URI of your own if there is none")
    other_pids: list[str] = Field(
        default=[], description="PIDs of narrower or equal terms, which also mean this technique"
    )
    definitions: list[Lowered] = Field(min_length=1, description="ICAT `definition` entries that mean this technique")
    families: list[str] = Field(
        default=[], description="parameter families by which it is recognised if nothing else identifies it"
    )
    outranks: list[str] = Field(
        default=[],
        description="names of more general techniques, which a submission of this one may name as well",
    )
    optional: list[str] = Field(
        default=[], description="parameters that datasets of every kind usually have: names or patterns"
    )
    kind: list[Kind] = Field(min_length=1)

    @model_validator(mode="after")
    def _names_are_unique(self) -> Self:
        for name, count in Counter(kind.name for kind in self.kind).items():
            if count > 1:
                raise ValueError(f"the kind {name} is described {count} times")
        return self

    @property
    def word(self) -> str:
        """What a submission best calls it: its name where a definition says so, else the first of them."""
        return self.name if self.name.lower() in self.definitions else self.definitions[0].upper()

    def is_named_in(self, traits: Traits) -> bool:
        """Whether definition or PID say this technique, or only its parameters do."""
        named = {*traits.definition.lower().split(), *traits.technique_pid.split()}
        return not named.isdisjoint((*self.definitions, self.pid, *self.other_pids))

    def scan_type_like(self, said: str) -> str | None:
        """The scan type of one of its kinds that another text is close to, but not equal."""
        described = [scan_type for kind in self.kind for scan_type in kind.match.scan_type or ()]
        close = get_close_matches(said.lower()[:100], described, n=1, cutoff=0.8)
        return close[0] if close and close[0] != said.lower() else None

    def kind_of(self, traits: Traits) -> Kind | None:
        """The first kind that fits."""
        return next((kind for kind in self.kind if kind.fits(traits)), None)


@dataclass(frozen=True, slots=True)
class Recognition:
    """What the book says of some traits: nothing, a technique, or a technique and one of its kinds."""

    technique: Technique | None
    kind: Kind | None
    named: bool
    """Definition or PID say the technique; otherwise only the parameters do."""
    meant_scan_type: str | None = None
    """The scan type that was probably misspelt, so that the kind was recognised without one."""


RECOGNITIONS_AT_MOST = 1024


class TechniqueBook:
    """All described techniques."""

    def __init__(self, techniques: Iterable[Technique]) -> None:
        self.techniques = tuple(techniques)
        self._kinds = {kind.name: kind for technique in self.techniques for kind in technique.kind}
        self._by_definition = {name: t for t in self.techniques for name in t.definitions}
        self._by_pid = {pid: t for t in self.techniques for pid in (t.pid, *t.other_pids)}
        self._by_family = {family: t for t in self.techniques for family in t.families}
        self._recognitions = lru_cache(maxsize=RECOGNITIONS_AT_MOST)(self._recognise)

    @classmethod
    def load(cls, extra_directories: Iterable[Path] = ()) -> Self:
        """Read `schemas/techniques/` and a facility's own directories.

        Raises:
            DataFileInvalid: a file is wrong, or two files claim the same name, kind, definition, PID or family.
        """
        return cls.of((file, read_data_file(file, Technique)) for file in data_files("techniques", extra_directories))

    @classmethod
    def of(cls, described: Iterable[tuple[Path, Technique]]) -> Self:
        """The techniques of some files.

        Raises:
            DataFileInvalid: two of them claim the same name, kind, definition, PID or family.
        """
        described = list(described)
        _refuse_shared_claims(described)
        return cls(technique for _, technique in described)

    @property
    def input_demands(self) -> InputDemands:
        """What kinds ask of the inputs that they wait for."""
        return InputDemands(
            complete=frozenset(name for name, kind in self._kinds.items() if kind.incomplete_inputs == "wait"),
            accepted=frozenset(name for name, kind in self._kinds.items() if kind.rejected_inputs == "reject"),
        )

    def kind(self, name: str) -> Kind | None:
        """The kind of that name; None for a generic one or one that is no longer described."""
        return self._kinds.get(name)

    def by_pid(self, pid: str) -> Technique | None:
        """The technique that a PID means, be it written in the old way or that of a narrower term."""
        return self._by_pid.get(current_pid(pid))

    def recognise(self, traits: Traits) -> Recognition:
        """What a submission with some traits is; producers send the same ones again and again."""
        return self._recognitions(traits) if traits.are_usual else self._recognise(traits)

    def _recognise(self, traits: Traits) -> Recognition:
        technique = self.technique_of(traits)
        if technique is None:
            return Recognition(None, None, named=False)
        kind = technique.kind_of(traits)
        meant = technique.scan_type_like(traits.scan_type) if kind is not None and not kind.match.scan_type else None
        return Recognition(technique, kind, technique.is_named_in(traits), meant)

    def technique_of(self, traits: Traits) -> Technique | None:
        """By ICAT definition (a list of words, of which one suffices), else by PID, else by parameter family.

        Of several that are named, the first that no other of them outranks.
        """
        return (
            _foremost(self._by_definition, traits.definition.lower().split())
            or _foremost(self._by_pid, traits.technique_pid.split())
            or _foremost(self._by_family, traits.families)
        )


def current_pid(text: str) -> str:
    """A PID, or several, as they are written now."""
    return text.replace(OLD_ESRFET, ESRFET)


def _foremost(known: Mapping[str, Technique], said: Iterable[str]) -> Technique | None:
    named = {technique.name: technique for word in said if (technique := known.get(word)) is not None}
    outranked = {name for technique in named.values() for name in technique.outranks} if len(named) > 1 else ()
    return next((technique for name, technique in named.items() if name not in outranked), None)


def _refuse_shared_claims(described: Iterable[tuple[Path, Technique]]) -> None:
    """Two files that claim one thing would make the verdict depend on the order of file names."""
    claims: dict[tuple[str, str], Path] = {}
    for file, technique in described:
        claimed: Mapping[str, Iterable[str]] = {
            "name": (technique.name,),
            "kind": (kind.name for kind in technique.kind),
            "definitions": technique.definitions,
            "pid": (technique.pid, *technique.other_pids),
            "families": technique.families,
        }
        for key, names in claimed.items():
            for name in names:
                first = claims.setdefault((key, name), file)
                if first != file:
                    raise DataFileInvalid(f"{place(file, key)}: {name} is claimed by {first} too")

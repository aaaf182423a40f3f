"""Techniques: their kinds of dataset, how each is recognised, its required parameters and permitted inputs.

Each file of `schemas/techniques/` describes one technique. Validator and linker use the same files. To add a technique,
add a file.
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
"""The old and the present address of ESRF's ontology of techniques. Older clients still send the old one."""
GENERIC_RAW = "generic.raw"
GENERIC_PROCESSED = "generic.processed"
"""The kinds of datasets without a described technique. They are accepted with a warning, with any inputs."""


class Technique(Table):
    """One file of `schemas/techniques/`. The first kind that matches a submission is its kind."""

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
        """The recommended word for a submission: the name if it is a definition, else the first definition."""
        return self.name if self.name.lower() in self.definitions else self.definitions[0].upper()

    def is_named_in(self, traits: Traits) -> bool:
        """Whether the definition or the PID names this technique, not only its parameters."""
        named = {*traits.definition.lower().split(), *traits.technique_pid.split()}
        return not named.isdisjoint((*self.definitions, self.pid, *self.other_pids))

    def scan_type_like(self, said: str) -> str | None:
        """The scan type of one of its kinds that is similar, but not equal, to the text."""
        described = [scan_type for kind in self.kind for scan_type in kind.match.scan_type or ()]
        close = get_close_matches(said.lower()[:100], described, n=1, cutoff=0.8)
        return close[0] if close and close[0] != said.lower() else None

    def kind_of(self, traits: Traits) -> Kind | None:
        """The first kind that matches."""
        return next((kind for kind in self.kind if kind.fits(traits)), None)


@dataclass(frozen=True, slots=True)
class Recognition:
    """The recognition of a submission: nothing, a technique, or a technique and one of its kinds."""

    technique: Technique | None
    kind: Kind | None
    named: bool
    """Whether the definition or the PID names the technique; otherwise only the parameters indicate it."""
    meant_scan_type: str | None = None
    """The scan type that was probably meant by a misspelt one. The kind was recognised without it."""


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
        """The demands of all kinds on the inputs that they wait for."""
        return InputDemands(
            complete=frozenset(name for name, kind in self._kinds.items() if kind.incomplete_inputs == "wait"),
            accepted=frozenset(name for name, kind in self._kinds.items() if kind.rejected_inputs == "reject"),
        )

    def kind(self, name: str) -> Kind | None:
        """The kind of that name; None for a generic kind or one that is no longer described."""
        return self._kinds.get(name)

    def by_pid(self, pid: str) -> Technique | None:
        """The technique of a PID, which may have the old form or be that of a narrower term."""
        return self._by_pid.get(current_pid(pid))

    def recognise(self, traits: Traits) -> Recognition:
        """Recognise a submission by its traits. Results are cached, because producers repeat the same traits."""
        return self._recognitions(traits) if traits.are_usual else self._recognise(traits)

    def _recognise(self, traits: Traits) -> Recognition:
        technique = self.technique_of(traits)
        if technique is None:
            return Recognition(None, None, named=False)
        kind = technique.kind_of(traits)
        meant = technique.scan_type_like(traits.scan_type) if kind is not None and not kind.match.scan_type else None
        return Recognition(technique, kind, technique.is_named_in(traits), meant)

    def technique_of(self, traits: Traits) -> Technique | None:
        """The technique by ICAT definition (a list of words, one suffices), else by PID, else by parameter family.

        If several are named, it is the first one that is not a more general form of another.
        """
        return (
            _foremost(self._by_definition, traits.definition.lower().split())
            or _foremost(self._by_pid, traits.technique_pid.split())
            or _foremost(self._by_family, traits.families)
        )


def current_pid(text: str) -> str:
    """One or several PIDs in their present form."""
    return text.replace(OLD_ESRFET, ESRFET)


def _foremost(known: Mapping[str, Technique], said: Iterable[str]) -> Technique | None:
    named = {technique.name: technique for word in said if (technique := known.get(word)) is not None}
    outranked = {name for technique in named.values() for name in technique.outranks} if len(named) > 1 else ()
    return next((technique for name, technique in named.items() if name not in outranked), None)


def _refuse_shared_claims(described: Iterable[tuple[Path, Technique]]) -> None:
    """Refuse files that claim the same thing: the verdict would depend on the order of file names."""
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

"""The vocabulary: the meaning of every parameter, and every name under which it may be submitted.

Its base is everything that ICAT defines. On top is the typed layer of `schemas/vocabulary/`: types, units, ranges and
aliases that ICAT does not state, or states wrongly. No value rejects a dataset: a value that cannot be read or cannot
be right is kept as it was submitted, and flagged. A parameter that only ICAT describes is *loose*: producers do not
keep to ICAT's types, so it may have one number or several.
"""

import difflib
from collections import defaultdict
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Literal, Self, cast

from shared.vocabulary.combining import Combining
from shared.vocabulary.datafiles import DataFileInvalid, data_files, place, read_data_file
from shared.vocabulary.detectors import Detector, Detectors
from shared.vocabulary.icat import IcatParameter, icat_parameters, icat_version
from shared.vocabulary.units import Conversion, Units, UnitUnknown
from shared.vocabulary.vocabulary_file import ParameterEntry, Scale, Type, VocabularyFile

TYPES_OF_NEXUS: Mapping[str, Type] = {
    "NX_NUMBER": "number",
    "NX_FLOAT": "number",
    "NX_INT": "integer",
    "NX_BOOLEAN": "boolean",
    "NX_DATE_TIME": "time",
}


LOCAL = "defined by ICAT, so it is not local"
NOT_LOCAL = "not defined by ICAT; set local = true"


@dataclass(frozen=True, slots=True, eq=False)
class Term:
    """One parameter: its canonical name, and what its values must be."""

    name: str
    type: Type
    unit: str | None
    description: str
    hard: tuple[float, float] | None = None
    plausible: tuple[float, float] | None = None
    note: str = ""
    words: Mapping[str, float] = field(default_factory=dict)
    conversions: Mapping[str, Conversion] = field(default_factory=dict)
    no_unit: str = ""
    names: Literal["space group"] | None = None
    """What a text names."""
    scale: Scale | None = None
    """How a ratio without a unit is read."""
    scale_group: str = ""
    """The statistics that one program gives in the same scale."""
    aliases: tuple[str, ...] = ()
    mmcif: str | None = None
    """The PDBx/mmCIF or imgCIF item, as `_cell.length_a`."""
    mmcif_factor: float = 1
    """The item's value is the canonical value times this."""
    pixels: str = ""
    """The detector and axis of a position on a detector, as `InstrumentDetector01_x`."""
    loose: bool = False
    deprecated: bool = False


class Vocabulary:
    """All parameters by canonical name, and their other names."""

    def __init__(
        self,
        terms: Iterable[Term],
        aliases: Mapping[str, str],
        deprecated: Iterable[str] = (),
        detectors: Mapping[str, Detector] | None = None,
    ) -> None:
        self.detectors = Detectors(detectors or {})
        self.terms = {term.name: term for term in terms}
        self.aliases = aliases
        self.deprecated_names = {name.lower() for name in deprecated}
        self.icat_version = icat_version()
        self._by_lower_name = {alias.lower(): self.terms[name] for alias, name in aliases.items()}
        self._by_lower_name |= {name.lower(): term for name, term in self.terms.items()}
        self._families: dict[str, list[str]] = defaultdict(list)
        for name in self._by_lower_name:
            self._families[name.partition("_")[0]].append(name)
        self._closest = lru_cache(maxsize=4096)(self._search_closest)

    @classmethod
    def load(cls, extra_directories: Iterable[Path] = ()) -> Self:
        """ICAT's definitions with `schemas/vocabulary/` and a facility's own directories over them.

        Raises:
            DataFileInvalid: a file is wrong, or two describe one parameter.
        """
        read = [(file, read_data_file(file, VocabularyFile)) for file in data_files("vocabulary", extra_directories)]
        icat = icat_parameters()
        units = _units(read)
        terms, aliases = _typed_layer(read, icat, units)
        deprecated = {p.name for p in icat.values() if p.deprecated}
        for parameter in icat.values():
            if parameter.name in terms or parameter.name in aliases:
                continue
            if parameter.replaced_by in terms or parameter.replaced_by in icat:
                aliases[parameter.name] = parameter.replaced_by
            else:
                terms[parameter.name] = _loose_term(parameter, units)
        for file, content in read:
            if unknown := next((name for name in content.parts.names() if name not in terms), None):
                raise DataFileInvalid(f"{place(file, 'parts')}: {unknown} is not a parameter")
        detectors = {words: detector for _, content in read for words, detector in content.detector.items()}
        return cls(terms.values(), aliases, deprecated, detectors)

    def resolve(self, name: str) -> Term | None:
        """The parameter with this name or alias, in any letter case."""
        return self.terms.get(name) or self._by_lower_name.get(name.lower())

    def suggest(self, name: str) -> str | None:
        """The name that was probably meant. It takes some milliseconds for a name that was not seen recently."""
        return self._closest(name.lower()[:100])

    def _search_closest(self, name: str) -> str | None:
        candidates = self._families.get(name.partition("_")[0]) or list(self._by_lower_name)
        close = difflib.get_close_matches(name, candidates, n=1, cutoff=0.8)
        return self._by_lower_name[close[0]].name if close else None


def load_combining(extra_directories: Iterable[Path] = ()) -> Combining:
    """The rules for parts from `schemas/vocabulary/` and a facility's own directories. The last rule wins.

    Raises:
        DataFileInvalid: a file is wrong.
    """
    files = data_files("vocabulary", extra_directories)
    return Combining.of(read_data_file(file, VocabularyFile).parts for file in files)


def _units(read: Iterable[tuple[Path, VocabularyFile]]) -> Units:
    """The spellings of units from all files. The last file wins."""
    units = Units()
    for file, content in read:
        for spelling, unit in content.units.items():
            try:
                units.learn(spelling, unit)
            except UnitUnknown as error:
                raise DataFileInvalid(f"{place(file, 'units', spelling)}: {error}") from None
    return units


def _typed_layer(
    read: Sequence[tuple[Path, VocabularyFile]], icat: Mapping[str, IcatParameter], units: Units
) -> tuple[dict[str, Term], dict[str, str]]:
    """The terms that vocabulary files describe, and their aliases."""
    terms: dict[str, Term] = {}
    aliases: dict[str, str] = {}
    taken: set[str] = set()
    scales = {name: scale for _, content in read for name, scale in content.scale.items()}
    for file, content in read:
        for key, name, entry in content.entries():
            try:
                _refuse_wrong_names(name, entry, icat, taken)
                terms[name] = _term(name, entry, icat.get(name), units, _scale(entry, scales))
            except (UnitUnknown, DataFileInvalid) as error:
                raise DataFileInvalid(f"{place(file, 'parameter', key)}: {error}") from None
            aliases |= dict.fromkeys(entry.aliases, name)
            taken |= {name, *entry.aliases}
    return terms, aliases


def _refuse_wrong_names(name: str, entry: ParameterEntry, icat: Container[str], taken: Container[str]) -> None:
    if name in taken:
        raise DataFileInvalid(f"{name} is described twice, or an alias of another")
    if (name in icat) == entry.local:
        raise DataFileInvalid(f"{name} is {LOCAL if entry.local else NOT_LOCAL}")
    if alias := next((alias for alias in entry.aliases if alias in taken), None):
        raise DataFileInvalid(f"the alias {alias} is another parameter, or an alias of another")


def _scale(entry: ParameterEntry, scales: Mapping[str, Scale]) -> Scale | None:
    name = cast("str | None", entry.scale)  # `entries` made it the name of one
    if name is not None and name not in scales:
        raise DataFileInvalid(f"{name} is not one of [scale]")
    return scales[name] if name is not None else None


def _term(name: str, entry: ParameterEntry, icat: IcatParameter | None, units: Units, scale: Scale | None) -> Term:
    """The parameter.

    Raises:
        UnitUnknown: no file spells its unit.
    """
    return Term(
        name,
        entry.type,
        entry.unit,
        icat.description if icat else entry.note,
        hard=entry.hard,
        plausible=entry.plausible or (scale.likely if scale else entry.hard),
        note=entry.note,
        words=entry.words,
        conversions=units.conversions_to(entry.unit) if entry.unit else units.fractions() if scale else {},
        no_unit=entry.no_unit,
        names=entry.names,
        scale=scale,
        scale_group=entry.scale_group or name,
        aliases=tuple(entry.aliases),
        mmcif=cast("str | None", entry.mmcif),  # `entries` made it the item of this one
        mmcif_factor=entry.mmcif_factor,
        pixels=entry.pixels,
        deprecated=bool(icat and icat.deprecated),
    )


def _loose_term(parameter: IcatParameter, units: Units) -> Term:
    """A parameter that only ICAT describes. A unit that no vocabulary file spells is kept, without conversions."""
    try:
        conversions = units.conversions_to(parameter.unit) if parameter.unit else {}
    except UnitUnknown:
        conversions = {}
    return Term(
        parameter.name,
        TYPES_OF_NEXUS.get(parameter.nexus_type, "text"),
        parameter.unit,
        parameter.description,
        conversions=conversions,
        loose=True,
        deprecated=parameter.deprecated,
    )

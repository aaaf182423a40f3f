"""The vocabulary: the meaning and all names of every parameter.

Its base are ICAT's definitions. `schemas/vocabulary/` adds a typed layer: types, units, ranges and aliases that ICAT
does not give, or gives wrongly. No value refuses a dataset: an unreadable or impossible one is kept as it was sent and
flagged. A parameter that only ICAT describes is *loose*: producers do not observe ICAT's types, so it may hold one or
several numbers.
"""

import difflib
from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import product
from pathlib import Path
from typing import Annotated, Literal, Self, cast

from pydantic import AfterValidator, Field, model_validator

from shared.vocabulary.combining import Combining, PartRules
from shared.vocabulary.datafiles import DataFileInvalid, Table, data_files, place, read_data_file
from shared.vocabulary.detectors import Detector, Detectors
from shared.vocabulary.icat import IcatParameter, icat_parameters, icat_version
from shared.vocabulary.units import Conversion, Units, UnitUnknown

Type = Literal["number", "integer", "boolean", "text", "time", "vector"]

TYPES_OF_NEXUS: Mapping[str, Type] = {
    "NX_NUMBER": "number",
    "NX_FLOAT": "number",
    "NX_INT": "integer",
    "NX_BOOLEAN": "boolean",
    "NX_DATE_TIME": "time",
}


LOCAL = "defined by ICAT, so it is not local"
NOT_LOCAL = "not defined by ICAT; set local = true"


def _ordered(pair: tuple[float, float]) -> tuple[float, float]:
    if not pair[0] <= pair[1]:
        raise ValueError("a range goes from the lower to the higher number")
    return pair


Range = Annotated[tuple[float, float], AfterValidator(_ordered)]


class Scale(Table):
    """How a ratio without a unit is read: in the parameter's own scale, unless that is impossible.

    The ranges include both ends.
    """

    likely: Range = Field(description="in the parameter's own scale; outside it the scale is in doubt")
    possible: Range = Field(description="in the parameter's own scale; outside it the value is not in that scale")
    per_cent: Range | None = Field(
        default=None, description="of a fraction sent in per cent: the possible range; absent: it is never converted"
    )
    least_per_cent: float = Field(default=0, description="a smaller value other than zero cannot be per cent")
    greatest: float | None = Field(default=None, description="by definition; a rounding error above it is removed")


class Entry(Table):
    """The entry of one parameter in a vocabulary file. Absent fields come from ICAT."""

    type: Type
    unit: str | None = Field(default=None, description="the canonical unit; absent: none, even if ICAT gives one")
    no_unit: str = Field(default="", description="why a number has none, such as `a count`")
    hard: Range | None = Field(
        default=None,
        description="in the canonical unit; a value outside it is impossible and kept without a canonical value",
    )
    plausible: Range | None = Field(default=None, description="in the canonical unit; outside it the value is flagged")
    aliases: list[str] = Field(default=[], description="other names; letter case does not matter")
    words: dict[str, float] = Field(default={}, description="texts that mean a number, in lower case")
    names: Literal["space group"] | None = Field(
        default=None, description="the type of thing that a text names; it gets one canonical name"
    )
    scale: str | dict[str, str] | None = Field(
        default=None, description="of a ratio: a name in [scale]; a table: by the value of the name's placeholder"
    )
    scale_group: str = Field(default="", description="statistics of one program in one scale; absent: only this one")
    mmcif: str | dict[str, str] | None = Field(
        default=None, description="the PDBx/mmCIF or imgCIF item; a table: by the value of the name's placeholder"
    )
    mmcif_factor: float = Field(default=1, description="the item's value is the canonical value times this")
    pixels: str = Field(
        default="",
        description="a place on a detector, which programs may give in pixels: the detector and its axis, such as"
        " `InstrumentDetector01_x`",
    )

    @model_validator(mode="after")
    def _a_unit_or_a_reason_for_none(self) -> Self:
        if self.unit and self.no_unit:
            raise ValueError("it has a unit, and also a reason to have none")
        return self

    @model_validator(mode="after")
    def _plausible_within_hard(self) -> Self:
        if self.hard and self.plausible:
            (low, high), (likely_low, likely_high) = self.hard, self.plausible
            if not (low <= likely_low and likely_high <= high):
                raise ValueError("the plausible range reaches beyond the hard range")
        return self

    note: str = Field(default="", description="a note for producers, which is added to findings")
    local: bool = Field(default=False, description="true: ICAT does not define it")


class VocabularyFile(Table):
    """One file of `schemas/vocabulary/`. A name with `{shell}` means one parameter for each value of `expand.shell`."""

    title: str
    units: dict[str, str | list[str]] = Field(default={}, description="pint's name of a unit, by its spelling")
    scale: dict[str, Scale] = Field(default={}, description="how ratios without a unit are read; any file may name it")
    expand: dict[str, list[str]] = Field(default={})
    detector: dict[str, Detector] = Field(default={}, description="by the words of its name")
    parameter: dict[str, Entry] = Field(default={})
    parts: PartRules = PartRules()

    def entries(self) -> Iterator[tuple[str, str, Entry]]:
        """The key of each parameter in the file, its full name, and its entry."""
        for name, entry in self.parameter.items():
            keys = [key for key in self.expand if f"{{{key}}}" in name]
            for values in product(*(self.expand[key] for key in keys)):
                of = dict(zip(keys, values, strict=True))
                filled = {
                    "aliases": [_filled(alias, of) for alias in entry.aliases],
                    "scale_group": _filled(entry.scale_group, of),
                    "scale": _chosen(entry.scale, of),
                    "mmcif": _chosen(entry.mmcif, of),
                    "pixels": _filled(entry.pixels, of),
                }
                yield name, _filled(name, of), entry.model_copy(update=filled)

    @model_validator(mode="after")
    def _braces_are_expanded(self) -> Self:
        for _, name, entry in self.entries():
            for text in (name, *entry.aliases, str(entry.mmcif)):
                if "{" in text:
                    raise ValueError(
                        f"{text} of parameter {name} holds a brace that its name and [expand] do not explain"
                    )
        return self

    @model_validator(mode="after")
    def _tables_are_by_values_of_a_placeholder(self) -> Self:
        for name, entry in self.parameter.items():
            values = {value for key, known in self.expand.items() if f"{{{key}}}" in name for value in known}
            for key, by_value in (("mmcif", entry.mmcif), ("scale", entry.scale)):
                if isinstance(by_value, dict) and (odd := by_value.keys() - values):
                    raise ValueError(f"{key} of parameter {name}: {min(odd)} is not a value of a placeholder in it")
        return self


def _chosen(said: str | Mapping[str, str] | None, values: Mapping[str, str]) -> str | None:
    """The value of a field for one of the parameters of an entry."""
    if isinstance(said, Mapping):
        return next((said[value] for value in values.values() if value in said), None)
    return said and _filled(said, values)


def _filled(text: str, values: Mapping[str, str]) -> str:
    for key, value in values.items():
        text = text.replace(f"{{{key}}}", value)
    return text


@dataclass(frozen=True, slots=True, eq=False)
class Term:
    """One parameter: its canonical name and all requirements on its values."""

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
    """The type of thing that a text names."""
    scale: Scale | None = None
    """How a ratio without a unit is read."""
    scale_group: str = ""
    """The group of statistics that a program writes in one scale."""
    aliases: tuple[str, ...] = ()
    mmcif: str | None = None
    """The PDBx/mmCIF or imgCIF item, such as `_cell.length_a`."""
    mmcif_factor: float = 1
    """The item's value is the canonical value times this."""
    pixels: str = ""
    """The detector and axis of a place on a detector, such as `InstrumentDetector01_x`."""
    loose: bool = False
    deprecated: bool = False


class Vocabulary:
    """All parameters by canonical name, with their aliases."""

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
        """Load ICAT's definitions, extended by `schemas/vocabulary/` and a facility's own directories.

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
        """The parameter of that name or alias, in any letter case."""
        return self.terms.get(name) or self._by_lower_name.get(name.lower())

    def suggest(self, name: str) -> str | None:
        """The name that was probably meant. It takes some milliseconds for a name not seen recently."""
        return self._closest(name.lower()[:100])

    def _search_closest(self, name: str) -> str | None:
        candidates = self._families.get(name.partition("_")[0]) or list(self._by_lower_name)
        close = difflib.get_close_matches(name, candidates, n=1, cutoff=0.8)
        return self._by_lower_name[close[0]].name if close else None


def load_combining(extra_directories: Iterable[Path] = ()) -> Combining:
    """The rules for parts in `schemas/vocabulary/` and a facility's own directories. The last file with a name wins.

    Raises:
        DataFileInvalid: a file is wrong.
    """
    files = data_files("vocabulary", extra_directories)
    return Combining.of(read_data_file(file, VocabularyFile).parts for file in files)


def _units(read: Iterable[tuple[Path, VocabularyFile]]) -> Units:
    """The spellings of all files. A later file wins."""
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


def _refuse_wrong_names(name: str, entry: Entry, icat: Container[str], taken: Container[str]) -> None:
    if name in taken:
        raise DataFileInvalid(f"{name} is described twice, or an alias of another")
    if (name in icat) == entry.local:
        raise DataFileInvalid(f"{name} is {LOCAL if entry.local else NOT_LOCAL}")
    if alias := next((alias for alias in entry.aliases if alias in taken), None):
        raise DataFileInvalid(f"the alias {alias} is another parameter, or an alias of another")


def _scale(entry: Entry, scales: Mapping[str, Scale]) -> Scale | None:
    name = cast("str | None", entry.scale)  # `entries` made it the name of one
    if name is not None and name not in scales:
        raise DataFileInvalid(f"{name} is not one of [scale]")
    return scales[name] if name is not None else None


def _term(name: str, entry: Entry, icat: IcatParameter | None, units: Units, scale: Scale | None) -> Term:
    """The parameter.

    Raises:
        UnitUnknown: no file has its unit.
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
    """The term of a parameter that only ICAT describes. A unit without a spelling is kept, without conversions."""
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

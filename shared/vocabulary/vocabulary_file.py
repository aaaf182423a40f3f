"""The files of `schemas/vocabulary/`: what they may say of parameters, units, scales and detectors."""

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from shared.vocabulary.combining import PartRules
from shared.vocabulary.datafiles import Table
from shared.vocabulary.detectors import Detector

Type = Literal["number", "integer", "boolean", "text", "time", "vector"]


def _ordered(pair: tuple[float, float]) -> tuple[float, float]:
    if not pair[0] <= pair[1]:
        raise ValueError("a range goes from the lower to the higher number")
    return pair


Range = Annotated[tuple[float, float], AfterValidator(_ordered)]


class Scale(Table):
    """How a ratio without a unit is read: in the parameter's own scale, unless the value cannot be in that scale.

    The ranges include both ends.
    """

    likely: Range = Field(description="in the parameter's own scale; outside it the scale is in doubt")
    possible: Range = Field(description="in the parameter's own scale; outside it the value cannot be in that scale")
    per_cent: Range | None = Field(
        default=None, description="of a fraction that came in per cent: what it can be; absent: it is never converted"
    )
    least_per_cent: float = Field(default=0, description="what is smaller, and no zero, cannot be per cent")
    greatest: float | None = Field(default=None, description="by definition; a rounding excess is clipped to it")


class ParameterEntry(Table):
    """The entry of one parameter in a vocabulary file. What it leaves out is taken from ICAT."""

    type: Type
    unit: str | None = Field(default=None, description="the canonical unit; absent: none, whatever ICAT says")
    no_unit: str = Field(default="", description="why a number has none, such as `a count`")
    hard: Range | None = Field(
        default=None,
        description="in the canonical unit; what lies outside cannot be and is kept without a canonical value",
    )
    plausible: Range | None = Field(default=None, description="in the canonical unit; outside it the value is flagged")
    aliases: list[str] = Field(default=[], description="other names of the same; letter case never matters")
    words: dict[str, float] = Field(default={}, description="texts that stand for a number, in lower case")
    names: Literal["space group"] | None = Field(
        default=None, description="what a text names; it stands under one name, however it was written"
    )
    scale: str | dict[str, str] | None = Field(
        default=None, description="one of [scale], of a ratio; a table: by the value of the name's placeholder"
    )
    scale_group: str = Field(default="", description="statistics that a program tells in one scale; absent: this alone")
    mmcif: str | dict[str, str] | None = Field(
        default=None, description="the PDBx/mmCIF or imgCIF item; a table: by the value of the name's placeholder"
    )
    mmcif_factor: float = Field(default=1, description="the item's value is the canonical value times this")
    pixels: str = Field(
        default="",
        description="a place on a detector, which programs give in pixels too: the detector and its axis, as"
        " `InstrumentDetector01_x`",
    )

    @model_validator(mode="after")
    def _a_unit_or_a_reason_for_none(self) -> Self:
        if self.unit and self.no_unit:
            raise ValueError("it has a unit, and a reason to have none")
        return self

    @model_validator(mode="after")
    def _plausible_within_hard(self) -> Self:
        if self.hard and self.plausible:
            (low, high), (likely_low, likely_high) = self.hard, self.plausible
            if not (low <= likely_low and likely_high <= high):
                raise ValueError("the plausible range reaches beyond the hard range")
        return self

    note: str = Field(default="", description="what a producer must know; it ends up in findings")
    local: bool = Field(default=False, description="true: ICAT does not define it")


class VocabularyFile(Table):
    """One file of `schemas/vocabulary/`. A name with `{shell}` stands for one name for each value of `expand.shell`."""

    title: str
    units: dict[str, str | list[str]] = Field(default={}, description="spelling of a unit, to what pint calls it")
    scale: dict[str, Scale] = Field(default={}, description="how ratios without a unit are read; any file may name it")
    expand: dict[str, list[str]] = Field(default={})
    detector: dict[str, Detector] = Field(default={}, description="by the words of its name")
    parameter: dict[str, ParameterEntry] = Field(default={})
    parts: PartRules = PartRules()

    def entries(self) -> Iterator[tuple[str, str, ParameterEntry]]:
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
                    fault = f"{min(odd)} is not a value of a placeholder of its name"
                    raise ValueError(f"{key} of parameter {name}: {fault}")
        return self


def _chosen(given: str | Mapping[str, str] | None, values: Mapping[str, str]) -> str | None:
    """The text for one of the parameters that an entry stands for."""
    if isinstance(given, Mapping):
        return next((given[value] for value in values.values() if value in given), None)
    return given and _filled(given, values)


def _filled(text: str, values: Mapping[str, str]) -> str:
    for key, value in values.items():
        text = text.replace(f"{{{key}}}", value)
    return text

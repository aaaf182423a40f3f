"""The meanings of a format's names: one TOML file for each format, in `formats/`."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Self

from pydantic import Field, model_validator

from shared.vocabulary.datafiles import Table, read_data_file

FORMATS = Path(__file__).parent / "formats"


class Told(Table):
    """The units in which programs write the families of a format's statistics."""

    programs: list[str] = Field(default=[], description="the first word of their names, in any letter case; none: all")
    units: dict[str, str] = Field(description="by family; `%` for per cent, `1` for fractions")

    def is_of(self, program: str) -> bool:
        """Whether these units are those of a program."""
        return not self.programs or program.casefold().split()[:1] in [[each.casefold()] for each in self.programs]


class Names(Table):
    """The names of a format, the most trusted first."""

    title: str
    submission: dict[str, Any] = Field(default={}, description="fields that hold for every file of the format")
    parameters: dict[str, str] = Field(default={}, description="parameters that hold for every file of the format")
    said: dict[str, str] = Field(
        default={},
        description="the format's name in whatever case, to a parameter ({shell} is filled in) or submission.<field>",
    )
    by_sweep: list[str] = Field(
        default=[],
        description="beginnings of names that are said sweep by sweep: such values stand only if all sweeps agree",
    )
    families: dict[str, list[str]] = Field(default={}, description="names of statistics that are told in one scale")
    told: list[Told] = Field(
        default=[], description="the first that is of the file's program holds; for any other nothing is said"
    )
    is_verbatim: bool = Field(
        default=False, description="it repeats what was submitted, so that words for no value are handed over as well"
    )
    ignored: list[str] = Field(default=[], description="names that structure the file and say nothing of the dataset")

    def units_of(self, program: str) -> Mapping[str, str]:
        """The unit in which a program writes each name, in lower case, if it is known."""
        told = next((each.units for each in self.told if each.is_of(program)), {})
        return {name.casefold(): unit for family, unit in told.items() for name in self.families[family]}

    @model_validator(mode="after")
    def _units_are_of_families(self) -> Self:
        if odd := {family for told in self.told for family in told.units} - self.families.keys():
            raise ValueError(f"{min(odd)} is not one of [families]")
        return self


@cache
def names_of(format_name: str) -> Names:
    """The names of a format.

    Raises:
        DataFileInvalid: the file is wrong.
    """
    return read_data_file(FORMATS / f"{format_name}.toml", Names)

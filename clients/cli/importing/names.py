"""What a format's names mean: one TOML file a format, in `formats/`."""

from functools import cache
from pathlib import Path
from typing import Any

from pydantic import Field

from shared.datafiles import Table, read_data_file

FORMATS = Path(__file__).parent / "formats"


class Names(Table):
    """A format's names, in the order in which they are trusted where two say the same thing differently."""

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
    ignored: list[str] = Field(default=[], description="names that structure the file and say nothing of the dataset")


@cache
def names_of(format_name: str) -> Names:
    """The names of a format.

    Raises:
        DataFileInvalid: the file is wrong.
    """
    return read_data_file(FORMATS / f"{format_name}.toml", Names)

"""Reads data files under `schemas/`: TOML, checked against a model that refuses unknown keys.

A bad file prevents the start of a service, with one error that names the file, the line and the key.
"""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from shared.foundation.errors import Fatal

M = TypeVar("M", bound=BaseModel)
Location = tuple[int | str, ...]
"""The location of a key in pydantic's form: names, and numbers within arrays."""

KEY = r"""(?:[\w-]+|"[^"]*"|'[^']*')"""
"""A TOML key, bare or quoted."""
FOLDERS = ("vocabulary", "techniques")
"""The folders of which a facility may have its own."""

SCHEMAS = Path(__file__).resolve().parents[2] / "schemas"


class DataFileInvalid(Fatal):
    """A technique or vocabulary file is invalid. The message has the file, the line and the key."""


class Table(BaseModel):
    """A frozen table of a data file. Unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class DataFileFault(NamedTuple):
    """A fault in a data file, and its place. Without a line it concerns the whole file."""

    file: Path
    line: int | None
    key: str
    message: str

    def __str__(self) -> str:
        line = f", line {self.line}" if self.line else ""
        key = f", {self.key}" if self.key else ""
        return f"{self.file}{line}{key}: {self.message}"


def read_data_file(file: Path, model: type[M]) -> M:
    """The file's content.

    Raises:
        DataFileInvalid: it is not TOML, or does not match the model.
    """
    content, faults = examine_data_file(file, model)
    if content is None:
        raise DataFileInvalid(str(faults[0]))
    return content


def examine_data_file(file: Path, model: type[M]) -> tuple[M | None, list[DataFileFault]]:
    """The file's content, or all its faults, unknown keys first."""
    try:
        text = file.read_text(encoding="utf-8")
        return model.model_validate(tomllib.loads(text)), []
    except ValidationError as error:
        # A misspelt key appears twice, as unknown and as missing; its author must find the unknown one.
        faults = sorted(error.errors(include_url=False, include_input=False), key=lambda fault: not _is_unknown(fault))
        return None, [DataFileFault(file, *_place(text, fault["loc"]), _message(fault)) for fault in faults]
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        return None, [DataFileFault(file, None, "", str(error))]


def _is_unknown(fault: ErrorDetails) -> bool:
    return fault["type"] == "extra_forbidden"


def _message(fault: ErrorDetails) -> str:
    return "unknown key" if _is_unknown(fault) else fault["msg"].removeprefix("Value error, ")


def data_files(folder: str, extra_directories: Iterable[Path] = ()) -> Iterator[Path]:
    """The TOML files of `schemas/<folder>`, then those of a facility's own directories, each sorted by name.

    Raises:
        DataFileInvalid: a directory does not exist, or cannot be read.
    """
    for directory in (SCHEMAS / folder, *extra_directories):
        try:
            yield from sorted(file for file in directory.iterdir() if file.suffix == ".toml")
        except FileNotFoundError:
            raise DataFileInvalid(f"{directory}: there is no such directory") from None
        except OSError as error:
            raise DataFileInvalid(f"{directory}: this directory cannot be read: {error.strerror}") from None


def own_folders(folder: str, directories: Iterable[Path]) -> list[Path]:
    """`<directory>/<folder>` of each of a facility's directories that has one.

    Raises:
        DataFileInvalid: a directory does not exist, or has no folder of data files.
    """
    directories = list(directories)
    for directory in directories:
        if not any(_is_directory(directory / known) for known in FOLDERS):
            raise DataFileInvalid(
                f"{directory}: there is no such directory with {' or '.join(FOLDERS)} in it; "
                "correct BEAMCAT_SCHEMA_DIRECTORIES"
            )
    return [directory / folder for directory in directories if (directory / folder).is_dir()]


def _is_directory(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError as error:
        raise DataFileInvalid(f"{path}: this directory cannot be read: {error.strerror}") from None


def place(file: Path, *location: int | str) -> str:
    """The place of a key in a valid file, such as `file, line 12, parameter.X`."""
    line, key = _place(file.read_text(encoding="utf-8"), location)
    return str(DataFileFault(file, line, key, "")).removesuffix(": ")


def _place(text: str, location: Location) -> tuple[int | None, str]:
    """Line and key, such as `kind[2].requird`; the line of its table if the key itself is absent."""
    key = "".join(f"[{part + 1}]" if isinstance(part, int) else f".{part}" for part in location).removeprefix(".")
    lines = _lines_of_keys(text)
    for depth in range(len(location), 0, -1):
        if (line := lines.get(tuple(location[:depth]))) is not None:
            return line, key
    return None, key


def _lines_of_keys(text: str) -> dict[Location, int]:
    """The line of each table, and of each key that starts a line, by its location in pydantic's form."""
    lines: dict[Location, int] = {}
    last_of_array: dict[Location, int] = {}
    table: Location = ()
    for number, line in enumerate(text.splitlines(), 1):
        if header := re.match(r"(\[\[?)([^\[\]]+)\]", line):
            *parents, name = _parts(header[2])
            table = ()
            for parent in parents:
                table = _within((*table, parent), last_of_array)
            table = (*table, name)
            if header[1] == "[[":
                last_of_array[table] = last_of_array.get(table, -1) + 1
            table = _within(table, last_of_array)
            lines[table] = number
        elif key := re.match(rf"\s*({KEY}(?:\s*\.\s*{KEY})*)\s*=", line):
            lines[(*table, *_parts(key[1]))] = number
    return lines


def _within(table: Location, last_of_array: Mapping[Location, int]) -> Location:
    """The table itself, or the last table so far of an array of tables."""
    return (*table, last_of_array[table]) if table in last_of_array else table


def _parts(dotted: str) -> list[str]:
    return [part.strip("'\"") for part in re.findall(KEY, dotted)]

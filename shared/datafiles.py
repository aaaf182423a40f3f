"""Data files under `schemas/`: TOML, checked against a model that refuses what it does not know.

A bad file never starts a service half-way: it is one error with the file, the line and the key.
"""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from shared.fatal import Fatal

M = TypeVar("M", bound=BaseModel)

KEY = r"""(?:[\w-]+|"[^"]*"|'[^']*')"""
"""A TOML key, bare or quoted."""
FOLDERS = ("vocabulary", "techniques")
"""What a facility may have of its own."""

SCHEMAS = Path(__file__).resolve().parents[1] / "schemas"


class DataFileInvalid(Fatal):
    """A technique or vocabulary file cannot be used; the message has the file, the line and the key."""


class Table(BaseModel):
    """A frozen table of a data file; a key that it does not know is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def read_data_file(file: Path, model: type[M]) -> M:
    """The file's content.

    Raises:
        DataFileInvalid: it is no TOML, or not what the model describes.
    """
    try:
        text = file.read_text(encoding="utf-8")
        content = tomllib.loads(text)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise DataFileInvalid(f"{file}: {error}") from None
    try:
        return model.model_validate(content)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_input=False)
        # A misspelt key shows twice, as unknown and as missing; the unknown one is what its author must find.
        fault = next((fault for fault in faults if fault["type"] == "extra_forbidden"), faults[0])
        message = fault["msg"].removeprefix("Value error, ").replace("Extra inputs are not permitted", "unknown key")
        raise DataFileInvalid(f"{file}{_place(text, fault['loc'])}: {message}") from None


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
        DataFileInvalid: a directory does not exist, or has no folder that data files are read from.
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
    """`file, line 12, parameter.X`: where a key stands of a file that was read without complaint."""
    return f"{file}{_place(file.read_text(encoding='utf-8'), location)}"


def _place(text: str, location: Sequence[int | str]) -> str:
    """`, line 12, kind[2].requird`: where a key stands; the line of its table where the key itself is absent."""
    key = "".join(f"[{part + 1}]" if isinstance(part, int) else f".{part}" for part in location).removeprefix(".")
    lines = _lines_of_keys(text)
    for depth in range(len(location), 0, -1):
        if (line := lines.get(tuple(location[:depth]))) is not None:
            return f", line {line}, {key}"
    return f", {key}" if key else ""


def _lines_of_keys(text: str) -> dict[tuple[int | str, ...], int]:
    """The line of each table and key that starts a line, by the path that pydantic gives it."""
    lines: dict[tuple[int | str, ...], int] = {}
    last_of_array: dict[tuple[int | str, ...], int] = {}
    table: tuple[int | str, ...] = ()
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


def _within(table: tuple[int | str, ...], last_of_array: Mapping[tuple[int | str, ...], int]) -> tuple[int | str, ...]:
    """The table itself, or the last one begun of an array of tables."""
    return (*table, last_of_array[table]) if table in last_of_array else table


def _parts(dotted: str) -> list[str]:
    return [part.strip("'\"") for part in re.findall(KEY, dotted)]

"""Merging statistics in JSON: xia2.json, and those of DIALS."""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import Any

from pydantic import BaseModel, Field, JsonValue, TypeAdapter, ValidationError

from clients.importers.assembly import BETWEEN, FileNotUnderstood, Result, StatedValue, Unplaced, leaves, shown
from clients.importers.names import names_of
from clients.importers.results import Found

SHELLS = ("overall", "inner", "outer")
CELL = ("a", "b", "c", "alpha", "beta", "gamma")
SQUARED_RECIPROCAL = ("d_star_sq_min", "d_star_sq_max")
APART = "_anom"
"""The suffix of statistics that keep Friedel mates separate."""


class Integrater(BaseModel):
    """One sweep of xia2."""

    wedge: list[int] = Field(default=[], alias="_intgr_wedge")
    wavelength: str | None = Field(default=None, alias="_intgr_dname")


class Scaler(BaseModel):
    """The result of xia2 for all sweeps of a crystal."""

    statistics: dict[str, dict[str, JsonValue]] = Field(default={}, alias="_scalr_statistics")
    cell: list[float] = Field(default=[], alias="_scalr_cell")
    spacegroups: list[str] = Field(default=[], alias="_scalr_likely_spacegroups")
    anomalous: bool | None = Field(default=None, alias="_scalr_anomalous")
    integraters: dict[str, Integrater] = Field(default={}, alias="_scalr_integraters")


class Wavelength(BaseModel):
    """One wavelength of a crystal."""

    wavelength: float | None = Field(default=None, alias="_wavelength")


class Crystal(BaseModel):
    """A crystal in xia2.json, as far as it is read."""

    scaler: Scaler = Field(default=Scaler(), alias="_scaler")
    wavelengths: dict[str, Wavelength] = Field(default={}, alias="_wavelengths")


CRYSTALS = TypeAdapter(dict[str, Crystal])


def read_xia2(content: Mapping[str, Any]) -> Found:
    """The results in xia2.json, one for each crystal and wavelength. Nothing else of xia2's state is read.

    Raises:
        FileNotUnderstood: the results are not as xia2 writes them.
    """
    try:
        crystals = CRYSTALS.validate_python(content["_crystals"])
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, fault["loc"]))
        raise FileNotUnderstood(f"_crystals.{place} is not as xia2 writes it: {fault['msg']}") from None
    state = sorted(name for name in content if name != "_crystals" and not name.startswith("__"))
    reason = "xia2's own state beside the results of each crystal is not read"
    unread = [Unplaced("xia2.json", ", ".join(state), reason)] if state else []
    names = names_of("xia2")
    return Found(
        [
            Result(f"{name} {wave}".strip(), list(_of_wave(name, wave, crystal)), names, unread)
            for name, crystal in crystals.items()
            for wave in crystal.scaler.statistics or [""]
        ]
    )


def _of_wave(name: str, wave: str, crystal: Crystal) -> Iterator[StatedValue]:
    """All values for a crystal at one wavelength."""
    scaler = crystal.scaler
    yield from _lists(f"{name} {wave}", scaler.statistics.get(wave, {}))
    for side, value in zip(CELL, scaler.cell, strict=False):
        yield StatedValue(f"{name}._scalr_cell", f"cell.{side}", value)
    for number, symbol in enumerate(scaler.spacegroups):
        said = "another likely space group" if number else "spacegroup"
        yield StatedValue(f"{name}._scalr_likely_spacegroups", said, symbol)
    yield StatedValue(f"{name}._scalr_anomalous", "anomalous", scaler.anomalous)
    only = _wavelength_of(wave, crystal)
    for each, wavelength in crystal.wavelengths.items():
        if each == only or only is None:
            yield StatedValue(f"{name}.{each}._wavelength", "wavelength", wavelength.wavelength)
    for number, integrater in enumerate(scaler.integraters.values(), 1):
        if only in {None, integrater.wavelength} or integrater.wavelength is None:
            for end, image in zip(("start", "end"), integrater.wedge, strict=False):
                yield StatedValue(f"{name}.integrater[{number}]._intgr_wedge", f"wedge.{end}", image)


def _wavelength_of(wave: str, crystal: Crystal) -> str | None:
    """The name of the wavelength in the key of its statistics, a list of project, crystal and wavelength."""
    try:
        name = json.loads(wave)[-1]
    except (ValueError, LookupError, TypeError):
        name = wave
    return name if isinstance(name, str) and name in crystal.wavelengths else None


def _lists(place: str, statistics: Mapping[str, Any]) -> Iterator[StatedValue]:
    """The values of the overall, low- and high-resolution shells. Some statistics exist only overall."""
    for name, values in statistics.items():
        for shell, value in zip_longest(SHELLS, values if isinstance(values, list) else [values]):
            yield StatedValue(f"{place} {name} [{shell or 'another'}]", name, value, shell)


def find_merging_statistics(content: object, place: str = "") -> list[tuple[str, Mapping[str, Any]]]:
    """The objects with merging statistics in a JSON document, each with its place."""
    if isinstance(content, list):
        content = {f"[{number}]": value for number, value in enumerate(content, 1)}
    if not isinstance(content, Mapping):
        return []
    if isinstance(content.get("overall"), Mapping) and "r_merge" in content["overall"]:
        return [(place or "statistics", content)]
    return [
        found
        for name, value in content.items()
        for found in find_merging_statistics(value, f"{place}.{name}" if place else name)
    ]


def read_merging(found: Sequence[tuple[str, Mapping[str, Any]]]) -> Found:
    """The results in a file. Friedel mates are separate if a twin beside the result says so."""
    plain = [(place, statistics) for place, statistics in found if not place.endswith(APART)] or found
    names = names_of("merging_statistics")
    results = []
    for place, statistics in plain:
        said, between = list(_bins(place, statistics, "")), list(_between(place, statistics))
        for twin, apart in found:
            if twin == f"{place}{APART}":
                said += _bins(twin, apart, "anomalous.")
                between += _between(twin, apart)
        results.append(Result(place, said, names, between))
    return Found(results)


def _bins(place: str, statistics: Mapping[str, Any], prefix: str) -> Iterator[StatedValue]:
    for name, value in statistics["overall"].items():
        yield StatedValue(f"{place}.overall.{name}", f"{prefix}{name}", value, "overall")
    yield from _limits(place, statistics["overall"], "overall", prefix)
    lists = {name: value for name, value in statistics.items() if isinstance(value, list) and value}
    bins = max(map(len, lists.values()), default=0)
    for name in [name for name, values in lists.items() if len(values) < bins]:
        for number, value in enumerate(lists.pop(name), 1):  # nobody says of which bin
            yield StatedValue(f"{place}.{name}[{number}]", prefix + name, value)
    inner, outer = (0, -1) if _is_outermost_last(lists) else (-1, 0)
    for shell, which in (("inner", inner), ("outer", outer))[-bins:]:
        told = {name: values[which] for name, values in lists.items()}
        for name, value in told.items():
            yield StatedValue(f"{place}.{name}[{shell}]", f"{prefix}{name}", value, shell)
        yield from _limits(place, told, shell, prefix)
    for name, value in statistics.items():
        if name != "overall" and not isinstance(value, list):
            for where, leaf in leaves(value, f"{place}.{name}"):
                yield StatedValue(where, where, leaf)


def _between(place: str, statistics: Mapping[str, Any]) -> Iterator[Unplaced]:
    """The first and last bin as inner and outer shell. The others have no place."""
    for name, values in statistics.items():
        for number, value in enumerate(values[1:-1] if isinstance(values, list) else (), 2):
            yield Unplaced(f"{place}.{name}[{number}]", shown(value), BETWEEN)


def _is_outermost_last(lists: Mapping[str, Sequence[Any]]) -> bool:
    """Whether bins go from the lowest resolution to the highest, as DIALS writes them; 1/d² shows it."""
    for name in SQUARED_RECIPROCAL:
        bins = lists.get(name, ())
        if len(bins) > 1 and all(isinstance(value, int | float) for value in (bins[0], bins[-1])):
            return bool(bins[0] <= bins[-1])
    return True


def _limits(place: str, told: Mapping[str, Any], shell: str, prefix: str) -> Iterator[StatedValue]:
    """The resolution limits of a bin that gives 1/d². Programs differ in which of the two they call lower."""
    squared = [told[name] for name in SQUARED_RECIPROCAL if isinstance(told.get(name), int | float) and told[name] > 0]
    if squared and not prefix:
        yield StatedValue(f"{place} [{shell}]", "d_max", 1 / math.sqrt(min(squared)), shell)
        yield StatedValue(f"{place} [{shell}]", "d_min", 1 / math.sqrt(max(squared)), shell)

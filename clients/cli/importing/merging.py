"""Statistics in JSON: xia2.json, and the merging statistics of DIALS."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from clients.cli.importing.gathering import Given, Imported, Said, Unplaced, gather
from clients.cli.importing.names import names_of

SHELLS = ("overall", "inner", "outer")
CELL = ("a", "b", "c", "alpha", "beta", "gamma")
SQUARED_RECIPROCAL = ("d_star_sq_min", "d_star_sq_max")


def read_xia2(content: Mapping[str, Any], given: Given) -> Imported:
    """The submission in xia2.json. Of xia2's own state only results are read, and that is said."""
    imported = gather(_xia2(content["_crystals"]), names_of("xia2"), given)
    state = sorted(name for name in content if name != "_crystals" and not name.startswith("__"))
    imported.unplaced.append(
        Unplaced("xia2.json", ", ".join(state), "xia2's own state beside the results of each crystal is not read")
    )
    return imported


def _xia2(crystals: Mapping[str, Any]) -> Iterator[Said]:
    for name, crystal in crystals.items():
        scaler = crystal.get("_scaler") or {}
        for wave, statistics in (scaler.get("_scalr_statistics") or {}).items():
            yield from _lists(f"{name} {wave}", statistics)
        for side, value in zip(CELL, scaler.get("_scalr_cell") or (), strict=False):
            yield Said(f"{name}._scalr_cell", f"cell.{side}", value)
        for symbol in (scaler.get("_scalr_likely_spacegroups") or ())[:1]:
            yield Said(f"{name}._scalr_likely_spacegroups", "spacegroup", symbol)
        for symbol in (scaler.get("_scalr_likely_spacegroups") or ())[1:]:
            yield Said(f"{name}._scalr_likely_spacegroups", "another likely space group", symbol)
        yield Said(f"{name}._scalr_anomalous", "anomalous", scaler.get("_scalr_anomalous"))
        for wave, wavelength in (crystal.get("_wavelengths") or {}).items():
            yield Said(f"{name}.{wave}._wavelength", "wavelength", wavelength.get("_wavelength"))
        for number, integrater in enumerate((scaler.get("_scalr_integraters") or {}).values(), 1):
            for end, image in zip(("start", "end"), integrater.get("_intgr_wedge") or (), strict=False):
                yield Said(f"{name}.integrater[{number}]._intgr_wedge", f"wedge.{end}", image)


def _lists(place: str, statistics: Mapping[str, Any]) -> Iterator[Said]:
    """Lists of overall, low- and high-resolution shell; some statistics are given for the whole alone."""
    for name, values in statistics.items():
        for shell, value in zip(SHELLS, values if isinstance(values, list) else [values], strict=False):
            yield Said(f"{place} {name} [{shell}]", name, value, shell)


def find_merging_statistics(content: object, place: str = "") -> list[tuple[str, Mapping[str, Any]]]:
    """The objects in a JSON document that hold merging statistics, each with its place."""
    if not isinstance(content, Mapping):
        return []
    if isinstance(content.get("overall"), Mapping) and "r_merge" in content["overall"]:
        return [(place or "statistics", content)]
    return [
        found
        for name, value in content.items()
        for found in find_merging_statistics(value, f"{place}.{name}" if place else name)
    ]


def read_merging(found: Sequence[tuple[str, Mapping[str, Any]]], given: Given) -> Imported:
    """The submission of the first data set in the file; its Friedel mates apart where there is a twin that says so."""
    plain = [(place, statistics) for place, statistics in found if not place.endswith("_anom")]
    place, statistics = (plain or found)[0]
    said = list(_bins(place, statistics, ""))
    twins = [(name, twin) for name, twin in found if name == f"{place}_anom"]
    for name, twin in twins:
        said += _bins(name, twin, "anomalous.")
    imported = gather(said, names_of("merging_statistics"), given)
    for name, _ in found:
        if name not in {place, *(twin for twin, _ in twins)}:
            imported.unplaced.append(Unplaced(name, "merging statistics", "a submission holds those of one data set"))
    return imported


def _bins(place: str, statistics: Mapping[str, Any], prefix: str) -> Iterator[Said]:
    for name, value in statistics["overall"].items():
        yield Said(f"{place}.overall.{name}", f"{prefix}{name}", value, "overall")
    yield from _limits(place, statistics["overall"], "overall", prefix)
    lists = {name: value for name, value in statistics.items() if isinstance(value, list) and value}
    for shell, which in (("inner", 0), ("outer", -1)):
        told = {name: values[which] for name, values in lists.items()}
        for name, value in told.items():
            yield Said(f"{place}.{name}[{shell}]", f"{prefix}{name}", value, shell)
        yield from _limits(place, told, shell, prefix)
    if between := max((len(values) - 2 for values in lists.values()), default=0):
        yield Said(place, "bins between", f"{between} bins between the inner and the outer")


def _limits(place: str, told: Mapping[str, Any], shell: str, prefix: str) -> Iterator[Said]:
    """Resolution limits of a bin that gives 1/d²: which of the two is called the lesser is not the same everywhere."""
    squared = [told[name] for name in SQUARED_RECIPROCAL if isinstance(told.get(name), int | float) and told[name] > 0]
    if squared and not prefix:
        yield Said(f"{place} [{shell}]", "d_max", 1 / math.sqrt(min(squared)), shell)
        yield Said(f"{place} [{shell}]", "d_min", 1 / math.sqrt(max(squared)), shell)

"""Submissions from datasets as ICAT's REST interface writes them. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any

from clients.cli.backfill.item import NotConvertible, Submission
from shared.events.identity import split_paths
from shared.vocabulary.icat import REPEATED, SOUGHT

Entity = Mapping[str, Any]
"""An entity of ICAT: its fields by name, the related ones inside, and no field without a value."""

INPUTS = "input_datasets"
VALUES = {"STRING": "stringValue", "NUMERIC": "numericValue", "DATE_AND_TIME": "dateTimeValue"}
"""The field that has a parameter's value, by the type of the parameter."""
COUNTS = (("file_count", "__fileCount", "fileCount"), ("volume_bytes", "__volume", "fileSize"))
"""Counts of a submission: the parameter that ESRF's ingester computes, and the field of ICAT's dataset."""
FOLLOWS = "__elapsedTime"
"""A computed parameter that follows from start and end."""
NO_UNITS = frozenset({"", "-", "na", "n/a", "none", "unitless", "dimensionless"})
TIMES = ("start", "end")
MOST_FILES = 10_000
"""In one submission. Of a dataset with more files, only their number and volume are submitted."""


def submission_of(dataset: Entity) -> Submission:
    """The submission of a dataset.

    Raises:
        NotConvertible: it has no location, or no investigation.
    """
    investigation = dataset.get("investigation") or {}
    parameters, units = _parameters(dataset)
    own = {
        "name": dataset.get("name"),
        "path": dataset.get("location"),
        "proposal": investigation.get("name"),
        "beamline": _instrument(investigation),
        "sample": (dataset.get("sample") or {}).get("name"),
        "start": dataset.get("startDate"),
        "end": dataset.get("endDate"),
    }
    submission: Submission = {"mode": "upsert", **dict(_fields(own, parameters))}
    for field, cure in (("path", "it has no location"), ("proposal", "it belongs to no investigation")):
        if field not in submission:
            raise NotConvertible(f"{cure}, so beamcat cannot catalogue it; add it in ICAT, or leave the dataset out")
    if "id" in investigation:
        submission["investigation_id"] = str(investigation["id"])
    if paths := split_paths(str(parameters.pop(INPUTS, ""))):
        submission["input"] = paths
    submission |= dict(_files(dataset, submission["path"], parameters))
    return submission | {"parameters": parameters} | ({"units": units} if units else {})


def _instrument(investigation: Entity) -> str | None:
    """The beamline of an investigation, if it has only one."""
    names = [(each.get("instrument") or {}).get("name") for each in investigation.get("investigationInstruments") or ()]
    return names[0] if len(names) == 1 else None


def _fields(own: Mapping[str, str | None], parameters: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Each field that the dataset or a parameter says. A time is taken as the producer wrote it, with its zone."""
    for field, parameter in REPEATED.items():
        said = parameters.get(parameter)
        value = (said or own[field]) if field in TIMES or field == "beamline" else (own[field] or said)
        if value is None:
            continue
        yield field, value
        if value == said and parameter not in SOUGHT:
            del parameters[parameter]


def _parameters(dataset: Entity) -> tuple[dict[str, Any], dict[str, str]]:
    """The values by name, and the units of those that ICAT keeps as numbers."""
    parameters: dict[str, Any] = {}
    units: dict[str, str] = {}
    for parameter in dataset.get("parameters") or ():
        kind = parameter.get("type") or {}
        name, value_type = kind.get("name"), kind.get("valueType", "STRING")
        value = parameter.get(VALUES.get(value_type, "stringValue"))
        if name is None or value is None or name == FOLLOWS:
            continue
        parameters[name] = value
        unit = str(kind.get("units", "")).strip()
        if value_type == "NUMERIC" and unit.lower() not in NO_UNITS:
            units[name] = unit
    return parameters, units


def _files(dataset: Entity, path: str, parameters: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """The files, or else how many there are."""
    for field, parameter, own in COUNTS:
        said = str(parameters.pop(parameter, ""))
        count = int(said) if said.isdecimal() else dataset.get(own)
        if count:
            yield field, count
    files = dataset.get("datafiles") or ()
    if 0 < len(files) <= MOST_FILES:
        yield "files", [_file(file, path) for file in files]


def _file(file: Entity, path: str) -> dict[str, Any]:
    where = str(file.get("location") or file["name"]).removeprefix(f"{path.rstrip('/')}/")
    size = file.get("fileSize")
    return {"path": where} | ({} if size is None else {"size_bytes": size})

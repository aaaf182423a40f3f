"""Answers in the form of ICAT+'s models (`icat_plus_client`). An unknown value is null. Pure."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from hashlib import blake2b
from typing import Any
from uuid import UUID

from pydantic_core import to_json

from services.icat_plus.proposals import type_name
from shared.events.identity import sample_number

Row = Mapping[str, Any]
Answer = dict[str, Any]

TYPES = {"raw": "acquisition", "processed": "processed"}
"""ICAT's names for the types of a dataset."""


@lru_cache(maxsize=10_000)
def number_of(*names: object) -> int:
    """An integer for a thing without a number. It is derived from the names of the thing, and below 2^52."""
    return int.from_bytes(blake2b(repr(names).encode(), digest_size=8).digest()) >> 12


def time_text(time: datetime | None, zone: tzinfo) -> str | None:
    """A time as ICAT+ writes it."""
    return time.astimezone(zone).isoformat(timespec="milliseconds") if time else None


def date_text(time: datetime | None, zone: tzinfo) -> str | None:
    """A time of an investigation, with a numeric offset and no fractions, so that Python 3.10 can read it.

    Offsets before standard time have seconds, which few programs can read, so such times are given in UTC.
    """
    if time is None:
        return None
    local = time.astimezone(zone)
    offset = local.utcoffset() or timedelta()
    return (local.astimezone(UTC) if offset.seconds % 60 else local).isoformat(timespec="seconds")


def page_answer(total: int, skip: int, size: int) -> Answer:
    """The position of an answer with at most `size` rows in the whole list."""
    return {"total": total, "totalPages": -(-total // size), "currentPage": skip // size + 1}


def investigation_answer(row: Row, zone: tzinfo) -> Answer:
    """ICAT+'s `Investigation`. MXCuBE reads every field: if one is missing, nobody can log in."""
    return _described(row, zone) | {
        "type": type_answer(type_name(row["name"])),
        "instrument": instrument_answer(row["beamline"]),
        "investigationUsers": [],
        "parameters": {"Id": str(row["number"])} | _catalogued(row) | _rescheduled(row),
        "canAccessDatasets": True,
    }


def measured_answer(row: Row, zone: tzinfo) -> Answer:
    """The same with the actual dates of the measurement, by which a beamline finds the investigation."""
    if row["actual_started"] is not None and row["ended"] is not None:
        row = {**row, "started": row["actual_started"], "ended": row["actual_ended"]}
    return investigation_answer(row, zone)


def type_answer(name: str) -> Answer:
    """ICAT+'s `InvestigationType`."""
    return {"id": number_of("type", name), "name": name}


def _catalogued(row: Row) -> Answer:
    """The counts of an investigation as text, if they were requested."""
    if "datasets" not in row:
        return {}
    counts = {"__datasetCount": row["datasets"], "__sampleCount": row["samples"], "__volume": row["volume"]}
    return {name: str(count) for name, count in counts.items()}


def _rescheduled(row: Row) -> Answer:
    """The actual dates of a rescheduled investigation, under their present and older names. Others have none.

    They are in UTC, because MXCuBE compares their days with the current day in UTC.
    """
    if row["actual_started"] is None:
        return {}
    times = {"StartDate": row["actual_started"], "EndDate": row["actual_ended"]}
    names = {f"actual{name}": date_text(time, UTC) for name, time in times.items()}
    return names | {f"__{name}": text for name, text in names.items()}


def instrument_answer(beamline: str) -> Answer:
    """ICAT+'s `Instrumentinner`."""
    return {"id": number_of("instrument", beamline.lower()), "name": beamline, "instrumentScientists": []}


def investigation_light(row: Row, zone: tzinfo) -> Answer:
    """ICAT+'s `Investigationlight`, which is part of each dataset."""
    instrument = {"id": number_of("instrument", row["beamline"].lower()), "name": row["beamline"]}
    return _described(row, zone) | {"investigationInstruments": [{"id": instrument["id"], "instrument": instrument}]}


def _described(row: Row, zone: tzinfo) -> Answer:
    """The fields that ICAT+'s `Investigation` and `Investigationlight` have in common."""
    return {
        "id": row["number"],
        "name": row["name"],
        "startDate": date_text(row["started"], zone),
        "endDate": date_text(row["ended"], zone),
        "title": row["title"] or "",
        "visitId": row["facility_id"],
    }


def registered_answer(row: Row, investigation: Row, zone: tzinfo) -> Answer:
    """ICAT+'s `Dataset` for the confirmation loop: its location, and the parameters that ICAT's ingester computes."""
    return {
        "id": row["number"],
        "name": row["name"],
        "location": row["path"],
        "type": TYPES[row["type"]],
        "startDate": time_text(row["started"], zone),
        "endDate": time_text(row["ended"], zone),
        "sampleName": row["sample"],
        "instrumentName": row["beamline"],
        "investigation": investigation_light(investigation, zone),
        "parameters": _counted(row["number"], row["file_count"], row["volume_bytes"], row["started"], row["ended"]),
    }


def dataset_answer(event: Row, investigation: Row | None, zone: tzinfo) -> Answer:
    """ICAT+'s `Dataset` from a committed event, with the current state of its investigation."""
    commit, document = event["commit"], event["document"]
    number, sample = commit["number"], document["sample"]
    begin, end = _time(document["start"]), _time(document["end"])
    assert begin is not None, "a dataset has a start"
    files = document["file_count"] if document["file_count"] is not None else len(document["files"]) or None
    parameters = [
        _parameter(number, name, value_text(given.get("value", given["original"])), given.get("unit"))
        for name, given in document["parameters"].items()
        if name != "input_datasets" or not document["inputs"]
    ]
    if document["inputs"]:
        inputs = ",".join(parent["path"] for parent in document["inputs"])
        parameters.append(_parameter(number, "input_datasets", inputs))
    return {
        "id": number,
        "name": document["name"],
        "location": document["path"],
        "type": TYPES[document["type"]],
        "startDate": time_text(begin, zone),
        "endDate": time_text(end, zone),
        "sampleName": sample and sample["name"],
        "sampleId": sample and sample_number(UUID(sample["sample_id"])),
        "instrumentName": document["beamline"],
        "investigation": investigation_light(investigation or _investigation_of(document["investigation"]), zone),
        "techniques": _techniques(number, document["technique_pid"], document["technique"]),
        "parameters": [*parameters, *_counted(number, files, document["volume_bytes"], begin, end)],
    }


def _investigation_of(ref: Row) -> Answer:
    """The investigation as the document describes it. No investigation has the number 0."""
    times = {"started": _time(ref["start"]), "ended": _time(ref["end"])}
    return {**ref, **times, "number": ref.get("number") or 0, "name": ref.get("proposal_name") or ref["proposal"]}


def _techniques(number: int, pid: str | None, name: str) -> list[Answer]:
    return [{"id": number_of("technique", pid), "datasetId": number, "pid": pid, "name": name}] if pid else []


def value_text(value: object) -> str:
    """A canonical value as text, which is the form of every value in ICAT. Spaces separate the elements of a list."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return " ".join(map(value_text, value))
    return to_json(value).decode()


def _counted(
    number: int, files: int | None, volume_bytes: int | None, begin: datetime, end: datetime | None
) -> list[Answer]:
    """The parameters that ICAT's ingester computes, from the declarations of producers."""
    elapsed_seconds = None if end is None else (end - begin) / timedelta(seconds=1)
    counted = (
        ("__fileCount", files, None),
        ("__volume", volume_bytes, "byte"),
        ("__elapsedTime", elapsed_seconds, "s"),
    )
    return [_parameter(number, name, value_text(value), unit) for name, value, unit in counted if value is not None]


def _parameter(number: int, name: str, value: str, unit: str | None = None) -> Answer:
    return {
        "id": number_of("parameter", number, name),
        "name": name,
        "value": value,
        "units": unit or "",
        "datasetId": number,
    }


def sample_answer(row: Row, investigation: Row, zone: tzinfo) -> Answer:
    """ICAT+'s `Sample`."""
    whole = investigation_answer(investigation, zone)
    return {
        "id": row["sample_number"],
        "name": row["name"],
        "investigation": {name: value for name, value in whole.items() if name != "canAccessDatasets"},
        "datasets": [],
        "parameters": [],
    }


def acquisition_sample(row: Row, investigation: Row, zone: tzinfo) -> Answer:
    """ICAT+'s `Samplemetadatasampleacquisition`."""
    begin = investigation["started"]
    return {
        "id": str(row["sample_number"]),
        "name": row["name"],
        "proposal": investigation["name"],
        "beamline": investigation["beamline"],
        "sessionStartDate": begin and begin.astimezone(zone).date().isoformat(),
    }


def datafile_answer(number: int, path: str, file: Row) -> Answer:
    """ICAT+'s `Datafilewrapper` of a file that a producer listed. `path` is the path of the dataset."""
    location = file_location(path, file["path"])
    return {
        "Datafile": {
            "id": number_of("datafile", number, location),
            "name": location.rpartition("/")[2],
            "location": location,
            "fileSize": file["size_bytes"],
        }
    }


def file_location(path: str, file: str) -> str:
    """The path of a listed file. A relative path starts from the folder of the dataset."""
    return file if file.startswith("/") else f"{path}/{file}"


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None

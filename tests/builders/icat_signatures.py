"""Every call that the signatures of ICAT's client allow: each parameter, in turn, with each value of its type."""

import collections.abc
import inspect
import types
import typing
import warnings
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from enum import Enum
from typing import Any

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # the client's own dependencies warn while they are imported
    from icat_esrf_definitions.models import IcatDatasetParameters  # type: ignore[import-untyped]  # it has no stubs
    from pyicat_plus.client.main import IcatClient

Arguments = dict[str, Any]

START = datetime(2026, 11, 20, 9, tzinfo=UTC)
ROOT = "/data/visitor/mx1111/id30a3/20261120"
RAW, OTHER, RESULT = (f"{ROOT}/{name}" for name in ("RAW_DATA/run_01", "RAW_DATA/run_02", "PROCESSED_DATA/run_01"))
METADATA: Arguments = {"Sample_name": "lyso", "definition": "MX", "startDate": START, "endDate": START}
HELD = "held"
"""Stands for a file that the test has written."""

SENT = (
    *("start_investigation", "store_dataset", "store_processed_data", "store_dataset_from_file", "update_metadata"),
    *("update_archive_restore_status", "add_files", "reschedule_investigation"),
)
"""The calls that go to the queues. All others go to ICAT+."""

EXAMPLES: Arguments = {
    "beamline": "id30a-3",
    "proposal": "mx1111",
    "dataset": "run_01",
    "path": RAW,
    "metadata": METADATA,
    "raw": RAW,
    "store_filename": HELD,
    "filename": HELD,
    "start_datetime": START,
    "end_datetime": START + timedelta(hours=8),
    "date": START,
    "dataset_paths": RAW,
    "metadata_name": "Process_note",
    "metadata_value": "a fine one",
    "dataset_id": 7,
    "investigation_id": "42",
    "investigationId": "42",
    "dataset_ids": "7",
    "sample_ids": "7",
    "sampleIds": "7",
    "sample_id": "7",
    "ids": "42",
    "resource_id": "none",
    "chunk_size": 10,
    "timeout": 10.0,
    "offset": 1,
    "limit": 1,
    "start_date": START,
    "end_date": START,
    "session_start_date": START.date(),
    "release_dates": START.date(),
    "parameters": "MX_resolution~lt~2",
    "filter": "participant",
    "instrument_name": "id30a-3",
    "location": f"{RAW}/a.h5",
    "msg": "done",
    "msg_type": "info",
    "message": "on tape",
    "mimetype": "text/html",
    "data": b"\x89PNG",
    "password": "any",
    "username": "ann",
    "plugin": "esrf",
}
"""A value of each parameter, by its name."""

REQUIRED: Mapping[str, tuple[str, ...]] = {
    "store_dataset": ("path", "dataset", "metadata"),
    "store_processed_data": ("path", "dataset", "metadata", "raw"),
    "store_dataset_from_file": ("store_filename",),
    "update_metadata": ("dataset_paths", "metadata_name", "metadata_value", "proposal", "beamline"),
    "update_archive_restore_status": ("dataset_id", "type"),
    "add_files": ("dataset_id",),
    "get_datasets_by": ("investigation_id",),
    "get_samples_by": ("investigation_id",),
    "get_sample_files_by": ("investigation_id",),
    "get_sample_information_list_by": ("investigation_id",),
}
"""Parameters that a call needs although its signature has a default."""

RENAMED = {"investigationId": "investigation_id", "sampleIds": "sample_ids"}
"""Older names of parameters, which cannot stand beside the newer ones."""

INSTEAD: Mapping[str, Arguments] = {"store_processed_data": {"path": RESULT}}
"""Values for calls in which the example would be wrong, because a result cannot be its own input."""

ALSO: Mapping[tuple[str, str], tuple[Any, ...]] = {
    ("start_investigation", "start_datetime"): (
        None,
        START.replace(tzinfo=None),
        START.isoformat(),
        "2026-11-20T09:00:00Z",
    ),
    ("start_investigation", "end_datetime"): (None,),
    ("update_metadata", "dataset_paths"): ([RAW], [RAW, OTHER], f"{RAW},{OTHER}", f"{RAW}, {OTHER}", (RAW,)),
    ("update_metadata", "metadata_value"): (3.5, 7, ["a", "b"]),
    ("update_metadata", "proposal"): ("MX-1111", "MX1111"),
    ("update_metadata", "beamline"): ("ID30A-3",),
    ("store_dataset", "proposal"): ("MX-1111", "mx 1111"),
    ("store_processed_data", "raw"): ([RAW, OTHER], f"{RAW},{OTHER}"),
    ("reschedule_investigation", "investigation_id"): (42,),
    ("get_datasets_by", "investigation_id"): (42,),
    ("get_samples_by", "investigation_id"): (42,),
    ("get_parcels_by", "investigation_id"): (42,),
    ("get_sample_files_by", "investigation_id"): (42,),
    ("get_sample_files_by", "sample_id"): (7,),
    ("get_investigation_users", "investigation_id"): (42,),
    ("get_investigations_by", "instrument_name"): ("ID30A-1,ID30A-3",),
    ("get_investigations_by", "ids"): ("42,43", []),
    ("get_investigations_by", "filter"): ("released", "embargoed", "instrumentscientist"),
    ("get_sample_metadata_by", "proposal"): ("MX-1111",),
    ("investigation_info", "proposal"): ("MX-1111", "MX1111"),
    ("registered_dataset_ids", "beamline"): ("ID30A-3",),
}
"""Meaningful values that people send although the types do not allow them."""


def public_methods() -> dict[str, Any]:
    """The client's calls, by name."""
    methods = inspect.getmembers(IcatClient, inspect.isfunction)
    return {name: method for name, method in methods if not name.startswith("_") and name != "disconnect"}


def variations(name: str) -> Iterator[Arguments]:
    """The arguments of all calls of one method: the minimum, and the minimum with each value of each parameter."""
    method = inspect.unwrap(public_methods()[name])
    hints = typing.get_type_hints(method)
    parameters = [
        each for each in inspect.signature(method).parameters.values() if each.kind is each.POSITIONAL_OR_KEYWORD
    ][1:]
    needed = {each.name for each in parameters if each.default is each.empty} | set(REQUIRED.get(name, ()))
    first = {each.name: next(iter(values_of(hints.get(each.name, Any), each.name))) for each in parameters}
    least = {each: first[each] for each in first if each in needed} | INSTEAD.get(name, {})
    yield least
    for each in first:
        for value in (*values_of(hints.get(each, Any), each), *ALSO.get((name, each), ())):
            if value is not None or each not in (*RENAMED, *REQUIRED.get(name, ())):
                others = {other: said for other, said in least.items() if other != RENAMED.get(each)}
                yield others | {each: value} | INSTEAD.get(name, {})


def values_of(hint: Any, name: str) -> Iterator[Any]:
    """Values of a type, made from the example of the parameter. The first one is not empty."""
    origin = typing.get_origin(hint)
    if origin in (typing.Union, types.UnionType):
        for each in sorted(typing.get_args(hint), key=lambda one: one is types.NoneType):
            yield from values_of(each, name)
    elif isinstance(hint, type) and issubclass(hint, Enum):
        yield from hint
    elif hint is types.NoneType:
        yield None
    elif hint is bool:
        yield from (True, False)
    else:
        yield from _made_of(EXAMPLES[name], hint, origin)


def _parameters() -> Any:
    """METADATA as a model."""
    return IcatDatasetParameters(
        title=EXAMPLES["dataset"],
        proposal=EXAMPLES["proposal"],
        folder_path=RAW,
        start_time=METADATA["startDate"],
        end_time=METADATA["endDate"],
        sample={"name": METADATA["Sample_name"]},
        definition=METADATA["definition"],
    )


def _made_of(example: Any, hint: Any, origin: Any) -> Iterator[Any]:
    if hint is date:
        yield example if type(example) is date else example.date()
    elif hint is datetime:
        yield from (example, example.replace(tzinfo=None))
    elif hint is IcatDatasetParameters:
        yield _parameters()
    elif origin is list:
        yield from ([example], [example] * 2)
    elif origin is collections.abc.Sequence:
        yield from (example, [example], (example,))
    else:
        yield example

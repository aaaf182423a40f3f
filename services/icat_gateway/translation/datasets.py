"""Frames of `icatIngest` with the root `dataset`: a raw or processed dataset, as ICAT's client stores it.

All values are text, in the units of ICAT's definitions; the validator decides what they mean. The translation only
finds their place: a value goes to the field of the submission, if there is one, or stays a parameter with its name.
"""

import xml.etree.ElementTree as ET
from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from uuid import UUID

from pydantic_core import to_json

from services.icat_gateway.translation.frames import Sending, listed
from services.icat_gateway.translation.trees import name_of, pair_of, text_of, texts_of
from shared.events.codes import Code, Poison
from shared.events.identity import PathInvalid, split_paths
from shared.events.record import Message
from shared.events.topics import SUBMITTED
from shared.vocabulary.icat import REPEATED, SOUGHT

ELEMENT_OF = {
    "name": "name",
    "path": "location",
    "proposal": "investigation",
    "start": "startDate",
    "end": "endDate",
    "beamline": "instrument",
    "sample": "sample",
}
"""Fields of a submission, and the element that holds each."""

REQUIRED = ("name", "path", "proposal")

ELEMENTS = frozenset(ELEMENT_OF.values()) - {"sample"}

MOST_VALUES = 10
"""The most values of one repeated parameter."""

MOST_DIGITS = 19
SPOKEN_BOOLEANS = {"true": True, "false": False}


def dataset_submitted(root: ET.Element, sending: Sending) -> Message:
    """The submission of the dataset. Its mode is `upsert`: ICAT stores by location, and completes incomplete datasets.

    Raises:
        Poison: a name, location or investigation is missing, an element has two values, or it is too large.
    """
    submission = _submission(root)
    receipt_id = sending.repeatable_id(to_json(submission).decode())
    parameters = submission["parameters"]
    producer = {"software": parameters.get("software"), "machine": parameters.get("machine", sending.frame.peer)}
    key = dataset_key(submission["path"], sending)
    return sending.message(SUBMITTED, str(key), receipt_id, {"submission": submission | {"producer": producer}})


def dataset_key(path: str, sending: Sending) -> UUID:
    """The dataset's id. The validator refuses an invalid path, together with all other errors."""
    with suppress(PathInvalid):
        path = sending.identities.path(path)
    return sending.identities.dataset(path)


def _submission(root: ET.Element) -> dict[str, Any]:
    elements = texts_of(root, ELEMENTS)
    parameters = _once_each(root)
    sample = parameters.pop(SAMPLE, None)
    if sample is not None:
        elements["sample"] = sample
    submission: dict[str, Any] = {}
    for field, element in ELEMENT_OF.items():
        parameter = REPEATED[field]
        text = elements.get(element) or parameters.get(parameter)
        if text is not None:
            submission[field] = text
            if parameters.get(parameter) == text and parameter not in SOUGHT:
                del parameters[parameter]
    if missing := [ELEMENT_OF[field] for field in REQUIRED if field not in submission]:
        raise Poison(Code.FRAME_INVALID, f"the dataset has no {listed(missing)}; send what is missing")
    if paths := split_paths(parameters.pop("input_datasets", "")):
        submission["input"] = paths
    _place_completeness(submission, parameters, root.get("complete"))
    if files := [_file(child) for child in root if name_of(child) == "datafile"]:
        submission["files"] = files
    return submission | {"mode": "upsert", "parameters": parameters}


def _place_completeness(submission: dict[str, Any], parameters: dict[str, str], attribute: str | None) -> None:
    """Set whether the dataset is complete. The client sends it as attribute and as parameter; one `false` suffices.

    A value that is neither `true` nor `false` stays a parameter, for the validator to judge.
    """
    said = [text for text in (attribute, parameters.get("complete")) if text is not None]
    if all(text in SPOKEN_BOOLEANS for text in said):
        parameters.pop("complete", None)
        submission["complete"] = all(SPOKEN_BOOLEANS[text] for text in said)
    else:
        parameters.setdefault("complete", said[0])


def _once_each(root: ET.Element) -> dict[str, str]:
    """All parameters. The first value of a repeated one counts; another value is kept as `name#2`, which is flagged."""
    parameters: dict[str, str] = {}
    repeated: dict[str, list[str]] = {}
    left = SUBMITTED.max_bytes
    for name, value in _names_and_values(root):
        left -= len(name or "") + len(value or "")
        if left < 0:
            words = "the names and values of the parameters have too many bytes"
            raise Poison(Code.TOO_LARGE, f"{words}, the limit is {SUBMITTED.max_bytes}; move bulk data into files")
        if value is None:  # an empty element
            continue
        if name is None:
            raise Poison(Code.FRAME_INVALID, f"a parameter has no name, only the value {value[:60]!r}; name it")
        if parameters.setdefault(name, value) != value and value not in (others := repeated.setdefault(name, [])):
            if len(others) == MOST_VALUES:
                words = f"the parameter {name[:100]} has more than {MOST_VALUES} values; send one"
                raise Poison(Code.FRAME_INVALID, words)
            others.append(value)
            parameters[f"{name}#{len(others) + 1}"] = value
    return parameters


SAMPLE = "sample/name"
"""The name under which `_names_and_values` yields the sample's name. A parameter of this name means the same."""


def _names_and_values(root: ET.Element) -> Iterator[tuple[str | None, str | None]]:
    """Every name and value in the element. The text of an unknown element is kept under the element's name."""
    for child in root:
        match name_of(child):
            case "parameter":
                yield _parameter(child)
            case "sample":
                for inner in child:
                    word = name_of(inner)
                    yield _parameter(inner) if word == "parameter" else (f"sample/{word}", text_of(inner))
            case "datafile":
                location = texts_of(child, frozenset({"location"})).get("location")
                for inner in child:
                    if name_of(inner) == "parameter":
                        name, value = _parameter(inner)
                        yield f"{location}#{name}", value
            case name if name not in ELEMENTS:
                yield name, text_of(child)


def _parameter(element: ET.Element) -> tuple[str | None, str | None]:
    return pair_of(element, "name", "value")


def _file(datafile: ET.Element) -> dict[str, Any]:
    said = texts_of(datafile, frozenset({"location", "size"}))
    location, size = said.get("location"), said.get("size")
    if location is None:
        raise Poison(Code.FRAME_INVALID, "a datafile has no location; send one")
    if size is None:
        return {"path": location}
    if not (size.isascii() and size.isdecimal() and len(size) <= MOST_DIGITS):
        raise Poison(Code.FRAME_INVALID, f"the datafile {location[:200]} has the size {size[:40]!r}; send bytes")
    return {"path": location, "size_bytes": int(size)}

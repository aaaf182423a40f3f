"""The submission that would make a catalogued dataset again. Pure."""

import json
from collections.abc import Mapping
from typing import Any


def said_again(document: Mapping[str, Any]) -> dict[str, Any]:
    """A catalogued dataset as the one submission that would make it, in the words of its producers.

    The technique of a document has its own name. If no parameter gives the producer's word for it, its PID does. The
    links are those of the document, including the investigation. A sample that was inherited from the inputs is left to
    them. Files are left out, because no rule is about them.
    """
    parameters = {name: _original(parameter) for name, parameter in document["parameters"].items()}
    technique = None
    if "definition" not in parameters:
        technique = document["technique"]
        if document["technique_pid"]:
            parameters.setdefault("technique_pid", document["technique_pid"])
    sample = document["sample"]
    said = {
        **{name: document[name] for name in ("name", "path", "proposal", "beamline", "start", "end", "complete")},
        "sample": None if sample is None or sample["inherited"] else sample["name"],
        "technique": technique,
        "parameters": parameters,
        "units": {name: each["said_unit"] for name, each in document["parameters"].items() if "said_unit" in each},
        "input": [parent["path"] for parent in document["inputs"]],
        "investigation_id": document["investigation"]["facility_id"],
        "producer": document["producer"],
    }
    return {name: value for name, value in said.items() if value is not None}


def _original(parameter: Mapping[str, Any]) -> Any:  # noqa: ANN401  whatever the producer said
    """The producer's original value. A list is kept as its JSON, and a text may look like one."""
    original = parameter["original"]
    if isinstance(parameter.get("value", []), list) and original.startswith("["):
        try:
            return json.loads(original)
        except ValueError:
            return original
    return original

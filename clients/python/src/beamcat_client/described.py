"""The parts of the generated builders, one module for each technique: `store_dataset(..., **mx.mesh_scan(...))`."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, TypedDict, Union

PathLike = Union[str, "os.PathLike[str]"]
Number = Union[float, str]
"""A number in the documented unit, or text with a unit, such as `"15 cm"`."""
Whole = Union[int, str]
Truth = Union[bool, str]
Numbers = Union[Sequence[float], float, str]
Time = Union[str, datetime]

NO_PARAMETERS = ("also", "input")


class Described(TypedDict):
    """The arguments of `store_dataset` that depend on the kind of the dataset."""

    technique: str
    parameters: dict[str, Any]
    input: list[PathLike]


def described(technique: str, known_by: Mapping[str, str], said: Mapping[str, Any]) -> Described:
    """The arguments of `store_dataset` from those of a builder: None is left out, and `also` is added.

    Args:
        technique: ICAT's `definition` of the technique.
        known_by: the parameters that identify the kind.
        said: the builder's arguments, by name.
    """
    own = {name: value for name, value in said.items() if name not in NO_PARAMETERS and value is not None}
    parameters = {**known_by, **own, **(said["also"] or {})}
    return {"technique": technique, "parameters": parameters, "input": list(said.get("input", ()))}

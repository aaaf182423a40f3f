"""What the generated builders are made of, a module a technique: `store_dataset(..., **mx.data_collection(...))`."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, TypedDict, Union

PathLike = Union[str, "os.PathLike[str]"]
Number = Union[float, str]
"""In the unit that is named, or text with a unit, as `"15 cm"`."""
Whole = Union[int, str]
Truth = Union[bool, str]
Numbers = Union[Sequence[float], float, str]
Time = Union[str, datetime]

NO_PARAMETERS = ("also", "input")


class Described(TypedDict):
    """The arguments of `store_dataset` that depend on what kind of dataset it is."""

    technique: str
    parameters: dict[str, Any]
    input: list[PathLike]


def described(technique: str, known_by: Mapping[str, str], said: Mapping[str, Any]) -> Described:
    """The arguments, from those of a builder: what was not said (None) is left out, `also` is added.

    Args:
        technique: the word of ICAT's `definition` for it.
        known_by: the parameters that tell the kind.
        said: the builder's own arguments, by their names.
    """
    own = {name: value for name, value in said.items() if name not in NO_PARAMETERS and value is not None}
    parameters = {**known_by, **own, **(said["also"] or {})}
    return {"technique": technique, "parameters": parameters, "input": list(said.get("input", ()))}

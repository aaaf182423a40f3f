"""Encodes Python values as the JSON of a submission."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

Item = TypeVar("Item")


def encode(fields: Mapping[str, Any]) -> bytes:
    """The compact JSON of a submission. Fields that are None are left out.

    Raises:
        ValueError: a value cannot be encoded as JSON, such as NaN.
    """
    said = {name: plain(value, name) for name, value in fields.items() if value is not None}
    return json.dumps(said, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def absolute(path: Any) -> str:
    """The path as text.

    Raises:
        ValueError: it is not absolute.
    """
    said = os.fspath(path) if isinstance(path, os.PathLike) else path
    if not isinstance(said, str) or not said.startswith("/"):
        raise ValueError(f"path: {said!r} is not absolute; give the full path of the dataset's folder")
    return said


def several(value: Sequence[Item], place: str) -> Sequence[Item]:
    """The values of a list. A single text is refused, because Python treats it as a sequence of letters.

    Raises:
        ValueError: it is a single text or path.
    """
    if isinstance(value, (str, bytes, os.PathLike)):
        raise ValueError(f"{place}: {value!r} is not a list; write [{value!r}]")  # noqa: TRY004  like every value that cannot be sent
    return value


def plain(value: Any, place: str) -> Any:
    """The value in JSON types: times as ISO 8601, paths as text, arrays as lists.

    Raises:
        ValueError: it has no JSON type. The message names `place`.
    """
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, str):
        return _text(value, place)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"{place}: is {value}, which is not JSON; leave it out if there is no value")
        return value
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if isinstance(value, Mapping):
        return {str(name): plain(item, f"{place}.{name}") for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item, f"{place}.{index}") for index, item in enumerate(value)]
    if hasattr(value, "tolist"):  # numpy's arrays and scalars
        return plain(value.tolist(), place)
    raise ValueError(f"{place}: a {type(value).__name__} is not JSON; give text, a number, a boolean or a list of them")


def _text(value: str, place: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ValueError(f"{place}: {value!r} holds half a character (a surrogate), which cannot be sent") from None
    return value

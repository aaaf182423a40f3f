"""Reads the body of a request into a model. It finds all faults at once, and names the field of each. Pure."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from shared.events.topics import MOST_INPUTS
from shared.foundation.errors import Fault
from shared.foundation.problem import Problem, invalid
from shared.foundation.storable import flaw_of

M = TypeVar("M", bound=BaseModel)

MOST_LEVELS = 20
"""How deeply arrays and objects may be nested."""
MOST_ENTRIES = {"parameters": 2_000, "input": MOST_INPUTS, "files": 10_000}

DOUBTFUL_ESCAPE = re.compile(rb"\\u(0000|[dD][89a-fA-F])")
"""The escapes with which JSON in UTF-8 can hold the character NUL or half a surrogate pair. There are no others."""

WORDS_OF_ICAT = {
    "dataset": "name",
    "datasetname": "name",
    "metadata": "parameters",
    "raw": "input",
    "inputs": "input",
    "inputdatasets": "input",
    "location": "path",
    "samplename": "sample",
    "startdate": "start",
    "enddate": "end",
    "definition": "technique",
    "beamlineid": "beamline",
    "instrument": "beamline",
    "investigationid": "investigation_id",
}
"""The names of the same fields in other clients that producers know, in lower case and without underscores."""


@dataclass(frozen=True, slots=True)
class _Flaw:
    """Replaces a value that JSON allows but beamcat cannot store, so that other items of the batch are accepted."""

    detail: str

    @property
    def problem(self) -> Problem:
        return Problem(400, self.detail)


@dataclass(frozen=True)
class Parsed:
    """The JSON object in a request. Parts of it may be flawed."""

    value: dict[str, object]
    doubtful: bool

    def check(self, part: object) -> None:
        """Refuse a flawed part.

        Raises:
            Problem: 400, with what is wrong.
        """
        _check_depth(part)
        if self.doubtful:
            _check_leaves(part)


class _Hooks:
    """The hooks of the JSON parser for values that may be flawed."""

    def __init__(self) -> None:
        self.flawed = False

    def _flaw(self, detail: str) -> _Flaw:
        self.flawed = True
        return _Flaw(detail)

    def constant(self, name: str) -> _Flaw:
        return self._flaw(f"a number is {name}, which is not JSON; leave it out if there is no value")

    def number(self, digits: str) -> float | _Flaw:
        value = float(digits)
        if value - value == 0:
            return value
        return self._flaw(f"the number {digits[:40]} is too large for a 64-bit float; leave it out or correct it")

    def unique(self, pairs: list[tuple[str, object]]) -> dict[str, object] | _Flaw:
        found = dict(pairs)
        if len(found) == len(pairs):
            return found
        [(twice, _)] = Counter(name for name, _ in pairs).most_common(1)
        return self._flaw(f"the name {twice!r} occurs twice in one object; keep only one")


def parse_json(body: bytes) -> Parsed:
    """The JSON object in a request.

    Raises:
        Problem: 400, the body is not a JSON object.
    """
    hooks = _Hooks()
    value = _loads(body, hooks)
    if isinstance(value, _Flaw):
        raise value.problem
    if not isinstance(value, dict):
        raise Problem(400, f"the body is a JSON {type(value).__name__}; send one JSON object")
    return Parsed(value, hooks.flawed or DOUBTFUL_ESCAPE.search(body) is not None)


def read_json(body: bytes) -> dict[str, object]:
    """The JSON object in a request. It must not have a flaw.

    Raises:
        Problem: 400, with what is wrong.
    """
    parsed = parse_json(body)
    parsed.check(parsed.value)
    return parsed.value


def read_model(data: Mapping[str, object], model: type[M]) -> M:
    """The data as a model. Fields that the model does not have are refused.

    Raises:
        Problem: 422, with every fault.
    """
    faults = list(_too_many(data))
    try:
        found = model.model_validate(data, extra="forbid")
    except ValidationError as error:
        faults += [_fault(model, each["type"], each["loc"], each["msg"]) for each in error.errors(include_url=False)]
    else:
        if not faults:
            return found
    raise invalid(faults)


def is_readable(data: Mapping[str, object], model: type[BaseModel]) -> bool:
    """Whether the data has all that the model needs, apart from additional fields."""
    try:
        model.model_validate(data)
    except ValidationError:
        return False
    return True


def _loads(body: bytes, hooks: _Hooks) -> object:
    try:
        return json.loads(
            body.decode(),
            parse_constant=hooks.constant,
            parse_float=hooks.number,
            object_pairs_hook=hooks.unique,
        )
    except UnicodeDecodeError as error:
        raise Problem(400, f"the body is not UTF-8: byte {error.start} is 0x{body[error.start]:02x}") from None
    except RecursionError:
        raise _too_deep() from None
    except ValueError as error:
        raise Problem(400, f"the body is not JSON: {error}") from None


def _too_deep() -> Problem:
    return Problem(400, f"the body is nested more than {MOST_LEVELS} levels deep; parameters are flat")


def _check_depth(value: object) -> None:
    level = [value]
    for _ in range(MOST_LEVELS):
        level = [
            child
            for item in level
            for child in (item.values() if isinstance(item, dict) else item if isinstance(item, list) else ())
            if isinstance(child, dict | list)
        ]
        if not level:
            return
    raise _too_deep()


def _check_leaves(value: object) -> None:
    unread = [value]
    while unread:
        match unread.pop():
            case _Flaw() as flaw:
                raise flaw.problem
            case str(text):
                _check_text(text)
            case list(items):
                unread.extend(items)
            case dict(fields):
                unread.extend([*fields.keys(), *fields.values()])


def _check_text(text: str) -> None:
    if flaw := flaw_of(text):
        raise Problem(400, f"the text {text[:40]!r} holds {flaw}, which cannot be stored; remove it")


def _too_many(data: Mapping[str, object]) -> Iterator[Fault]:
    for name, most in MOST_ENTRIES.items():
        entries = data.get(name)
        if isinstance(entries, dict | list) and len(entries) > most:
            yield Fault(field=name, message=f"has {len(entries)} entries, the limit is {most}; keep bulk data in files")


def _fault(model: type[BaseModel], kind: str, place: Sequence[int | str], message: str) -> Fault:
    field = ".".join(map(str, place))
    if kind == "missing":
        return Fault(field=field, message="is missing; give it")
    if kind == "list_type":
        return Fault(field=field, message='is not a list; write ["…"], also around a single entry')
    if kind != "extra_forbidden":
        return Fault(field=field, message=message[:1].lower() + message[1:])
    meant = _meant(model, str(place[-1])) if len(place) == 1 else None
    hint = f"did you mean {meant!r}?" if meant else "remove it, or put it under parameters"
    return Fault(field=field, message=f"is not a field of {model.__name__}; {hint}")


def _meant(model: type[BaseModel], name: str) -> str | None:
    plain = name.lower()
    known = WORDS_OF_ICAT.get(plain.replace("_", ""))
    if known in model.model_fields:
        return known
    return next(iter(get_close_matches(plain, model.model_fields, 1)), None)

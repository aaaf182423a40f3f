"""From the bytes of a request to a model of the events: pure, with every fault found at once and named by field."""

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
"""How deep arrays and objects may lie in one another."""
MOST_ENTRIES = {"parameters": 2_000, "input": MOST_INPUTS, "files": 10_000}

DOUBTFUL_ESCAPE = re.compile(rb"\\u(0000|[dD][89a-fA-F])")
"""The only ways in which JSON in UTF-8 can hold the character NUL or half a surrogate pair."""

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
"""What the same thing is called by clients that producers know already, without underscores and in lower case."""


@dataclass(frozen=True, slots=True)
class _Flaw:
    """Stands for what JSON can say but beamcat cannot keep, so that its neighbours in a batch come through."""

    detail: str

    @property
    def problem(self) -> Problem:
        return Problem(400, self.detail)


@dataclass(frozen=True)
class Parsed:
    """The JSON object in a request; parts of it may be flawed."""

    value: dict[str, object]
    doubtful: bool

    def check(self, part: object) -> None:
        """Refuse a part that is flawed.

        Raises:
            Problem: 400, with what is wrong.
        """
        _check_depth(part)
        if self.doubtful:
            _check_leaves(part)


class _Hooks:
    """What JSON's reader calls for values that may be flawed."""

    def __init__(self) -> None:
        self.flawed = False

    def _flaw(self, detail: str) -> _Flaw:
        self.flawed = True
        return _Flaw(detail)

    def constant(self, name: str) -> _Flaw:
        return self._flaw(f"a number is {name}, which JSON does not know; leave it out where there is no value")

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
        return self._flaw(f"the name {twice!r} stands twice in one object; keep the one that is meant")


def parse_json(body: bytes) -> Parsed:
    """The JSON object in a request.

    Raises:
        Problem: 400, it is none.
    """
    hooks = _Hooks()
    value = _loads(body, hooks)
    if isinstance(value, _Flaw):
        raise value.problem
    if not isinstance(value, dict):
        raise Problem(400, f"the body is a JSON {type(value).__name__}; send one JSON object")
    return Parsed(value, hooks.flawed or DOUBTFUL_ESCAPE.search(body) is not None)


def read_json(body: bytes) -> dict[str, object]:
    """The JSON object in a request, without a flaw.

    Raises:
        Problem: 400, with what is wrong.
    """
    parsed = parse_json(body)
    parsed.check(parsed.value)
    return parsed.value


def read_model(data: Mapping[str, object], model: type[M]) -> M:
    """The data as a model, refusing fields it does not have.

    Raises:
        Problem: 422, naming every fault.
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
    """Whether the data says all that the model needs, whatever else it says."""
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
            yield Fault(
                field=name, message=f"has {len(entries)} entries, {most} are taken; keep bulk data in the files"
            )


def _fault(model: type[BaseModel], kind: str, place: Sequence[int | str], message: str) -> Fault:
    field = ".".join(map(str, place))
    if kind == "missing":
        return Fault(field=field, message="is missing; give it")
    if kind == "list_type":
        return Fault(field=field, message='is no list; write ["…"], also around a single entry')
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

"""A struct says the same as the model of its view, or nothing."""

import os
import random
from typing import Annotated, Any
from uuid import UUID

import msgspec
import pytest
from pydantic import AfterValidator, AwareDatetime, BaseModel, Field, JsonValue, ValidationError

from shared.events.record import Record
from shared.events.sections import Name, Producer, Severity
from shared.events.structs import PlainView, struct
from shared.stages.stage import Stage
from tests.builders.garbage import garbled
from tests.suites.garbage import SEED, samples
from tools.contracts.system import declared_services

__all__ = ["samples"]

STAGES = [stage for service in declared_services() for stage in service.stages if issubclass(stage.reads, PlainView)]
RUNS = int(os.environ.get("BEAMCAT_GARBAGE_RUNS", "4")) * 500


def plain(value: Any) -> Any:
    """A model or a struct with all that it holds, as plain values. Numbers and times keep their types."""
    if isinstance(value, BaseModel | msgspec.Struct):
        names = type(value).model_fields if isinstance(value, BaseModel) else value.__struct_fields__
        return {name: plain(getattr(value, name)) for name in names}
    if isinstance(value, dict):
        return {name: plain(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    return type(value), value


def as_model(value: bytes, view: type[BaseModel]) -> Any:
    try:
        return plain(view.model_validate_json(value))
    except ValidationError:
        return None


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.name)
def test_every_good_event_is_read_as_a_struct_that_says_what_the_model_says(
    stage: Stage[Any, Any], samples: dict[str, list[Record]]
) -> None:
    for record in samples[stage.consumes.name]:
        assert plain(struct(record.value or b"", stage.reads)) == as_model(record.value or b"", stage.reads)


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.name)
def test_a_struct_of_nonsense_says_what_the_model_says_or_nothing(
    stage: Stage[Any, Any], samples: dict[str, list[Record]]
) -> None:
    chance = random.Random(f"{SEED} {stage.name}")
    read = 0
    for _ in range(RUNS):
        value = garbled(chance.choice(samples[stage.consumes.name]), chance).value or b""
        if (found := struct(value, stage.reads)) is not None:
            assert plain(found) == as_model(value, stage.reads), f"SEED={SEED}: {value!r}"
            read += 1
    assert 0 < read < RUNS


class Inner(PlainView):
    key: Annotated[str, AfterValidator(str.lower)]
    times: list[AwareDatetime] = Field(default=[])


class View(PlainView):
    number: int = Field(default=0, ge=0)
    inner: Inner | None = None
    anything: Any = None
    made: UUID | None = None


@pytest.mark.parametrize(
    "value",
    [
        b'{"number":-1}',
        b'{"number":"5"}',
        b'{"number":5.5}',
        b'{"inner":{}}',
        b'{"inner":{"key":null}}',
        b'{"made":"x"}',
        b'{"anything":"\\u0000"}',
        b'{"anything":NaN}',
        b'{"anything":1e999}',
        b'{"unread":"\xff"}',
        b'{"unread":"\\ud800"}',
        b'{"unread":01}',
        b'{"unread":' + b"[" * 100_000,
        b'{"inner":{"key":"a","times":["2026-11-28T00:00:00.1234567Z"]}}',
        b"\xef\xbb\xbf{}",
        b"[]",
        b"",
    ],
)
def test_what_is_in_doubt_is_left_to_the_model(value: bytes) -> None:
    assert struct(value, View) is None


def test_a_struct_has_the_bounds_the_validators_and_the_defaults_of_its_view() -> None:
    found = struct(b'{"number":2,"inner":{"key":"KEY"},"anything":[1,{"a":2.0}],"unread":{"a":[]}}', View)
    assert plain(found) == as_model(b'{"number":2,"inner":{"key":"KEY"},"anything":[1,{"a":2.0}]}', View)
    assert struct(b"{}", View) is not None


class Rich(PlainView):
    number: int = Field(alias="n")
    bounded: int | None = Field(default=None, ge=0, lt=2**63)
    names: list[Name] = Field(default=[])
    values: dict[str, JsonValue] = Field(default={})
    severity: Severity = Severity.WARNING
    inner: Producer = Producer()

    @property
    def doubled(self) -> int:
        return 2 * self.number


@pytest.mark.parametrize(
    "value",
    [
        b'{"n":2}',
        b'{"n":2,"bounded":9223372036854775807,"names":["a"],"severity":"error","inner":{"software":"x"}}',
        b'{"n":2,"bounded":null,"values":{"a":[1,1.5,true,null,{"b":123456789012345678901234567890}]}}',
    ],
)
def test_a_struct_has_the_aliases_the_enumerations_and_the_properties_of_its_view(value: bytes) -> None:
    found: Any = struct(value, Rich)
    assert plain(found) == as_model(value, Rich)
    assert found.doubled == 4
    with pytest.raises(AttributeError):
        found.number = 3


@pytest.mark.parametrize(
    "value",
    [
        b"{}",
        b'{"number":2}',
        b'{"n":2,"bounded":-1}',
        b'{"n":2,"bounded":9223372036854775808}',
        b'{"n":2,"names":[""]}',
        b'{"n":2,"severity":"fatal"}',
        b'{"n":2,"values":{"a":1e999}}',
    ],
)
def test_what_the_bounds_of_a_view_exclude_is_left_to_the_model(value: bytes) -> None:
    assert struct(value, Rich) is None


class Deep(PlainView):
    keys: list[Annotated[str, AfterValidator(str.lower)]]


class Made(PlainView):
    keys: list[str] = Field(default_factory=list)


class Odd(PlainView):
    value: bytes


@pytest.mark.parametrize("view", [Deep, Made, Odd])
def test_a_view_of_which_no_struct_would_say_the_same_has_none(view: type[PlainView]) -> None:
    with pytest.raises(TypeError):
        struct(b"{}", view)

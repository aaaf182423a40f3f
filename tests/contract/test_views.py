"""A stage may read less of an event than there is, never something else."""

import types
from typing import Annotated, Any, Literal, TypeAlias, Union, get_args, get_origin
from uuid import UUID

import pytest
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, JsonValue
from typing_extensions import get_type_hints, is_typeddict

from shared.events.dataset import DatasetFacts, DatasetValidated, Parameter
from shared.events.sections import Section
from shared.stages.stage import Stage
from tools.contracts.system import declared_services

STAGES = [stage for service in declared_services() for stage in service.stages]
Form: TypeAlias = Any
"""An annotation: a class, a union, a generic."""

ANYTHING = (Any, JsonValue, object)


def differences(view: Form, event: Form, where: str) -> list[str]:
    """Where a value that is right for the event might be wrong for the view."""
    view, event = bare(view), bare(event)
    if view == event or view in ANYTHING or is_written_alike(view, event):
        return []
    if choices := options(event):
        return [found for choice in choices for found in differences(view, choice, where)]
    if wider := options(view):
        return min((differences(choice, event, where) for choice in wider), key=len)
    if isinstance(view, type) and issubclass(view, BaseModel):
        return model_differences(view, event, where)
    return container_differences(view, event, where)


def container_differences(view: Form, event: Form, where: str) -> list[str]:
    inner_view, inner_event = get_args(view), get_args(event)
    if origin_of(view) in (list, tuple) and origin_of(event) is list:
        return differences(inner_view[0], inner_event[0], f"{where}[]")
    if origin_of(view) is dict and (origin_of(event) is dict or fields_of(event)):
        values = [inner_event[1]] if inner_event else fields_of(event).values()
        return [found for value in values for found in differences(inner_view[1], value, f"{where}{{}}")]
    return [f"{where}: the event has {event}, the view {view}"]


def is_written_alike(view: Form, event: Form) -> bool:
    """Text, of which the event's class says more."""
    return view is str and (event in (UUID, AwareDatetime) or origin_of(event) is Literal)


def model_differences(view: type[BaseModel], event: Form, where: str) -> list[str]:
    found = []
    for name, field in view.model_fields.items():
        key = field.alias or name
        place = f"{where}.{key}"
        if origin_of(event) is dict:
            if field.is_required():
                found.append(f"{place}: the event may lack it, the view may not")
            there: Any = get_args(event)[1]
        elif key not in fields_of(event):
            found.append(f"{place}: the event has no such field")
            continue
        else:
            if field.is_required() and not always_there(event, key):
                found.append(f"{place}: the event may lack it, the view may not")
            there = fields_of(event)[key]
        found += differences(field.annotation, there, place)
    return found


def origin_of(form: Form) -> object:
    return get_origin(form)


def bare(annotation: Form) -> Form:
    """Without limits: what satisfies the event's satisfies a view that repeats them, which none has reason to."""
    return bare(get_args(annotation)[0]) if origin_of(annotation) is Annotated else annotation


def options(annotation: Form) -> tuple[Any, ...]:
    return get_args(annotation) if origin_of(annotation) in (Union, types.UnionType) else ()


def fields_of(event: Form) -> dict[str, Any]:
    if is_typeddict(event):
        return get_type_hints(event)
    return {name: field.annotation for name, field in getattr(event, "model_fields", {}).items()}


def always_there(event: Form, name: str) -> bool:
    if is_typeddict(event):
        return name in event.__required_keys__
    return bool(event.model_fields[name].is_required())


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.name)
def test_what_a_stage_reads_is_a_projection_of_its_topics_event(stage: Stage[Any, Any]) -> None:
    assert differences(stage.reads, stage.consumes.event, stage.consumes.event.__name__) == []


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.name)
def test_a_stage_lets_the_fields_of_a_newer_version_pass(stage: Stage[Any, Any]) -> None:
    def forbidding(model: type[BaseModel]) -> list[str]:
        inner = [field.annotation for field in model.model_fields.values()]
        models = [part for part in inner if isinstance(part, type) and issubclass(part, BaseModel)]
        own = [model.__name__] if model.model_config.get("extra") == "forbid" else []
        return own + [name for part in models for name in forbidding(part)]

    assert forbidding(stage.reads) == []


class Facts(Section):
    dataset_id: UUID


class Said(Section):
    original: str


class SaidParameters(Section):
    flux: Said | None = Field(default=None, alias="MX_flux")


@pytest.mark.parametrize(
    "annotation",
    [Any, DatasetFacts, Facts, Facts | None],
)
def test_less_is_a_projection(annotation: Form) -> None:
    assert differences(annotation, DatasetFacts, "x") == []


def test_some_parameters_are_a_projection_of_all() -> None:
    assert differences(SaidParameters, dict[str, Parameter], "x") == []
    assert differences(dict[str, Any], dict[str, Parameter], "x") == []


class Misspelt(Section):
    datasetid: UUID


class Surer(Section):
    sample_name: str


class OtherType(Section):
    complete: int


class Demanding(Section):
    parameters: Said


class Deep(Section):
    model_config = ConfigDict(frozen=True)
    dataset: Surer


@pytest.mark.parametrize(
    ("annotation", "event", "words"),
    [
        (Misspelt, DatasetFacts, "datasetid: the event has no such field"),
        (Surer, DatasetFacts, "sample_name: the event has <class 'NoneType'>"),
        (OtherType, DatasetFacts, "complete: the event has <class 'bool'>"),
        (Demanding, DatasetValidated, "parameters.original: the event may lack it"),
        (Deep, DatasetValidated, "dataset.sample_name"),
    ],
)
def test_something_else_is_none(annotation: Form, event: Form, words: str) -> None:
    assert any(words in found for found in differences(annotation, event, "x"))

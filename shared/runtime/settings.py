"""Settings: small groups by concern, each a model whose fields are read from `BEAMCAT_*` environment variables.

A group stands in the room of `shared` that works by it (`shared/kafka/settings.py` has Kafka's), so that a part takes
the group that it needs and nothing else. The groups that every service has are in `shared/host/settings.py`; each
service adds its own in `services/<name>/settings.py`. The alias of a field is the name of its variable: it is declared
once, and messages, warnings and docs/settings.md read it there.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.fields import FieldInfo

from shared.foundation.errors import Fatal

PREFIX = "BEAMCAT_"
MOST_SHOWN = 100
"""The most characters of a wrong value that a message shows."""
CURES = {
    "bool_parsing": "give true or false",
    "finite_number": "give a number{example}",
    "float_parsing": "give a number{example}",
    "greater_than": "give more than {gt}",
    "greater_than_equal": "give {ge} or more",
    "int_from_float": "give a whole number{example}",
    "int_parsing": "give a whole number{example}",
    "int_parsing_size": "give a whole number{example}",
    "less_than_equal": "give {le} or less",
    "literal_error": "give {expected}",
}
"""The cure of a value, by pydantic's name for the fault. Other faults contain their own cure."""


def _variable(field: str, group: str = "") -> str:
    return f"{PREFIX}{group}{field.upper()}"


def variables(group: str) -> ConfigDict:
    """The configuration of a group whose variables begin with this, after the prefix, and end with a field."""
    return ConfigDict(alias_generator=partial(_variable, group=group))


class Settings(BaseModel):
    """Settings of one concern, or several such groups. Made without an environment, all have their defaults.

    The field of a group is a group again. `Field(repr=False)` marks a secret: no message shows its value.
    """

    model_config = ConfigDict(frozen=True, alias_generator=_variable, validate_by_name=True)


S = TypeVar("S", bound=Settings)


class SettingsInvalid(Fatal):
    """Variables have invalid values; the message gives each variable, its value and a cure."""


def groups_of(kind: type[Settings]) -> Mapping[str, type[Settings]]:
    """The groups that settings are made of, by field."""
    annotated = {name: field.annotation for name, field in kind.model_fields.items()}
    return {name: group for name, group in annotated.items() if isinstance(group, type) and issubclass(group, Settings)}


def fields_of(kind: type[Settings]) -> dict[str, FieldInfo]:
    """Every field of these settings and their groups, by its variable."""
    groups = groups_of(kind)
    own = {str(field.alias): field for name, field in kind.model_fields.items() if name not in groups}
    return {**{variable: field for group in groups.values() for variable, field in fields_of(group).items()}, **own}


def read(kind: type[S], environment: Mapping[str, str], *, beside: Sequence[type[Settings]] = ()) -> S:
    """The settings from an environment, in which an empty variable counts as not set.

    Raises:
        SettingsInvalid: a variable of these settings, or of those `beside` them, has an invalid value.
    """
    named = ((variable.upper(), value) for variable, value in environment.items())
    said = {variable: value for variable, value in named if value and variable.startswith(PREFIX)}
    everything: list[type[Settings]] = [kind, *beside]
    if sentences := dict.fromkeys(sentence for each in everything for sentence in _faults(each, said)):
        raise SettingsInvalid("; ".join(sentences))
    return kind.model_validate(_nested(kind, said))


def _nested(kind: type[Settings], said: Mapping[str, str]) -> dict[str, Any]:
    """What pydantic is given: each group finds its variables by their names."""
    groups = {str(kind.model_fields[name].alias): _nested(group, said) for name, group in groups_of(kind).items()}
    return {**said, **groups}


def _faults(kind: type[Settings], said: Mapping[str, str]) -> Iterator[str]:
    """A sentence for each invalid value."""
    fields = fields_of(kind)
    try:
        kind.model_validate(_nested(kind, said))
    except ValidationError as error:
        for fault in error.errors(include_url=False):
            variable = [str(place) for place in fault["loc"] if place in fields][-1]
            field = fields[variable]
            wrong = f"{_shown(said[variable])} is wrong: " if field.repr else ""
            yield f"{variable}: {wrong}{_cure(field, fault)}"


def _shown(value: str) -> str:
    """A value without the password that a URL may contain."""
    value = re.sub(r"[^/]*@", "…@", value)
    return repr(value if len(value) <= MOST_SHOWN else f"{value[:MOST_SHOWN]}…")


def _cure(field: FieldInfo, fault: Any) -> str:  # noqa: ANN401  pydantic's own dictionary
    if cure := CURES.get(fault["type"]):
        example = "" if field.default is None else f", such as {field.default}"
        return cure.format(**fault.get("ctx", {}), example=example)
    return str(fault["msg"]).removeprefix("Value error, ")

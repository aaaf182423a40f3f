"""Structs: views that msgspec reads from JSON, in less than half of the time that pydantic takes.

A struct is derived from its view: it has the same fields with the same types, bounds and validators. It is read only
where both agree for certain. Whatever is in doubt, such as a number that is written as text, pydantic reads.
"""

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from enum import Enum
from functools import cache
from itertools import chain
from types import FunctionType, NoneType, UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, cast, get_args, get_origin
from uuid import UUID

import msgspec
from msgspec.structs import force_setattr
from pydantic import AfterValidator, AwareDatetime, BaseModel, JsonValue
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from shared.events.sections import Section
from shared.foundation.storable import ESCAPED_NUL

FINER_THAN_MICROSECONDS = re.compile(rb"\.\d{7,}(?:Z|[+-]\d\d:)")
"""The end of a time that msgspec rounds and pydantic cuts."""
BOUNDS = ("ge", "gt", "le", "lt", "min_length", "max_length")
PLAIN = (str, int, float, bool, NoneType, UUID)
BEYOND_INTEGERS = 2**63
"""The first number that msgspec does not take as a bound."""
METHODS = (FunctionType, property, classmethod, staticmethod)
"""What a struct takes over from its view beside the fields."""


class PlainView(Section):
    """A view whose fields are only read, so that a struct with the same fields can take its place."""


V = TypeVar("V", bound=PlainView)


def struct(value: bytes, view: type[V]) -> V | None:
    """The event as a struct with the fields of the view; None if pydantic has to read it.

    Members that the view does not name are skipped, so nothing is checked there but the syntax and the encoding.
    """
    if ESCAPED_NUL in value or FINER_THAN_MICROSECONDS.search(value):
        return None
    try:
        if not value.isascii():
            value.decode()
        return cast("V", _decoder(view)(value))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


S = TypeVar("S", bound=Section)


def altered(section: S, **values: object) -> S:
    """A copy of a section, or of the struct in its place, with some other values. They are not checked."""
    copy: S = section.__replace__(**values)  # type: ignore[attr-defined]  # pydantic declares it for 3.13
    return copy


@cache
def _decoder(view: type[BaseModel]) -> Callable[[bytes], object]:
    return msgspec.json.Decoder(_struct_of(view)).decode


@cache
def _struct_of(view: type[BaseModel]) -> type[msgspec.Struct]:
    fields = view.model_fields
    validators = [
        (name, cast("Callable[[Any], Any]", rule.func))
        for name, field in fields.items()
        for rule in field.metadata
        if isinstance(rule, AfterValidator)
    ]

    def validate(self: msgspec.Struct) -> None:
        for name, validator in validators:
            force_setattr(self, name, validator(getattr(self, name)))

    own = (vars(each) for each in reversed(view.__mro__) if issubclass(each, Section) and each is not Section)
    methods = {name: found for each in own for name, found in each.items() if isinstance(found, METHODS)}
    return msgspec.defstruct(
        view.__name__,
        [_field(name, field) for name, field in fields.items()],
        namespace=methods | ({"__post_init__": validate} if validators else {}),
        rename={name: field.alias for name, field in fields.items() if field.alias},
        kw_only=True,
        frozen=True,
        gc=False,
    )


def _field(name: str, field: FieldInfo) -> Any:  # noqa: ANN401  # one of two tuples
    """A field as `defstruct` takes it.

    Raises:
        TypeError: msgspec has nothing that does the same.
    """
    if field.default_factory:
        raise TypeError(f"{name} has a default factory, which no struct has")
    kind = _bounded(field.annotation, [rule for rule in field.metadata if not isinstance(rule, AfterValidator)])
    if field.default is PydanticUndefined:
        return (name, kind)
    default = field.default
    if isinstance(default, BaseModel):
        default = msgspec.convert(default.model_dump(by_alias=True), _struct_of(type(default)))
    return (name, kind, default)


def _bounded(kind: Any, rules: Sequence[Any]) -> Any:  # noqa: ANN401  # annotations
    """The annotation for msgspec of a kind with some bounds.

    Raises:
        TypeError: there is none.
    """
    bounds: dict[str, Any] = {}
    for rule in rules:
        found = {bound: getattr(rule, bound) for bound in BOUNDS if hasattr(rule, bound)}
        if not found:
            raise TypeError(f"no struct has the rule {rule!r}")
        bounds |= found
    if bounds.get("lt") == BEYOND_INTEGERS:
        bounds["le"] = bounds.pop("lt") - 1
    if not bounds:
        return _kind(kind)
    kinds = get_args(kind) if _is_union(kind) else (kind,)
    if not set(kinds) <= set(PLAIN):
        raise TypeError(f"no struct has bounds of a {kind}")
    meta = msgspec.Meta(**bounds)
    return Union[tuple(each if each is NoneType else Annotated[each, meta] for each in kinds)]  # noqa: UP007  # values


def _kind(kind: Any) -> Any:  # noqa: ANN401, PLR0911  # annotations, a case each
    """The annotation for msgspec that stands for an annotation for pydantic.

    Raises:
        TypeError: there is none.
    """
    origin, inner = get_origin(kind), get_args(kind)
    if kind is AwareDatetime:
        return Annotated[datetime, msgspec.Meta(tz=True)]
    if kind is JsonValue:
        return Any
    if origin is Annotated:
        return _bounded(inner[0], list(chain.from_iterable(getattr(rule, "metadata", [rule]) for rule in inner[1:])))
    if _is_union(kind):
        return Union[tuple(map(_kind, inner))]  # noqa: UP007  # made from values
    if origin in (list, dict):
        return origin[tuple(map(_kind, inner))]
    if origin is Literal or kind is Any or kind in PLAIN:
        return kind
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return _struct_of(kind)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind
    raise TypeError(f"no struct has a field of the type {kind}")


def _is_union(kind: Any) -> bool:  # noqa: ANN401  # annotations
    return get_origin(kind) in (Union, UnionType)

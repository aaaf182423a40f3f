"""The questions that an index answers: conditions on datasets and parameters, and an order. Pure."""

import math
import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias
from uuid import UUID

from services.search.cursors import Cursor

NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
DEFAULT_ROWS = 50
COLUMN_SORTS = {"start": "started", "name": "name", "committed_at": "committed_at"}
"""The orders by a column. Every other order is by a numeric parameter."""


@dataclass(frozen=True)
class Within:
    """A number of the parameter lies between both bounds, included, in the canonical unit."""

    low: float
    high: float


@dataclass(frozen=True)
class AnyOf:
    """A value of the parameter is one of the texts, or one of the numbers that they represent."""

    texts: tuple[str, ...]

    @property
    def numbers(self) -> list[float]:
        """The texts that are numbers."""
        return [number for text in self.texts if (number := number_of(text)) is not None]


@dataclass(frozen=True)
class NoneOf:
    """The dataset has the parameter, and none of its values is one of these."""

    values: AnyOf


@dataclass(frozen=True)
class Like:
    """A text of the parameter matches the pattern of SQL's LIKE, in any letter case."""

    pattern: str


@dataclass(frozen=True)
class Exists:
    """The dataset has the parameter."""


Test: TypeAlias = Within | AnyOf | NoneOf | Like | Exists


@dataclass(frozen=True)
class Condition:
    """A test that one parameter must pass. The name is canonical if the vocabulary has it."""

    name: str
    test: Test


@dataclass(frozen=True)
class Query:
    """A query of the catalogue. All conditions must hold."""

    words: tuple[str, ...] = ()
    """In lower case. Of a word with dashes, the parts must occur, or all of them as one word."""
    conditions: tuple[Condition, ...] = ()
    values: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """The accepted values by facet, as they are compared: in lower case, a proposal by its key."""
    dataset_id: UUID | None = None
    dataset_ids: tuple[UUID, ...] | None = None
    numbers: tuple[int, ...] | None = None
    """The numbers of datasets that ICAT's clients use."""
    investigations: tuple[UUID, ...] | None = None
    numbered: bool = False
    """Only datasets that have a number."""
    complete: bool | None = None
    has_warnings: bool | None = None
    started_from: datetime | None = None
    started_until: datetime | None = None
    sort: str = "start"
    descending: bool = True
    limit: int = DEFAULT_ROWS
    after: Cursor | None = None
    facets: tuple[str, ...] = ()
    count: bool = False
    as_csv: bool = False
    columns: tuple[str, ...] = ()
    """Canonical names of parameters, and facts, each once."""


def number_of(text: str) -> float | None:
    """The finite number that a text represents, if it does."""
    if not NUMBER.fullmatch(text):
        return None
    number = float(text)
    return number if math.isfinite(number) else None

"""What the index can be asked: conditions on datasets and their parameters, and the order of the answer. Pure."""

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
"""Everything else that is sorted by is a numeric parameter."""


@dataclass(frozen=True)
class Within:
    """A number of the parameter lies between both, ends included, in the canonical unit."""

    low: float
    high: float


@dataclass(frozen=True)
class AnyOf:
    """A value of the parameter is one of the texts, or one of the numbers that these texts are."""

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
    """One thing that must hold of one parameter, under its canonical name if the vocabulary has one."""

    name: str
    test: Test


@dataclass(frozen=True)
class Query:
    """What is asked of the catalogue. All conditions must hold."""

    words: tuple[str, ...] = ()
    """In lower case. Of one with dashes the parts must occur, or all of them as one word."""
    conditions: tuple[Condition, ...] = ()
    values: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """By facet, as they are compared: in lower case, a proposal by its key."""
    dataset_id: UUID | None = None
    dataset_ids: tuple[UUID, ...] | None = None
    numbers: tuple[int, ...] | None = None
    """Of datasets, as ICAT's clients know them."""
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
    """The finite number that a text is, if it is one."""
    if not NUMBER.fullmatch(text):
        return None
    number = float(text)
    return number if math.isfinite(number) else None

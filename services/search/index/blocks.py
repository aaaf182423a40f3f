"""Blocks: the ordered values of one parameter in a batch, each beside the ordinal of its dataset.

Datasets of one kind have the same parameters, so that values are taken column by column and not one by one.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeAlias, TypeVar

from services.search.projections.datasets.note import (
    LONGEST_TEXT,
    DatasetEntry,
    ParameterKey,
    elements,
    floats,
    key_of,
)
from shared.foundation.arrays import array, quoted

V = TypeVar("V", float, str)

LONGEST_BOUND = 100
"""The most characters of a text block's bound. Two bounds must fit into an index entry of 2.7 kB."""
BEYOND = "\U0010ffff"
TIER_SIZES = (16, 256)
"""A block of fewer values than these is of tier 0, 1; a larger one of tier 2."""

Block: TypeAlias = tuple[int, int, float | str, float | str, str, str]
"""Parameter, tier, low, high, entries and ordinals. The last two are arrays in PostgreSQL's notation."""
Columns: TypeAlias = dict[ParameterKey, list[tuple[V, int]]]
"""Values and ordinals by parameter."""


def columns(applied: Iterable[tuple[int, DatasetEntry]]) -> tuple["Columns[float]", "Columns[str]"]:
    """The numbers and the texts of a batch, by parameter."""
    numbers: Columns[float] = defaultdict(list)
    texts: Columns[str] = defaultdict(list)
    shapes: dict[tuple[str, ...], list[tuple[int, DatasetEntry]]] = defaultdict(list)
    for ordinal, entry in applied:
        shapes[entry.names].append((ordinal, entry))
    for names, entries in shapes.items():
        ordinals = [ordinal for ordinal, _ in entries]
        for name, column in zip(names, zip(*(entry.values for _, entry in entries), strict=True), strict=True):
            kinds = set(map(type, column))
            if kinds <= {float, int} and (found := floats(column)) is not None:
                numbers[key_of(name, many=False)] += zip(found, ordinals, strict=True)
            elif kinds == {str} and max(map(len, column)) <= LONGEST_TEXT:
                texts[key_of(name, many=False)] += zip(column, ordinals, strict=True)
            else:
                _add_one_by_one(name, column, ordinals, numbers, texts)
    return numbers, texts


def _add_one_by_one(
    name: str, column: Iterable[Any], ordinals: Iterable[int], numbers: "Columns[float]", texts: "Columns[str]"
) -> None:
    for value, ordinal in zip(column, ordinals, strict=True):
        for key, element in elements(name, value):
            if isinstance(element, float):
                numbers[key].append((element, ordinal))
            else:
                texts[key].append((element, ordinal))


def number_block(parameter_id: int, pairs: list[tuple[float, int]]) -> Block:
    """The block of one parameter's numbers."""
    pairs.sort()
    return parameter_id, _tier(pairs), pairs[0][0], pairs[-1][0], _entries(pairs, repr), _ordinals(pairs)


def text_block(parameter_id: int, pairs: list[tuple[str, int]]) -> Block:
    """The block of one parameter's texts."""
    pairs.sort()
    low, high = pairs[0][0][:LONGEST_BOUND], upper_bound(pairs[-1][0])
    return parameter_id, _tier(pairs), low, high, _entries(pairs, quoted), _ordinals(pairs)


def upper_bound(text: str) -> str:
    """A short text that is not below this one."""
    return text if len(text) <= LONGEST_BOUND else text[:LONGEST_BOUND] + BEYOND


def _tier(pairs: Sequence[object]) -> int:
    return sum(len(pairs) >= size for size in TIER_SIZES)


def _entries(pairs: Sequence[tuple[V, int]], written: Callable[[V], str]) -> str:
    low, high = pairs[0][0], pairs[-1][0]
    if low == high and low:  # most parameters are the same throughout a session; zero may have two signs
        return array([written(low)] * len(pairs))
    return array([written(value) for value, _ in pairs])


def _ordinals(pairs: Sequence[tuple[V, int]]) -> str:
    return array([str(ordinal) for _, ordinal in pairs])

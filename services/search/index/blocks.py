"""Blocks: the ordered values of one parameter in a batch, each beside the ordinal of its dataset.

Datasets of one kind have the same parameters, so that values are taken column by column and not one by one.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
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


class Ordinals:
    """The ordinals of some datasets. All parameters of datasets of one kind share them."""

    def __init__(self, numbers: Sequence[int]) -> None:
        self.numbers = numbers

    @cached_property
    def text(self) -> str:
        """The ordinals as an array in PostgreSQL's notation."""
        return array(map(str, self.numbers))


Column: TypeAlias = list[tuple[Sequence[V], Ordinals]]
"""The values of a parameter, each beside the ordinal of its dataset, in one part or in several."""
Columns: TypeAlias = dict[ParameterKey, Column[V]]
"""The columns of a batch by parameter."""


def columns(applied: Iterable[tuple[int, DatasetEntry]]) -> tuple["Columns[float]", "Columns[str]"]:
    """The numbers and the texts of a batch, by parameter."""
    numbers: Columns[float] = defaultdict(list)
    texts: Columns[str] = defaultdict(list)
    shapes: dict[tuple[str, ...], list[tuple[int, DatasetEntry]]] = defaultdict(list)
    for ordinal, entry in applied:
        shapes[entry.names].append((ordinal, entry))
    for names, entries in shapes.items():
        ordinals = Ordinals([ordinal for ordinal, _ in entries])
        for name, column in zip(names, zip(*(entry.values for _, entry in entries), strict=True), strict=True):
            kinds = set(map(type, column))
            if kinds <= {float, int} and (found := floats(column)) is not None:
                numbers[key_of(name, many=False)].append((found, ordinals))
            elif kinds == {str} and max(map(len, column)) <= LONGEST_TEXT:
                texts[key_of(name, many=False)].append((column, ordinals))
            else:
                _add_one_by_one(name, column, ordinals.numbers, numbers, texts)
    return numbers, texts


def _add_one_by_one(
    name: str, column: Iterable[Any], ordinals: Iterable[int], numbers: "Columns[float]", texts: "Columns[str]"
) -> None:
    for value, ordinal in zip(column, ordinals, strict=True):
        for key, element in elements(name, value):
            if isinstance(element, float):
                numbers[key].append(([element], Ordinals([ordinal])))
            else:
                texts[key].append(([element], Ordinals([ordinal])))


def number_block(parameter_id: int, column: "Column[float]") -> Block:
    """The block of one parameter's numbers."""
    low, high, entries, ordinals = _in_order(column, repr)
    return parameter_id, _tier(entries), low, high, array(entries), ordinals


def text_block(parameter_id: int, column: "Column[str]") -> Block:
    """The block of one parameter's texts."""
    low, high, entries, ordinals = _in_order(column, quoted)
    return parameter_id, _tier(entries), low[:LONGEST_BOUND], upper_bound(high), array(entries), ordinals


def _in_order(column: "Column[V]", written: Callable[[V], str]) -> tuple[V, V, list[str], str]:
    """The least and the greatest value, all values in order as they are written, and their ordinals."""
    (values, ordinals), *others = column
    first = values[0]
    # most parameters are the same throughout a session; zero may have two signs
    if first and not others and values.count(first) == len(values):
        return first, first, [written(first)] * len(values), ordinals.text
    pairs = sorted(pair for values, ordinals in column for pair in zip(values, ordinals.numbers, strict=True))
    texts = [written(value) for value, _ in pairs]
    return pairs[0][0], pairs[-1][0], texts, array([str(ordinal) for _, ordinal in pairs])


def upper_bound(text: str) -> str:
    """A short text that is not below this one."""
    return text if len(text) <= LONGEST_BOUND else text[:LONGEST_BOUND] + BEYOND


def _tier(entries: Sequence[str]) -> int:
    return sum(len(entries) >= size for size in TIER_SIZES)

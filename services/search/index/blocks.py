"""Blocks: the ordered values of one parameter in a batch, each beside the ordinal of its dataset."""

from collections import defaultdict
from collections.abc import Sequence
from typing import TypeAlias, TypeVar

from services.search.projections.datasets.note import DatasetEntry, ParameterKey
from shared.foundation.arrays import array, quoted

V = TypeVar("V", float, str)

LONGEST_BOUND = 100
"""The most characters of a text block's bound. Two bounds must fit into an index entry of 2.7 kB."""
BEYOND = "\U0010ffff"
TIER_SIZES = (16, 256)
"""A block of fewer values than these is of tier 0, 1; a larger one of tier 2; ordered runs are tier 3."""

Block: TypeAlias = tuple[int, int, float | str, float | str, str, str]
"""Parameter, tier, low, high, entries and ordinals. The last two are arrays in PostgreSQL's notation."""
Grouped: TypeAlias = dict[ParameterKey, list[tuple[V, int]]]
"""Values and ordinals by parameter."""


def grouped(applied: Sequence[tuple[int, DatasetEntry]]) -> tuple["Grouped[float]", "Grouped[str]"]:
    """The numbers and the texts of a batch, by parameter."""
    numbers: Grouped[float] = defaultdict(list)
    texts: Grouped[str] = defaultdict(list)
    for ordinal, entry in applied:
        for key, number in entry.numbers:
            numbers[key].append((number, ordinal))
        for key, text in entry.texts:
            texts[key].append((text, ordinal))
    return numbers, texts


def number_block(parameter_id: int, pairs: list[tuple[float, int]]) -> Block:
    """The block of one parameter's numbers."""
    pairs.sort()
    entries = array(repr(value) for value, _ in pairs)
    return parameter_id, _tier(pairs), pairs[0][0], pairs[-1][0], entries, _ordinals(pairs)


def text_block(parameter_id: int, pairs: list[tuple[str, int]]) -> Block:
    """The block of one parameter's texts."""
    pairs.sort()
    entries = array(quoted(value) for value, _ in pairs)
    low, high = pairs[0][0][:LONGEST_BOUND], upper_bound(pairs[-1][0])
    return parameter_id, _tier(pairs), low, high, entries, _ordinals(pairs)


def upper_bound(text: str) -> str:
    """A short text that is not below this one."""
    return text if len(text) <= LONGEST_BOUND else text[:LONGEST_BOUND] + BEYOND


def _tier(pairs: Sequence[object]) -> int:
    return sum(len(pairs) >= size for size in TIER_SIZES)


def _ordinals(pairs: Sequence[tuple[V, int]]) -> str:
    return array(str(ordinal) for _, ordinal in pairs)

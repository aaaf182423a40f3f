"""The port that the engines of `search_engines.py` implement, and the questions that they are asked."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from benchmarks.dataset_columns import PROPOSALS, SAMPLES_OF_EACH, Chunk
from benchmarks.mx_datasets import NORMAL, SHARE

FACETS = ("technique", "kind", "beamline")
Counted: TypeAlias = tuple[int, dict[str, dict[str, int]]]
"""The number of matching datasets, in total and for each value of each facet."""


@dataclass(frozen=True)
class Question:
    """A query: all of its conditions must hold."""

    ranges: tuple[tuple[str, float, float], ...] = ()
    """Names of numeric parameters, each with a lowest and a highest value."""
    beginnings: tuple[tuple[str, str], ...] = ()
    """Names of text parameters, each with the beginning of its value."""
    words: tuple[str, ...] = ()
    """Words of the dataset, or beginnings of words."""
    technique: str | None = None


class Engine(Protocol):
    """An index of datasets."""

    name: str

    async def load(self, chunk: Chunk) -> None:
        """Add many datasets in the fastest way that the engine has."""

    async def finish(self) -> None:
        """Complete a bulk load: build indexes, merge, commit."""

    async def add(self, chunk: Chunk) -> None:
        """Add a batch. It is durable and visible on return."""

    async def page(self, question: Question, limit: int) -> list[int]:
        """The ordinals of the newest matching datasets."""

    async def count(self, question: Question) -> Counted:
        """The number of matching datasets, in total and for each value of each facet."""

    async def size_bytes(self) -> int:
        """The size on disk."""

    def cpu_seconds(self) -> float:
        """The CPU time that the engine has used so far."""


def ranges(chance: random.Random, names: dict[str, list[str]], count: int, share: float) -> Question:
    """Ranges of parameters of one kind. Each matches this share of all datasets."""
    kind = chance.choice([*SHARE])
    width, asked = share / SHARE[kind], []
    for name in chance.sample([name for name in names[kind] if name in NORMAL[kind]], count):
        at = chance.uniform(0.001, 0.999 - width)
        low, high = (float(f"{NORMAL[kind][name].inv_cdf(quantile):.6g}") for quantile in (at, at + width))
        asked.append((name, low, high))
    return Question(tuple(asked))


def questions(chance: random.Random, names: dict[str, list[str]]) -> Iterator[tuple[str, str, Question]]:
    """One question of each type: its title, `page` or `count`, and its conditions."""
    proposal, sample = chance.randrange(PROPOSALS), chance.randrange(SAMPLES_OF_EACH)
    one = ranges(chance, names, 1, 0.05)
    yield "all, newest 20", "page", Question()
    yield "range of 5 % and technique, newest 20", "page", Question(one.ranges, technique="SAD")
    yield "two ranges of 5 %, newest 20", "page", ranges(chance, names, 2, 0.05)
    yield "beginning of a text, newest 20", "page", Question(beginnings=(("MX_template", f"Fus{proposal}_{sample}_"),))
    yield "two words, newest 20", "page", Question(words=(f"mx{proposal}", "sad"))
    yield "two words and a range, newest 20", "page", Question(one.ranges, words=(f"fus{proposal}", "sad"))
    yield "count and facets of 5 %", "count", one
    yield "count and facets of two words", "count", Question(words=(f"mx{proposal}", "sad"))
    yield "count and facets of 30 %", "count", ranges(chance, names, 1, 0.3)

"""What the engines of `search_engines.py` have in common: what they are asked, and what they can do."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from benchmarks.dataset_columns import PROPOSALS, SAMPLES_OF_EACH, Chunk
from benchmarks.mx_datasets import NORMAL, SHARE

FACETS = ("technique", "kind", "beamline")
Counted: TypeAlias = tuple[int, dict[str, dict[str, int]]]
"""How many match, and by facet how many have each value."""


@dataclass(frozen=True)
class Question:
    """Conditions that must all hold."""

    ranges: tuple[tuple[str, float, float], ...] = ()
    """Of numbers, both ends included."""
    beginnings: tuple[tuple[str, str], ...] = ()
    """Of text parameters."""
    words: tuple[str, ...] = ()
    """Each is a word of the dataset, or the beginning of one."""
    technique: str | None = None


class Engine(Protocol):
    """An index of datasets. Whatever it is, this is all that search needs of it."""

    name: str

    async def load(self, chunk: Chunk) -> None:
        """Take many datasets in, in the way that is fastest."""

    async def finish(self) -> None:
        """Do what is done once all are loaded."""

    async def add(self, chunk: Chunk) -> None:
        """Take a batch in; when it returns, the batch is durable."""

    async def page(self, question: Question, limit: int) -> list[int]:
        """The ordinals of the newest datasets that match."""

    async def count(self, question: Question) -> Counted:
        """How many match, in all and by facet."""

    async def size_bytes(self) -> int:
        """On the disk."""

    def cpu_seconds(self) -> float:
        """Processor time used by the engine so far."""


def ranges(chance: random.Random, names: dict[str, list[str]], count: int, share: float) -> Question:
    """Ranges of parameters of one kind, each of which this share of all datasets meets."""
    kind = chance.choice([*SHARE])
    width, asked = share / SHARE[kind], []
    for name in chance.sample([name for name in names[kind] if name in NORMAL[kind]], count):
        at = chance.uniform(0.001, 0.999 - width)
        low, high = (float(f"{NORMAL[kind][name].inv_cdf(quantile):.6g}") for quantile in (at, at + width))
        asked.append((name, low, high))
    return Question(tuple(asked))


def questions(chance: random.Random, names: dict[str, list[str]]) -> Iterator[tuple[str, str, Question]]:
    """One question of each sort: its title, whether a page or a count is wanted, and what it asks."""
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

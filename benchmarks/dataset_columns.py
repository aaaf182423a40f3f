"""Datasets as macromolecular crystallography sends them, made column by column: ten million in minutes.

The parameters are those of `mx_datasets.py`. A proposal has forty samples, so that many datasets share a context.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import ceil, log10
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from benchmarks.mx_datasets import FEW, NORMAL, NUMBERS, PATTERN, SHARE

CHUNK = 128_000
"""Datasets that are made at one time."""
PROPOSALS, SAMPLES_OF_EACH, BEAMLINES = 500, 40, 20
TECHNIQUES = {"MX": 0.9, "SAD": 0.1}
FIRST_MICROSECOND = 1_451_606_400 * 10**6
"""2016-01-01; datasets start within ten years from then."""
YEARS_MICROSECONDS = 10 * 365 * 86_400 * 10**6
SPACES = str.maketrans("/_:,.%#", " " * 7)
FEW_VALUES = (0.05, 0.1, 0.5, 1.0, 16.0)
FIGURES = 5
"""Digits of a number that count."""

Array: TypeAlias = NDArray[Any]


@dataclass(frozen=True)
class Chunk:
    """Some datasets: what all have as lists, and each parameter with the rows that have it."""

    ordinals: Array
    started: Array
    """Microseconds since 1970, none twice."""
    kinds: list[str]
    techniques: list[str]
    beamlines: list[str]
    proposals: list[str]
    samples: list[str]
    paths: list[str]
    words: list[str]
    """The words of each dataset, one space between."""
    numbers: dict[str, tuple[Array, Array]]
    """Rows and values."""
    texts: dict[str, tuple[Array, list[str]]]


def names_of(parameters: int) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """The numbers and the texts of each kind, if a dataset has about so many parameters; three of four are numbers."""
    numbers = {kind: NUMBERS[kind][: round(parameters * 0.75)] for kind in SHARE}
    texts = {kind: list(PATTERN[kind])[: round(parameters * 0.25)] for kind in SHARE}
    return numbers, texts


def chunks(count: int, parameters: int, seed: int, *, size: int = CHUNK, first: int = 0) -> Iterator[Chunk]:
    """So many datasets; the same again for the same arguments."""
    chance = np.random.default_rng([seed, first])
    for begin in range(first, first + count, size):
        yield chunk(chance, begin, min(size, first + count - begin), parameters)


def chunk(chance: np.random.Generator, first: int, size: int, parameters: int) -> Chunk:
    """Datasets with the ordinals from `first` on."""
    ordinals = np.arange(first, first + size)
    started = FIRST_MICROSECOND + chance.integers(YEARS_MICROSECONDS // 10**8, size=size) * 10**8 + ordinals
    raw = chance.random(size) < SHARE["raw"]
    proposal = chance.integers(PROPOSALS, size=size)
    sample = chance.integers(SAMPLES_OF_EACH, size=size)
    beamline = (proposal * 7 + (chance.random(size) < 0.2)) % BEAMLINES  # noqa: PLR2004  # a second one for some
    kinds = ["raw" if each else "processed" for each in raw.tolist()]
    techniques = chance.choice([*TECHNIQUES], size, p=[*TECHNIQUES.values()]).tolist()
    proposals = [f"mx{each}" for each in proposal.tolist()]
    beamlines = [f"id{13 + each}" for each in beamline.tolist()]
    samples = [f"Fus{p}_{s}" for p, s in zip(proposal.tolist(), sample.tolist(), strict=True)]
    paths = [
        f"/data/visitor/{p}/{b}/{kind.upper()}/{s}/run_{at}"
        for at, (p, b, kind, s) in enumerate(zip(proposals, beamlines, kinds, samples, strict=True), first)
    ]
    numbers: dict[str, tuple[Array, Array]] = {}
    texts: dict[str, tuple[Array, list[str]]] = {}
    words = [" ".join(one) for one in zip(paths, techniques, strict=True)]
    named_numbers, named_texts = names_of(parameters)
    for kind, rows in (("raw", np.flatnonzero(raw)), ("processed", np.flatnonzero(~raw))):
        for name in named_numbers[kind]:
            numbers[name] = (rows, numbers_of(chance, kind, name, len(rows)))
        for name in named_texts[kind]:
            text = texts_of(chance, PATTERN[kind][name], first)
            values = [text(at, paths[at], samples[at]) for at in rows.tolist()]
            at_rows, known = texts.get(name, (rows[:0], []))
            texts[name] = (np.concatenate([at_rows, rows]), known + values)
            for at, value in zip(rows.tolist(), values, strict=True):
                words[at] += " " + value
    lowered = [text.lower().translate(SPACES) for text in words]
    return Chunk(ordinals, started, kinds, techniques, beamlines, proposals, samples, paths, lowered, numbers, texts)


def numbers_of(chance: np.random.Generator, kind: str, name: str, size: int) -> Array:
    """The values of one number."""
    if name in FEW[kind]:
        return chance.choice(FEW_VALUES, size)
    shape = NORMAL[kind][name]
    return np.round(chance.normal(shape.mean, shape.stdev, size), FIGURES - ceil(log10(abs(shape.mean) + shape.stdev)))


def texts_of(chance: np.random.Generator, pattern: str, first: int) -> Callable[[int, str, str], str]:
    """The text of a row, its path and its sample."""
    if "{" not in pattern:
        return lambda *_: pattern
    digits = chance.integers(12, size=CHUNK).tolist()
    return lambda at, path, sample: pattern.format(
        path=path, sample=sample, n=first + at, d=digits[at], hex=f"{first + at:024x}"
    )

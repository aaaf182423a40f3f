"""Detectors: the size and number of their pixels, by the makers' names."""

import re
from collections.abc import Mapping

from pydantic import Field

from shared.foundation.memo import remembered
from shared.vocabulary.datafiles import Table

WORD = re.compile(r"[a-z]+|[0-9]+[a-z]*")


MODEL_CHARACTERS = 200
"""How much of a detector's name is read."""


class Detector(Table):
    """One model, or a family of which only the size of a pixel is known."""

    pixel_um: float = Field(gt=0, description="the length of a side")
    width: int | None = Field(default=None, gt=0, description="in pixels")
    height: int | None = Field(default=None, gt=0, description="in pixels")


class Detectors:
    """Finds a detector by its name, which must contain all words of the entry. The entry with the most words wins.

    Args:
        known: the detectors by their words, such as `eiger 16m`.
    """

    def __init__(self, known: Mapping[str, Detector]) -> None:
        entries = [(frozenset(words_of(words)), detector) for words, detector in known.items()]
        self._entries = sorted(entries, key=lambda entry: len(entry[0]), reverse=True)
        self.find = remembered(1024)(self._find)

    def _find(self, model: str) -> Detector | None:
        said = set(words_of(model[:MODEL_CHARACTERS]))
        return next((detector for words, detector in self._entries if words <= said), None)


def words_of(model: str) -> list[str]:
    """The words of a name: `EIGER2 X 16M` is `eiger`, `2`, `x`, `16m`, with or without blanks."""
    return WORD.findall(model.lower())

"""A cache for pure functions that is bounded in bytes as well as in number.

`lru_cache` only counts entries. But a text from outside may have megabytes, and ten thousand of them would stay.
"""

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import TypeVar

T = TypeVar("T")

MOST_CHARACTERS = 1_000
"""Longer texts are not cached: real names are shorter, and such a text is unlikely to come again."""


def remembered(most_entries: int) -> Callable[[Callable[[str], T]], Callable[[str], T]]:
    """Cache the results of a function of one text, unless the text is long."""

    def decorated(function: Callable[[str], T]) -> Callable[[str], T]:
        cached = lru_cache(maxsize=most_entries)(function)

        @wraps(function)
        def answer(text: str) -> T:
            return cached(text) if len(text) <= MOST_CHARACTERS else function(text)

        return answer

    return decorated

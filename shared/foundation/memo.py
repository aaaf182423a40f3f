"""Answers of pure functions, remembered within a bound in bytes as well as in number.

`lru_cache` alone counts entries, and a stranger's text may have megabytes: ten thousand of those are kept for long.
"""

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import TypeVar

T = TypeVar("T")

MOST_CHARACTERS = 1_000
"""What is longer is worked out each time: people and programs write no such names, and they would not come again."""


def remembered(most_entries: int) -> Callable[[Callable[[str], T]], Callable[[str], T]]:
    """Remember what a function of one text answered, if the text is not long."""

    def decorated(function: Callable[[str], T]) -> Callable[[str], T]:
        cached = lru_cache(maxsize=most_entries)(function)

        @wraps(function)
        def answer(text: str) -> T:
            return cached(text) if len(text) <= MOST_CHARACTERS else function(text)

        return answer

    return decorated

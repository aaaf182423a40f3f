"""How many bytes a source may leave behind for ever: a bucket a source, which fills again with time.

A source may take what it has at once, and gets it back evenly over the period. It may overdraw by what it says last; so
the largest message needs no room of its own.
"""

import time
from collections import OrderedDict
from collections.abc import Callable

HOUR_SECONDS = 60.0 * 60
DAY_SECONDS = 24 * HOUR_SECONDS
MOST_SOURCES = 10_000
"""Remembered at one time. One that is forgotten, the longest silent first, begins anew."""


class ByteQuota:
    """The buckets of all sources, full at first."""

    def __init__(
        self,
        most_bytes: int,
        period_seconds: float,
        *,
        most_sources: int = MOST_SOURCES,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.most_bytes = most_bytes
        self._bytes_per_second = most_bytes / period_seconds
        self._most_sources = most_sources
        self._monotonic = monotonic
        self._used: OrderedDict[str, tuple[float, float]] = OrderedDict()
        """By source: bytes, and when they were counted."""

    def seconds_to_wait(self, source: str) -> float:
        """Until the source may go on; 0 if it may."""
        return max(0.0, self._used_now(source) - self.most_bytes) / self._bytes_per_second

    def use(self, source: str, size: int) -> None:
        """Count what a source has left behind."""
        self._used[source] = self._used_now(source) + size, self._monotonic()
        self._used.move_to_end(source)
        if len(self._used) > self._most_sources:
            self._used.popitem(last=False)

    def _used_now(self, source: str) -> float:
        used, at = self._used.get(source, (0.0, 0.0))
        return max(0.0, used - (self._monotonic() - at) * self._bytes_per_second)

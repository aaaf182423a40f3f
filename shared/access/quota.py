"""The quota of bytes that a source may store for ever: one bucket for each source, which refills with time.

A source may use its quota at once, and regains it evenly over the period. Its last message may exceed the quota, so
that even the largest message needs no special rule.
"""

import time
from collections import OrderedDict
from collections.abc import Callable

HOUR_SECONDS = 60.0 * 60
DAY_SECONDS = 24 * HOUR_SECONDS
MOST_SOURCES = 10_000
"""How many sources are remembered. The longest silent one is forgotten first, and then starts with a full bucket."""


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
        """The used bytes of each source, and when they were counted."""

    def seconds_to_wait(self, source: str) -> float:
        """How long the source must wait; 0 if it may send now."""
        return max(0.0, self._used_now(source) - self.most_bytes) / self._bytes_per_second

    def use(self, source: str, size: int) -> None:
        """Count bytes that a source has stored."""
        self._used[source] = self._used_now(source) + size, self._monotonic()
        self._used.move_to_end(source)
        if len(self._used) > self._most_sources:
            self._used.popitem(last=False)

    def _used_now(self, source: str) -> float:
        used, at = self._used.get(source, (0.0, 0.0))
        return max(0.0, used - (self._monotonic() - at) * self._bytes_per_second)

"""Decides which producers an edge slows down: those whose recent events were nearly all rejected. Pure.

An edge counts only events that it admitted itself, by receipt: so nobody can slow another producer down by causing
rejections in its name. It compares rejected with accepted events among those admitted before the latest rejected one,
because later events may still be in progress. A slowed source is admitted at a small rate until one of its events is
not rejected. Times are seconds of a monotonic clock.
"""

from collections import OrderedDict, deque
from collections.abc import Iterable
from dataclasses import dataclass, field

FEWEST_REJECTED = 100
"""A source with fewer rejections within `LATELY_SECONDS` is not slowed."""
LEAST_SHARE = 0.9
LATELY_SECONDS = 300.0
EVENTS_PER_SECOND = 1.0
"""The rate at which a slowed source is admitted."""
LONGEST_WAIT_SECONDS = 300.0
"""The longest wait before the next event of a slowed source, even if many arrived at once."""
GOOD_AFTER_SECONDS = 30.0
"""An event of a slowed source that is not rejected within this time is good, even if it waits for its inputs."""
MOST_TRACKED = 200
"""The most unsettled events of a source that are tracked, and the most rejections that are counted."""
MOST_SOURCES = 500


@dataclass(slots=True)
class _Conduct:
    """The recent events of one source."""

    awaited: OrderedDict[str, float] = field(default_factory=OrderedDict)
    """When each receipt was admitted, in order of time."""
    rejected: deque[float] = field(default_factory=lambda: deque(maxlen=MOST_TRACKED))
    """When each rejection arrived."""
    last_rejected: float = float("-inf")
    """When the latest of the rejected events was admitted."""
    slowed_since: float | None = None
    free_at: float = 0.0

    def forget_old(self, now: float) -> None:
        while self.rejected and now - self.rejected[0] > LATELY_SECONDS:
            self.rejected.popleft()
        while self.awaited and now - next(iter(self.awaited.values())) > LATELY_SECONDS:
            self.awaited.popitem(last=False)

    @property
    def is_rubbish(self) -> bool:
        """Whether nearly all settled events were rejected."""
        if len(self.rejected) < FEWEST_REJECTED:
            return False
        passed = sum(admitted <= self.last_rejected for admitted in self.awaited.values())
        return len(self.rejected) >= LEAST_SHARE * (len(self.rejected) + passed)

    def has_good(self, now: float) -> bool:
        """Whether an event was not rejected within the time that a rejection takes."""
        return bool(self.awaited) and now - next(iter(self.awaited.values())) >= GOOD_AFTER_SECONDS


class Slowdown:
    """The recent events of all sources of one edge. The sources heard of most recently are kept."""

    def __init__(self) -> None:
        self._sources: OrderedDict[str, _Conduct] = OrderedDict()

    def wait_seconds(self, source: str, now: float) -> float:
        """How long a source must wait before its next event; 0 if it is not slowed."""
        conduct = self._sources.get(source)
        if conduct is None:
            return 0.0
        self._judge(conduct, now)
        return 0.0 if conduct.slowed_since is None else max(0.0, conduct.free_at - now)

    def admitted(self, source: str, receipts: Iterable[str], now: float) -> None:
        """Note that events of a source were admitted."""
        conduct = self._sources.setdefault(source, _Conduct())
        self._sources.move_to_end(source)
        if len(self._sources) > MOST_SOURCES:
            self._sources.popitem(last=False)
        conduct.forget_old(now)
        for receipt in receipts:
            if len(conduct.awaited) < MOST_TRACKED:
                conduct.awaited[receipt] = now
            conduct.free_at = max(now, conduct.free_at) + 1 / EVENTS_PER_SECOND
        conduct.free_at = min(conduct.free_at, now + LONGEST_WAIT_SECONDS)

    def rejected(self, source: str, receipt: str, now: float) -> None:
        """Note that an event was rejected. An event that this edge does not track is ignored."""
        conduct = self._sources.get(source)
        if conduct is None or (admitted := conduct.awaited.pop(receipt, None)) is None:
            return
        conduct.rejected.append(now)
        conduct.last_rejected = max(conduct.last_rejected, admitted)

    def forget_awaited(self) -> None:
        """Forget what was admitted so far: its rejections were not read, so its outcome is unknown."""
        for conduct in self._sources.values():
            conduct.awaited.clear()

    def slowed(self, now: float) -> list[str]:
        """The sources that are now slowed down."""
        for conduct in self._sources.values():
            self._judge(conduct, now)
        return [source for source, conduct in self._sources.items() if conduct.slowed_since is not None]

    def _judge(self, conduct: _Conduct, now: float) -> None:
        conduct.forget_old(now)
        if conduct.slowed_since is None:
            if conduct.is_rubbish:
                conduct.slowed_since = conduct.free_at = now
                conduct.awaited.clear()  # earlier events were sent before the source could notice
        elif conduct.has_good(now) or not conduct.rejected:
            conduct.slowed_since = None
            conduct.rejected.clear()

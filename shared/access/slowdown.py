"""Which producers a door admits slowly: those of which nearly everything was rejected lately. Pure.

A door looks only at what it admitted itself, by receipt: nobody can slow another down by rejections in its name.
What was rejected is compared with what was not among the events admitted before the latest of the rejected: later ones
may still be on their way. A slowed source is admitted at a small rate until one of its events is not rejected.
Times are seconds of a clock that never goes back.
"""

from collections import OrderedDict, deque
from collections.abc import Iterable
from dataclasses import dataclass, field

FEWEST_REJECTED = 100
"""Rejections, within `LATELY_SECONDS`, below which nobody is slowed."""
LEAST_SHARE = 0.9
LATELY_SECONDS = 300.0
EVENTS_PER_SECOND = 1.0
"""How fast a slowed source is admitted."""
LONGEST_WAIT_SECONDS = 300.0
"""For the next event of a slowed source, however many came at once."""
GOOD_AFTER_SECONDS = 30.0
"""An event of a slowed source that was not rejected by then counts as good. One that waits for its inputs is good."""
MOST_TRACKED = 200
"""Events of a source whose fate is awaited, and rejections that are counted."""
MOST_SOURCES = 500


@dataclass(slots=True)
class _Conduct:
    """What one source sent lately."""

    awaited: OrderedDict[str, float] = field(default_factory=OrderedDict)
    """When each receipt was admitted; in that order."""
    rejected: deque[float] = field(default_factory=lambda: deque(maxlen=MOST_TRACKED))
    """When each rejection came."""
    last_rejected: float = float("-inf")
    """When the event was admitted that is the latest of the rejected."""
    slowed_since: float | None = None
    free_at: float = 0.0

    def forget_old(self, now: float) -> None:
        while self.rejected and now - self.rejected[0] > LATELY_SECONDS:
            self.rejected.popleft()
        while self.awaited and now - next(iter(self.awaited.values())) > LATELY_SECONDS:
            self.awaited.popitem(last=False)

    @property
    def is_rubbish(self) -> bool:
        """Whether nearly all was rejected of what had its turn."""
        if len(self.rejected) < FEWEST_REJECTED:
            return False
        passed = sum(admitted <= self.last_rejected for admitted in self.awaited.values())
        return len(self.rejected) >= LEAST_SHARE * (len(self.rejected) + passed)

    def has_good(self, now: float) -> bool:
        """Whether an event was not rejected in the time that this takes."""
        return bool(self.awaited) and now - next(iter(self.awaited.values())) >= GOOD_AFTER_SECONDS


class Slowdown:
    """How the sources of one door behave; the sources last heard of are kept."""

    def __init__(self) -> None:
        self._sources: OrderedDict[str, _Conduct] = OrderedDict()

    def wait_seconds(self, source: str, now: float) -> float:
        """How long a source has to wait with its next event; 0 for all that are not slowed."""
        conduct = self._sources.get(source)
        if conduct is None:
            return 0.0
        self._judge(conduct, now)
        return 0.0 if conduct.slowed_since is None else max(0.0, conduct.free_at - now)

    def admitted(self, source: str, receipts: Iterable[str], now: float) -> None:
        """Events of a source are let in."""
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
        """An event was rejected; of one that this door does not await nothing follows."""
        conduct = self._sources.get(source)
        if conduct is None or (admitted := conduct.awaited.pop(receipt, None)) is None:
            return
        conduct.rejected.append(now)
        conduct.last_rejected = max(conduct.last_rejected, admitted)

    def await_anew(self) -> None:
        """Rejections are read from here on: what became of all that was admitted before is not known."""
        for conduct in self._sources.values():
            conduct.awaited.clear()

    def slowed(self, now: float) -> list[str]:
        """The sources that are slowed now."""
        for conduct in self._sources.values():
            self._judge(conduct, now)
        return [source for source, conduct in self._sources.items() if conduct.slowed_since is not None]

    def _judge(self, conduct: _Conduct, now: float) -> None:
        conduct.forget_old(now)
        if conduct.slowed_since is None:
            if conduct.is_rubbish:
                conduct.slowed_since = conduct.free_at = now
                conduct.awaited.clear()  # what comes now counts; the rest was sent before anybody was told
        elif conduct.has_good(now) or not conduct.rejected:
            conduct.slowed_since = None
            conduct.rejected.clear()

"""The pace of a backfill: how many datasets it submits at once, and how long it rests between. Pure.

A backfill submits a chunk, waits until each dataset of it is answered, rests, and submits the next one. Two rules keep
it behind live data:

- **It works for its share of the time only.** After a chunk that took 1 s, a share of one half rests 1 s. So it never
  has more than its share of the capacity, however fast the stages are.
- **A chunk stays short.** A live dataset waits at most as long as one chunk takes. The size grows by a step while
  chunks are answered about as fast as the fastest one; it is halved when one takes `TOLERANCE` times as long, or when
  the gateway asks for fewer requests. This is additive increase and multiplicative decrease, by delay.
"""

from dataclasses import dataclass, replace

FIRST = 200
LEAST = 50
MOST = 5_000
"""In datasets. The most is what the command line follows at once."""
STEP = 100
TOLERANCE = 3.0
DRIFT = 1.05
"""The growth of the best time with each slow chunk that is as small as the first one: then it is the stages that became
slower, as in a larger catalogue, and not the chunk that is too large."""


@dataclass(frozen=True)
class Pace:
    """The size of the next chunk, and the rest after one."""

    share: float = 0.5
    size: int = FIRST
    best_seconds: float | None = None
    """The shortest time that a chunk took until it was answered."""

    def after(self, count: int, seconds: float, *, slowed: bool = False) -> "Pace":
        """The pace after a chunk of some datasets. `slowed`: the gateway asked for fewer requests."""
        if count < LEAST and not slowed:
            return self
        best = seconds if self.best_seconds is None else min(seconds, self.best_seconds)
        if slowed or seconds > TOLERANCE * best:
            best = min(seconds, DRIFT * best) if count <= FIRST else best
            return replace(self, size=max(self.size // 2, LEAST), best_seconds=best)
        grown = self.size + STEP if count >= self.size else self.size
        return replace(self, size=min(grown, MOST), best_seconds=best)

    def rest_seconds(self, seconds: float) -> float:
        """How long to rest after a chunk that took this long."""
        return seconds * (1.0 / self.share - 1.0)

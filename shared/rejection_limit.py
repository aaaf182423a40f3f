"""When nearly everything is refused, the fault is more likely here than in the events: stop and say so."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from shared.fatal import Fatal
from shared.rejections import Refusal


class Halted(Fatal):
    """Nearly everything was refused; the stage stopped instead of diverting it all."""


@dataclass
class RejectionLimit:
    """Halts when more than `fraction` of the last `window` events were refused, once at least `minimum` were seen.

    A single producer that sends rubbish is no reason to stop the others, so the fraction is high; a bad deploy exceeds
    it within a batch or two.
    """

    fraction: float = 0.9
    window: int = 2000
    minimum: int = 500
    _seen: deque[bool] = field(default_factory=deque)
    _refused: int = 0

    def check(self, outcomes: Sequence[object]) -> None:
        """Raise before outcomes are made durable that would exceed the limit.

        Raises:
            Halted: they would.
        """
        refused = self._refused + sum(isinstance(outcome, Refusal) for outcome in outcomes)
        seen = len(self._seen) + len(outcomes)
        if seen >= self.minimum and refused > self.fraction * seen:
            raise Halted(
                f"{refused} of the last {seen} events were refused: "
                "look at the newest rejections, mend the cause and restart"
            )

    def record(self, outcomes: Sequence[object]) -> None:
        """Count outcomes that are durable."""
        for outcome in outcomes:
            refused = isinstance(outcome, Refusal)
            self._seen.append(refused)
            self._refused += refused
            if len(self._seen) > self.window:
                self._refused -= self._seen.popleft()

"""The receipt ids that clients chose recently, and the use of each.

The gateway refuses early what would surprise a client later: behind the gateway, the same id with other content is
another submission with its own answer. So the memory may forget ids, and each process has its own.
"""

from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from shared.events.headers import fingerprint
from shared.foundation.problem import UNPROCESSABLE, Problem
from shared.runtime.metrics import KEYS_FORGOTTEN

MOST_BYTES_OF_A_SOURCE = 2 * 1024 * 1024
"""About 5,000 ids of one source. Above that, the oldest ids of this source are forgotten, and no others."""
MOST_BYTES = 64 * 1024 * 1024
"""The limit for all sources together. Above that, the source with the most ids loses its oldest."""
BYTES_OF_A_USE = 300
"""The memory of one use, without its path."""


class Use(NamedTuple):
    """The use of an id."""

    path: bytes
    """The path of the dataset, or the topic if the event is not about a dataset."""
    content: str
    at: datetime


class UsedKeys:
    """Remembers the uses of each source in order of time."""

    def __init__(self, most_bytes_of_a_source: int = MOST_BYTES_OF_A_SOURCE, most_bytes: int = MOST_BYTES) -> None:
        self._most_of_a_source = most_bytes_of_a_source
        self._most = most_bytes
        self._uses: dict[str, OrderedDict[UUID, Use]] = {}
        self._sizes: dict[str, int] = {}
        self.size = 0
        """The bytes of all sources."""

    def claim(self, source: str, receipt_id: UUID, path: str, value: bytes, now: datetime) -> Callable[[], None]:
        """Remember the use of an id. It returns a function that takes this back, in case the event is not sent.

        Raises:
            Problem: 422, the source used the id for another path or for other content.
        """
        use = Use(path.encode(), fingerprint(value), now)
        uses = self._uses.setdefault(source, OrderedDict())
        before = uses.get(receipt_id)
        if before is not None:
            _refuse_another(receipt_id, before, use)
            return lambda: None
        uses[receipt_id] = use
        self._sizes[source] = self._sizes.get(source, 0) + _size_of(use)
        self.size += _size_of(use)
        self._make_room(source)
        return lambda: self._forget(source, receipt_id)

    def _make_room(self, source: str) -> None:
        while self._sizes.get(source, 0) > self._most_of_a_source:
            self._forget_oldest(source)
        while self.size > self._most:
            self._forget_oldest(max(self._sizes, key=self._sizes.__getitem__))

    def _forget_oldest(self, source: str) -> None:
        self._forget(source, next(iter(self._uses[source])))
        KEYS_FORGOTTEN.inc()

    def _forget(self, source: str, receipt_id: UUID) -> None:
        uses = self._uses.get(source)
        use = None if uses is None else uses.pop(receipt_id, None)
        if use is None:
            return
        self._sizes[source] -= _size_of(use)
        self.size -= _size_of(use)
        if not self._uses[source]:
            del self._uses[source], self._sizes[source]


def _size_of(use: Use) -> int:
    return BYTES_OF_A_USE + len(use.path)


def _refuse_another(receipt_id: UUID, before: Use, use: Use) -> None:
    path = before.path.decode()
    if before.path != use.path:
        why = f"was used for {path} at {before.at:%H:%M:%S} UTC; each dataset has its own"
    elif before.content != use.content:
        why = f"was used for other content of {path} at {before.at:%H:%M:%S} UTC; send a correction under a new one"
    else:
        return
    raise Problem(UNPROCESSABLE, f"the receipt id {receipt_id} {why}")

"""The receipt ids that clients chose of late, and what each was used for.

It refuses early what would only surprise later: behind the gateway the same id with other content is another
submission with its own answer. So it may forget, and each process has its own.
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
"""Some 5,000 ids of one source. Its oldest are forgotten beyond that, and nobody else's."""
MOST_BYTES = 64 * 1024 * 1024
"""Of all sources together. Beyond that the oldest ids are forgotten of whoever has most."""
BYTES_OF_A_USE = 300
"""What one occupies in memory, beside its path."""


class Use(NamedTuple):
    """What an id was used for."""

    path: bytes
    """Of the dataset; or the topic, of an event that is about none."""
    content: str
    at: datetime


class UsedKeys:
    """Remembers uses by source, in the order in which they were made."""

    def __init__(self, most_bytes_of_a_source: int = MOST_BYTES_OF_A_SOURCE, most_bytes: int = MOST_BYTES) -> None:
        self._most_of_a_source = most_bytes_of_a_source
        self._most = most_bytes
        self._uses: dict[str, OrderedDict[UUID, Use]] = {}
        self._sizes: dict[str, int] = {}
        self.size = 0
        """In bytes, of all sources."""

    def claim(self, source: str, receipt_id: UUID, path: str, value: bytes, now: datetime) -> Callable[[], None]:
        """Remember what an id is used for; what is returned takes that back, if the event was not sent after all.

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

"""Lasting rows: no later event changes them, so a process that knows them does not write them for each dataset."""

from collections.abc import Collection, Hashable
from dataclasses import dataclass, field
from uuid import UUID

MOST_ROWS = 50_000
"""Once more are known, the memory begins anew."""


@dataclass
class LastingRows:
    """The lasting rows that a process knows to be in the read model of one generation, by table and key."""

    generation: UUID | None = None
    keys: set[tuple[str, Hashable]] = field(default_factory=set)

    def batch(self, generation: UUID) -> "LastingBatch":
        """The known rows for one transaction on the read model of this generation."""
        if generation != self.generation or len(self.keys) > MOST_ROWS:
            self.generation, self.keys = generation, set()
        return LastingBatch(self.keys)


class LastingBatch:
    """The lasting rows that one transaction knows, and those that it finds or writes."""

    def __init__(self, known: set[tuple[str, Hashable]]) -> None:
        self._known = known
        self._learned: set[tuple[str, Hashable]] = set()

    def unknown(self, table: str, keys: Collection[Hashable]) -> set[Hashable]:
        """Those of the keys whose rows may be missing or may change."""
        return {key for key in keys if (table, key) not in self._known}

    def learn(self, table: str, keys: Collection[Hashable]) -> None:
        """Note rows that last once the transaction is committed."""
        self._learned.update((table, key) for key in keys)

    def committed(self) -> None:
        """Remember them, since they were not rolled back."""
        self._known.update(self._learned)

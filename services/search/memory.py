"""The read model in memory, for tests. It obeys the same laws as PostgreSQL, but answers no queries."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Self, TypeVar

from services.search.store import LAWS, facts_of
from shared.events.wire import Received
from shared.stages.outcomes import Outcome

F = TypeVar("F")


class MemoryReadModel:
    """The store of all stages of search."""

    def __init__(self) -> None:
        self.facts: dict[type, dict[Any, Any]] = {law.takes: {} for law in LAWS}
        """The facts of each type that stand, by key."""

    def standing(self, takes: type[F]) -> dict[Any, F]:
        """The facts of one type that stand, by key."""
        return self.facts[takes]

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Self]:
        """A transaction in name only: nothing can fail half-way."""
        yield self

    async def load(self, _events: Sequence[Received[Any]]) -> None:
        """Load nothing."""

    async def save(self, events: Sequence[Received[Any]], outcomes: Sequence[Outcome]) -> None:
        """Keep the facts that stand."""
        noted = facts_of(events, outcomes)
        for law in LAWS:
            if facts := noted.get(law.takes):
                self.facts[law.takes] = law.standing([*self.facts[law.takes].values(), *facts])

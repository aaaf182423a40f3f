"""The read model's twin without a database. It obeys the same laws; only PostgreSQL answers queries."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Self, TypeVar

from services.search.store import LAWS, facts_of
from shared.events.wire import Received
from shared.stages.outcomes import Outcome

F = TypeVar("F")


class MemoryReadModel:
    """The store of all stages, for tests."""

    def __init__(self) -> None:
        self.facts: dict[type, dict[Any, Any]] = {law.takes: {} for law in LAWS}
        """What stands of the facts of each type, by what they are about."""

    def standing(self, takes: type[F]) -> dict[Any, F]:
        """The facts of one type, by what they are about."""
        return self.facts[takes]

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Self]:
        """Nothing can fail half-way."""
        yield self

    async def load(self, _events: Sequence[Received[Any]]) -> None:
        """Nothing need be known."""

    async def save(self, events: Sequence[Received[Any]], outcomes: Sequence[Outcome]) -> None:
        """Keep what stands of what was known and what was noted."""
        noted = facts_of(events, outcomes)
        for law in LAWS:
            if facts := noted.get(law.takes):
                self.facts[law.takes] = law.standing([*self.facts[law.takes].values(), *facts])

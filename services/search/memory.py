"""The read model's twin without a database. It obeys the same laws; only PostgreSQL answers queries."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Self, TypeVar
from uuid import UUID

from services.search.index.block_index import BlockIndex
from services.search.projections.facts import Law
from services.search.store import IndexedDatasets, facts_of, projections
from shared.events.wire import Received
from shared.stages.outcomes import Outcome

F = TypeVar("F")

NO_GENERATION = UUID(int=0)


class MemoryReadModel:
    """The store of all stages, for tests."""

    def __init__(self) -> None:
        self._laws: list[Law[Any]] = [
            each.law for each in projections(IndexedDatasets(BlockIndex().batch(NO_GENERATION)))
        ]
        self.facts: dict[type, dict[Any, Any]] = {law.takes: {} for law in self._laws}
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
        for law in self._laws:
            if facts := noted.get(law.takes):
                self.facts[law.takes] = law.standing([*self.facts[law.takes].values(), *facts])

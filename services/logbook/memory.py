"""The memory twin of the PostgreSQL store. Both pass the same test suite."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Self
from uuid import UUID

from services.logbook.entries import EntryRow, Recorded, first_received
from shared.events.logbook import LogbookWritten
from shared.events.wire import Received
from shared.stages.outcomes import Outcome


class MemoryEntries:
    """The store of the stage. Only PostgreSQL can search entries."""

    def __init__(self) -> None:
        self.rows: dict[UUID, EntryRow] = {}

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Self]:
        """Do nothing: a save in memory cannot fail half-way."""
        yield self

    async def load(self, _events: Sequence[Received[LogbookWritten]]) -> None:
        """Load nothing: the handler needs no state."""

    async def save(self, _events: Sequence[Received[LogbookWritten]], outcomes: Sequence[Outcome]) -> None:
        """Keep the entries."""
        recorded = [outcome.row for outcome in outcomes if isinstance(outcome, Recorded)]
        self.rows = {row.entry_id: row for row in first_received([*self.rows.values(), *recorded])}

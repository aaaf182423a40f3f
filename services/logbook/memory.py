"""The twin of the PostgreSQL store without a database, held to the same suite."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Self
from uuid import UUID

from services.logbook.entries import EntryRow, Recorded, first_received
from shared.events.logbook import LogbookWritten
from shared.events.wire import Received
from shared.stages.outcomes import Outcome


class MemoryEntries:
    """The store of the stage; searches are PostgreSQL's alone."""

    def __init__(self) -> None:
        self.rows: dict[UUID, EntryRow] = {}

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Self]:
        """Nothing can fail half-way."""
        yield self

    async def load(self, _events: Sequence[Received[LogbookWritten]]) -> None:
        """Nothing need be known."""

    async def save(self, _events: Sequence[Received[LogbookWritten]], outcomes: Sequence[Outcome]) -> None:
        """Keep the entries."""
        recorded = [outcome.row for outcome in outcomes if isinstance(outcome, Recorded)]
        self.rows = {row.entry_id: row for row in first_received([*self.rows.values(), *recorded])}

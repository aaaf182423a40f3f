"""The memory twin of the PostgreSQL store. Both pass the same test suite."""

from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from typing import Self

from services.archive.catalogue import Catalogue, known_numbers
from services.archive.handler import ReportRow, reports_in
from shared.events.report import DatasetReported
from shared.events.wire import Received
from shared.stages.outcomes import Outcome


class MemoryReports:
    """The store of the stage."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.rows: dict[str, ReportRow] = {}
        self._catalogue = catalogue

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Self]:
        """Do nothing: a save in memory cannot fail half-way."""
        yield self

    async def load(self, events: Sequence[Received[DatasetReported]]) -> Collection[int]:
        """Which of the events' numbers belong to a dataset."""
        return await known_numbers(self._catalogue, {event.event.report.dataset_number for event in events})

    async def save(self, events: Sequence[Received[DatasetReported]], _outcomes: Sequence[Outcome]) -> None:
        """Keep all reports."""
        self.rows |= {row.event_id: row for row in reports_in(events)}

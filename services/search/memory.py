"""The read model's twin without a database: what was noted, as the store suite reads it back."""

from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from typing import Any, Self
from uuid import UUID

from services.search.icat_plus.declared import together
from services.search.icat_plus.model import Declared, InvestigationRow, LogbookRow, SampleRow
from services.search.icat_plus.statements import last_words
from services.search.model import Entry, Noted, Receipt, RejectionRow, ReportRow, RevisionRow
from services.search.store import merged, newest, numbers_in
from shared.stage import Outcome
from shared.wire import Received, SubmissionId


class MemoryReadModel:
    """Laws as in `store.py`; the query language is PostgreSQL's alone."""

    def __init__(self) -> None:
        self.entries: dict[UUID, Entry] = {}
        self.revisions: dict[tuple[UUID, int], RevisionRow] = {}
        self.receipts: dict[SubmissionId, Receipt] = {}
        self.rejections: dict[UUID, RejectionRow] = {}
        self.reports: dict[str, ReportRow] = {}
        self.positions: dict[tuple[str, int], int] = {}
        self.investigations: dict[UUID, InvestigationRow] = {}
        self.samples: dict[int, SampleRow] = {}
        self.logbook: dict[UUID, LogbookRow] = {}
        self.declared = Declared()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Self]:
        """Nothing can fail half-way."""
        yield self

    async def load(self, events: Sequence[Received[Any]]) -> Collection[int]:
        """Which of the numbers that reports speak of a dataset has."""
        known = {entry.row.number for entry in self.entries.values()}
        return {number for number in numbers_in(events) if number in known}

    async def save(self, events: Sequence[Received[Any]], outcomes: Sequence[Outcome]) -> None:
        """Note everything."""
        noted = [outcome for outcome in outcomes if isinstance(outcome, Noted)]
        for note in noted:
            self._keep_facts(note)
        for entry in newest([*self.entries.values(), *(note.entry for note in noted if note.entry)]):
            self.entries[entry.row.dataset_id] = entry
        for receipt in merged([*self.receipts.values(), *(note.receipt for note in noted if note.receipt)]):
            self.receipts[receipt.submission] = receipt
        investigations = [note.investigation for note in noted if note.investigation]
        for investigation in last_words([*self.investigations.values(), *investigations]):
            self.investigations[investigation.investigation_id] = investigation
        for sample in last_words([*self.samples.values(), *(note.sample for note in noted if note.sample)]):
            self.samples[sample.sample_number] = sample
        for event in events:
            place = event.record.topic, event.record.partition
            self.positions[place] = max(self.positions.get(place, 0), event.record.offset + 1)

    def _keep_facts(self, note: Noted) -> None:
        """What is told once and never changes."""
        if note.revision:
            self.revisions.setdefault((note.revision.dataset_id, note.revision.revision), note.revision)
        if note.rejection:
            self.rejections.setdefault(note.rejection.rejection_id, note.rejection)
        if note.report:
            self.reports.setdefault(note.report.event_id, note.report)
        if note.declared:
            self.declared = together(self.declared, note.declared)
        if note.logbook:
            self.logbook.setdefault(note.logbook.entry_id, note.logbook)

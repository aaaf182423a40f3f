"""The read model's twin without a database: what was noted, as the store suite reads it back."""

from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from typing import Any, Self
from uuid import UUID

from services.search.icat_plus.declared import together
from services.search.icat_plus.model import Declared, InvestigationRow, LogbookRow, SampleRow
from services.search.icat_plus.statements import first_words, last_words
from services.search.model import ActivityRow, Entry, Noted, Receipt, RejectionRow, ReportRow, RevisionRow
from services.search.reporting import reports_in
from services.search.store import first_happened, first_told, last_committed, merged, newest, numbers_in
from shared.events.wire import Received, SubmissionId
from shared.stages.outcomes import Outcome


class MemoryReadModel:
    """Laws as in `store.py`; the query language is PostgreSQL's alone."""

    def __init__(self) -> None:
        self.entries: dict[UUID, Entry] = {}
        self.revisions: dict[tuple[UUID, int], RevisionRow] = {}
        self.receipts: dict[SubmissionId, Receipt] = {}
        self.rejections: dict[UUID, RejectionRow] = {}
        self.reports: dict[str, ReportRow] = {}
        self.activity: dict[UUID, ActivityRow] = {}
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
        self._keep_facts(noted)
        self.reports |= {report.event_id: report for report in reports_in(events)}
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

    def _keep_facts(self, noted: Sequence[Noted]) -> None:
        """What is told once, and does not change however often it is told again."""
        for revision in last_committed([*self.revisions.values(), *(note.revision for note in noted if note.revision)]):
            self.revisions[revision.dataset_id, revision.revision] = revision
        for row in first_told([*self.rejections.values(), *(note.rejection for note in noted if note.rejection)]):
            self.rejections[row.rejection_id] = row
        for happened in first_happened([*self.activity.values(), *(note.activity for note in noted if note.activity)]):
            self.activity[happened.activity_id] = happened
        for entry in first_words([*self.logbook.values(), *(note.logbook for note in noted if note.logbook)]):
            self.logbook[entry.entry_id] = entry
        for note in noted:
            if note.declared:
                self.declared = together(self.declared, note.declared)

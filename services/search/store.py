"""The read model in PostgreSQL: a constant number of statements a batch, whatever the batch holds."""

from collections.abc import AsyncIterator, Callable, Collection, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

from services.search import statements
from services.search.blocks import grouped, number_block, text_block
from services.search.icat_plus import statements as icat_plus
from services.search.icat_plus.declaration_statements import save_declared
from services.search.model import ActivityRow, Entry, Noted, ParameterKey, Receipt, RejectionRow, RevisionRow, Waits
from services.search.reporting import reports_in
from shared.events.report import DatasetReported
from shared.events.wire import Received, SubmissionId
from shared.foundation.arrays import array, quoted
from shared.postgres.database import Connection, Database
from shared.runtime.metrics import SUBMITTED_TO_SEARCHABLE
from shared.stages.outcomes import Outcome

SHARE_LOCK = "select pg_advisory_xact_lock_shared(hashtext($1))"
"""Taken first by every write; a swap holds it exclusively: no write is half in one read model, half in the next."""


class PostgresReadModel:
    """The store of all stages."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock
        self._generation: UUID | None = None
        self._parameters: dict[ParameterKey, int] = {}

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator["ReadModelTransaction"]:
        """A write to the one read model that is live when it begins."""
        async with self._database.transaction() as connection:
            await connection.execute(SHARE_LOCK, lock_name(self._database.schema))
            generation = await connection.fetchval("select generation from generation")
            known = self._parameters if generation == self._generation else {}
            transaction = ReadModelTransaction(connection, known)
            yield transaction
        # only what is committed may be remembered: a parameter that was rolled back has no number
        self._generation, self._parameters = generation, known | transaction.new_parameters
        now = self._clock()
        for submitted_at in transaction.searchable:
            SUBMITTED_TO_SEARCHABLE.observe((now - submitted_at).total_seconds())


def lock_name(schema: str) -> str:
    """Each schema has a lock of its own, so that the next read model can be written while the live one must wait."""
    return f"beamcat {schema}"


class ReadModelTransaction:
    """One batch."""

    def __init__(self, connection: Connection, parameters: dict[ParameterKey, int]) -> None:
        self._connection = connection
        self._parameters = parameters
        self.new_parameters: dict[ParameterKey, int] = {}
        self.searchable: list[datetime] = []

    async def load(self, events: Sequence[Received[Any]]) -> Collection[int]:
        """Which of the numbers that reports speak of a dataset has.

        Nothing else need be known: what an event says stands or falls by comparison inside the statements.
        """
        numbers = numbers_in(events)
        if not numbers:
            return ()
        return {row["number"] for row in await self._connection.fetch(statements.NUMBERED, numbers)}

    async def save(self, events: Sequence[Received[Any]], outcomes: Sequence[Outcome]) -> None:
        """Note everything, and how far the topics are noted."""
        noted = [outcome for outcome in outcomes if isinstance(outcome, Noted)]
        await self._save_revisions(noted)
        await self._save_entries([note.entry for note in noted if note.entry])
        await self._save_receipts(merged(note.receipt for note in noted if note.receipt))
        if rejections := first_told(note.rejection for note in noted if note.rejection):
            await self._connection.execute(statements.REJECTIONS, *_columns(rejections))
        if activity := first_happened(note.activity for note in noted if note.activity):
            await self._connection.execute(statements.ACTIVITY, *_columns(activity))
        await icat_plus.save(
            self._connection,
            [note.investigation for note in noted if note.investigation],
            [note.sample for note in noted if note.sample],
            [note.logbook for note in noted if note.logbook],
        )
        await save_declared(self._connection, [note.declared for note in noted if note.declared])
        if reports := reports_in(events):
            await self._connection.execute(statements.REPORTS, *_columns(reports))
        await self._save_positions(events)

    async def _save_revisions(self, noted: Sequence[Noted]) -> None:
        if revisions := last_committed(note.revision for note in noted if note.revision):
            await self._connection.execute(statements.REVISIONS, *_columns(revisions))

    async def _save_entries(self, told: Sequence[Entry]) -> None:
        """The newest revision wins by its number. What is older leaves no more than the names of what it held."""
        if not told:
            return
        await self._save_contexts(told)
        await self._name_parameters(told)
        entries = newest(told)
        rows = await self._connection.fetch(statements.DATASETS, *_columns(entry.row for entry in entries))
        ordinals: dict[UUID, int] = {row["dataset_id"]: row["ordinal"] for row in rows}
        applied = [(ordinals[entry.row.dataset_id], entry) for entry in entries if entry.row.dataset_id in ordinals]
        if not applied:
            return
        if replaced := [row for row in rows if row["replaced"] is not None]:
            await self._connection.execute(statements.REPLACED, [row["replaced"] for row in replaced])
            await self._connection.execute(statements.FORGET_WORDS, [row["replaced"] for row in replaced])
            await self._connection.execute(statements.FORGET_LINKS, [row["dataset_id"] for row in replaced])
        await self._connection.execute(
            statements.WORDS, [ordinal for ordinal, _ in applied], [entry.words for _, entry in applied]
        )
        await self._save_blocks(applied)
        links = [(entry.row.dataset_id, *parent) for _, entry in applied for parent in entry.inputs]
        if links:
            await self._connection.execute(statements.LINKS, *_columns(links))
        self.searchable = [entry.row.submitted_at for _, entry in applied]

    async def _save_contexts(self, entries: Sequence[Entry]) -> None:
        """In the order of their ids, so that two replicas cannot block each other."""
        contexts = {entry.context.context: entry.context for entry in entries}
        findings = {entry.findings.finding_set: array(map(quoted, entry.findings.codes)) for entry in entries}
        await self._connection.execute(statements.CONTEXTS, *_columns(contexts[one] for one in sorted(contexts)))
        await self._connection.execute(statements.FINDING_SETS, *_columns(sorted(findings.items())))

    async def _save_blocks(self, applied: Sequence[tuple[int, Entry]]) -> None:
        numbers, texts = grouped(applied)
        numbered = self._parameters | self.new_parameters
        for statement, blocks in (
            (statements.NUMBER_BLOCKS, [number_block(numbered[key], pairs) for key, pairs in numbers.items()]),
            (statements.TEXT_BLOCKS, [text_block(numbered[key], pairs) for key, pairs in texts.items()]),
        ):
            if blocks:
                await self._connection.execute(statement, *_columns(blocks))

    async def _name_parameters(self, entries: Sequence[Entry]) -> None:
        """Numbers for new parameters; in order of name, so that two replicas cannot block each other."""
        keys = {key for entry in entries for key, _ in (*entry.numbers, *entry.texts)} - self._parameters.keys()
        if keys:
            names, many = _columns(sorted(keys))
            await self._connection.execute(statements.NAME_PARAMETERS, names, many)
            rows = await self._connection.fetch(statements.PARAMETERS, names, many)
            self.new_parameters = {ParameterKey(row["name"], row["many"]): row["parameter_id"] for row in rows}

    async def _save_receipts(self, receipts: Sequence[Receipt]) -> None:
        if receipts:
            rows = sorted((receipt.submission.key, *_receipt_row(receipt)) for receipt in receipts)
            await self._connection.execute(statements.RECEIPTS, *_columns(rows))

    async def _save_positions(self, events: Sequence[Received[Any]]) -> None:
        reached: dict[tuple[str, int], int] = {}
        for event in events:
            record = event.record
            place = record.topic, record.partition
            reached[place] = max(reached.get(place, 0), record.offset + 1)
        rows = sorted((topic, partition, offset) for (topic, partition), offset in reached.items())
        await self._connection.execute(statements.POSITIONS, *_columns(rows))


def _receipt_row(receipt: Receipt) -> tuple[Any, ...]:
    """In the order of their keys, so that two replicas cannot block each other."""
    said = receipt.submission
    return (
        said.receipt_id,
        said.source,
        said.content,
        said.dataset_id,
        receipt.path,
        receipt.submitted_at,
        receipt.heard_at,
        int(receipt.rank),
        receipt.word,
        receipt.answer,
        *_waits_row(receipt.waits),
    )


def _waits_row(waits: Waits | None) -> tuple[Any, ...]:
    if waits is None:
        return (None,) * len(Waits._fields)
    return (*waits[:-1], array(map(str, waits.waits_for)))


def numbers_in(events: Sequence[Received[Any]]) -> list[int]:
    """The dataset numbers of reports, among events of one topic."""
    return [each.event.report.dataset_number for each in events if isinstance(each.event, DatasetReported)]


def newest(entries: Iterable[Entry]) -> list[Entry]:
    """The highest revision of each dataset, in the order of their ids: replicas lock rows in one order."""
    best: dict[UUID, Entry] = {}
    for entry in entries:
        known = best.get(entry.row.dataset_id)
        if known is None or _age(entry) > _age(known):
            best[entry.row.dataset_id] = entry
    return sorted(best.values(), key=lambda entry: entry.row.dataset_id)


def _age(entry: Entry) -> tuple[int, datetime]:
    return entry.row.revision, entry.row.committed_at


def last_committed(revisions: Iterable[RevisionRow]) -> list[RevisionRow]:
    """One row a revision, in the order of datasets and numbers."""
    last: dict[tuple[UUID, int], RevisionRow] = {}
    for row in sorted(revisions, key=lambda row: row.committed_at, reverse=True):
        last.setdefault(row[:2], row)
    return [last[key] for key in sorted(last)]


def first_told(rejections: Iterable[RejectionRow]) -> list[RejectionRow]:
    """One row a rejection, in the order of their ids."""
    first: dict[UUID, RejectionRow] = {}
    for row in sorted(rejections, key=lambda row: row.order):
        first.setdefault(row.rejection_id, row)
    return [first[rejection_id] for rejection_id in sorted(first)]


def first_happened(activity: Iterable[ActivityRow]) -> list[ActivityRow]:
    """One row a happening, in the order of their ids."""
    first: dict[UUID, ActivityRow] = {}
    for row in sorted(activity, key=lambda row: row.order):
        first.setdefault(row.activity_id, row)
    return [first[activity_id] for activity_id in sorted(first)]


def merged(receipts: Iterable[Receipt]) -> list[Receipt]:
    """One report a submission."""
    known: dict[SubmissionId, Receipt] = {}
    for receipt in receipts:
        other = known.get(receipt.submission)
        known[receipt.submission] = receipt if other is None else other.merged(receipt)
    return list(known.values())


def _columns(rows: Iterable[Sequence[Any]]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]

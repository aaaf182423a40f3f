"""The catalogue in PostgreSQL. One transaction loads a batch and writes it together with the outbox."""

from collections.abc import AsyncIterator, Callable, Collection, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from operator import attrgetter
from uuid import UUID

import asyncpg

from services.catalog_writer.documents import CatalogDocument, CatalogView
from services.catalog_writer.handler import Answered, CatalogState, CurrentRevision, Revised
from services.catalog_writer.outbox import INSERT_BATCH, Batch, PostgresOutbox, batch_of
from services.catalog_writer.rows import (
    dataset_row,
    file_rows,
    investigation_row,
    link_rows,
    receipt_rows,
    revision_row,
    sample_row,
)
from services.catalog_writer.tables import DATASET, FILE, INVESTIGATION, LINK, RECEIPT, REVISION, SAMPLE
from shared.events.codes import Code, Refusal
from shared.events.topics import MEBIBYTE
from shared.events.wire import Received, SubmissionId
from shared.foundation.packing import unpacked
from shared.postgres.bulk import DO_NOTHING, columns, combined, copy, insert, is_same, racing, update
from shared.postgres.database import Connection, Database
from shared.runtime.failpoints import failpoint
from shared.runtime.metrics import SUBMITTED_TO_COMMITTED
from shared.stages.outcomes import Outcome

AS_POSTGRES = attrgetter("int")
"""Orders ids as PostgreSQL does, and much faster than comparing them."""

CODES = {code.value: code for code in Code}


# A dataset that is not catalogued gets a number here: the one that it had before a backup was restored, or a new one.
# If its batch is not saved, a new number is lost.
LOCK = """
with held as materialized (
    select dataset_id, number from dataset where dataset_id = any($1::uuid[]) order by dataset_id for no key update
)
select dataset_id, held.number is not null as catalogued,
    coalesce(held.number, told.number, nextval('dataset_number')) as number
from unnest($1::uuid[]) as asked(dataset_id) left join held using (dataset_id)
    left join told_number as told using (dataset_id)
"""
ANSWERED = """
select dataset_id, receipt_id, refusal_code, refusal_message
from receipt join unnest($1::uuid[], $2::text[]) as asked(dataset_id, receipt_id) using (dataset_id, receipt_id)
"""
CURRENT = """
select dataset_id, payload from dataset join revision using (dataset_id, revision)
where dataset_id = any($1::uuid[])
"""
# A payload is preceded by its length (`shared.foundation.packing`), lowest byte first.
SIZES = """
select sum(get_byte(head, 0) + (get_byte(head, 1) << 8) + (get_byte(head, 2) << 16) + (get_byte(head, 3)::bigint << 24))
from dataset join revision using (dataset_id, revision), substring(payload from 1 for 4) as head
where dataset_id = any($1::uuid[])
"""
MOST_CURRENT_BYTES = 16 * MEBIBYTE
"""The most bytes of documents that a batch changes. An event of a few bytes may change a document of megabytes."""

# Investigations and samples are shared by many datasets, so existing rows are only read, neither written nor locked.
SAVE_INVESTIGATIONS = insert(
    INVESTIGATION,
    where=f"not exists (select from investigation as old where {is_same(INVESTIGATION)})",
    then=update(INVESTIGATION),
)
INSERT_SAMPLES = insert(
    SAMPLE,
    where="not exists (select from sample as old where old.sample_id = new.sample_id)",
    then=DO_NOTHING,
)
SAVE = combined(
    SAVE_INVESTIGATIONS,
    INSERT_SAMPLES,
    insert(DATASET),
    insert(REVISION),
    insert(RECEIPT, then=DO_NOTHING),
    insert(LINK),
    INSERT_BATCH,
)
CHANGE_DATASETS = combined(
    "delete from link where child = any($1::uuid[])",
    "delete from file where dataset_id = any($1::uuid[])",
    insert(DATASET, then=update(DATASET)),
)


class PostgresCatalog:
    """The catalogue. Several processes may write to it."""

    def __init__(self, database: Database, clock: Callable[[], datetime], outbox: PostgresOutbox) -> None:
        self._database = database
        self._clock = clock
        self._outbox = outbox

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator["CatalogTransaction"]:
        """The transaction of one batch."""
        async with self._database.transaction() as connection:
            transaction = CatalogTransaction(connection)
            yield transaction
        if transaction.batch is not None:
            self._outbox.keep(transaction.batch)
        now = self._clock()
        for submitted_at in transaction.submitted_at:
            SUBMITTED_TO_COMMITTED.observe((now - submitted_at).total_seconds())


class CatalogTransaction:
    """One batch. It locks its datasets from load to the end, so revisions are consecutive even with several writers."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._catalogued: Collection[UUID] = ()
        """The datasets of the batch that exist. They are locked."""
        self.batch: Batch | None = None
        self.submitted_at: Sequence[datetime] = ()

    async def load(self, events: Sequence[Received[CatalogView]]) -> CatalogState:
        """The current revisions, locked in the order of their ids, and numbers for all datasets.

        It takes one query if all datasets are new, else three. Each query sees what was committed before it began. So
        receipts and documents are read by later queries than the locks: the locking query would see them as they were
        before it waited.
        """
        asked = {event.event.dataset.dataset_id for event in events}
        locked = await self._connection.fetch(LOCK, list(asked))
        numbers = {row["dataset_id"]: row["number"] for row in locked}
        existing = self._catalogued = {row["dataset_id"] for row in locked if row["catalogued"]}
        if not existing:
            return CatalogState({}, {}, numbers)
        submissions = {event.submission(event.event.dataset.dataset_id) for event in events}
        answered = await self._answered([each for each in submissions if each.dataset_id in existing])
        changing = {each.dataset_id for each in submissions - answered.keys() if each.dataset_id} & existing
        if len(changing) > 1:
            await self._check_size(changing)
        rows = await self._connection.fetch(CURRENT, list(changing)) if changing else ()
        datasets = {row["dataset_id"]: CurrentRevision.read(unpacked(row["payload"])) for row in rows}
        return CatalogState(datasets, answered, numbers)

    async def _answered(self, submissions: Sequence[SubmissionId]) -> dict[SubmissionId, Refusal | None]:
        """The earlier answers. An older version may have stored them by their receipt alone."""
        names = [(each, name) for each in submissions for name in (each.key, each.receipt_id)]
        rows = await self._connection.fetch(
            ANSWERED, [each.dataset_id for each, _ in names], [name for _, name in names]
        )
        found = {(row["dataset_id"], row["receipt_id"]): row for row in rows}
        answers = ((each, found.get((each.dataset_id, name))) for each, name in names)
        return {
            each: row["refusal_code"] and Refusal(CODES[row["refusal_code"]], row["refusal_message"])
            for each, row in answers
            if row is not None
        }

    async def _check_size(self, changing: Collection[UUID]) -> None:
        """Check that the documents of a batch fit into memory together. A single document is always allowed.

        Raises:
            asyncpg.ProgramLimitExceededError: they do not fit; the runner tries halves of the batch.
        """
        size = await self._connection.fetchval(SIZES, list(changing)) or 0
        if size > MOST_CURRENT_BYTES:
            raise asyncpg.ProgramLimitExceededError(f"{len(changing)} datasets have documents of {size} bytes in all")

    async def save(self, events: Sequence[Received[CatalogView]], outcomes: Sequence[Outcome]) -> None:
        """Write rows and outbox: one statement for all tables, and two more if datasets change or list files.

        Raises:
            asyncpg.SerializationError: another writer created one of these datasets meanwhile; try the batch again.
        """
        answers = [
            (event, outcome) for event, outcome in zip(events, outcomes, strict=True) if isinstance(outcome, Answered)
        ]
        revisions = [outcome for _, outcome in answers if isinstance(outcome, Revised)]
        latest = {revision.commit.dataset_id: revision for revision in revisions}
        ordered = [latest[dataset_id] for dataset_id in sorted(latest, key=AS_POSTGRES)]
        await self._change([each for each in ordered if self._is_catalogued(each)])
        receipts = [row for pair in zip(events, outcomes, strict=True) for row in receipt_rows(*pair)]
        unpublished = batch_of([(event.record, answer) for event, answer in answers])
        with racing("dataset_pkey", "revision_pkey"):
            await self._connection.execute(
                SAVE,
                *_shared_rows([each.document for each in ordered]),
                *columns(DATASET, [dataset_row(each) for each in ordered if not self._is_catalogued(each)]),
                *columns(REVISION, list(map(revision_row, revisions))),
                *columns(RECEIPT, receipts),
                *columns(LINK, [row for each in ordered for row in link_rows(each.document)]),
                *unpublished.row,
            )
        await copy(self._connection, FILE, [row for each in ordered for row in file_rows(each.document)])
        self.batch = unpublished if answers else None
        failpoint("catalog_writer", "after_outbox")
        self.submitted_at = [answer.commit.submitted_at for _, answer in answers]

    async def _change(self, changed: Sequence[Revised]) -> None:
        """Overwrite datasets that exist, and remove their links and files."""
        if changed:
            ids = [each.commit.dataset_id for each in changed]
            await self._connection.execute(
                CHANGE_DATASETS, ids, ids, *columns(DATASET, list(map(dataset_row, changed)))
            )

    def _is_catalogued(self, revised: Revised) -> bool:
        return revised.commit.dataset_id in self._catalogued


def _shared_rows(documents: Sequence[CatalogDocument]) -> Iterator[Sequence[object]]:
    """The investigations and samples of these documents by column, in the order of their ids."""
    investigations = {each.investigation.investigation_id: each.investigation for each in documents}
    samples = {each.sample.sample_id: each for each in documents if each.sample is not None}
    in_order = sorted(investigations, key=AS_POSTGRES)
    yield from columns(INVESTIGATION, [investigation_row(investigations[each]) for each in in_order])
    yield from columns(SAMPLE, [sample_row(samples[each]) for each in sorted(samples, key=AS_POSTGRES)])

"""The outbox in PostgreSQL: the catalogue's unpublished messages, in the order of their creation.

A batch is one row. It names the revisions whose events are to be published, and contains the other events. The process
that wrote it also keeps the messages in memory, for its own relay. The table is the truth: after a crash, for a batch
of another process, and when there is no more room in memory.
"""

from collections import OrderedDict
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple
from uuid import UUID, uuid4

import asyncpg

from services.catalog_writer.documents import message_of
from services.catalog_writer.handler import Answered, Revised
from shared.events.headers import trace_of
from shared.events.record import Message, Record
from shared.events.topics import MEBIBYTE
from shared.events.wire import SubmissionId
from shared.foundation.packing import unpacked
from shared.postgres.database import Connection, Database, kept_awake

RELAY_LOCK = 0x636174616C6F67
"""The advisory lock of the active relay. Advisory locks are shared by the whole database."""

MOST_BYTES = 16 * MEBIBYTE
"""The most bytes of a lot that is read from the table, without its last message."""

MOST_KEPT_BYTES = 16 * MEBIBYTE
"""The most bytes of messages in memory."""

HEADER_BYTES = 1024
"""About what a message takes in memory besides its event."""

INSERT_BATCH = """
insert into outbox_batch (
    batch_id, committed_at, dataset_ids, revisions, receipt_ids, sources, contents, traces, payloads, sizes
)
select $1, $2, $3, $4, $5, $6, $7, $8, $9, $10 where cardinality($3::uuid[]) > 0
"""
# No rows are found while another relay is active. If that relay has ended since this statement began, what it published
# may be found once more, as after a crash. A lot that is lost with the server after its publication is also published
# again, so its commit need not wait for the disk.
# An older version wrote a row for each message. Its rows have numbers from the same sequence.
OLDEST = """
with relay as materialized (
    select pg_try_advisory_xact_lock($2) as is_active, set_config('synchronous_commit', 'off', true)
), older as (
    delete from outbox where seq in (
        select seq from outbox where (select is_active from relay) order by seq limit $1
    ) returning *
), adopted as (
    insert into outbox_batch
    select seq, gen_random_uuid(), committed_at, array[dataset_id], array[revision], array[receipt_id],
        array[coalesce(source, '')], array[coalesce(content, '')], array[traceparent], array[payload],
        array[payload_bytes], 0
    from older returning seq, batch_id, published, 1 as messages
)
select seq, batch_id, published, cardinality(sizes) as messages from outbox_batch
where (select is_active from relay)
union all select * from adopted
order by seq limit $1
"""
READ = f"""
with oldest as (
    select seq, committed_at, message.* from outbox_batch, unnest(
        dataset_ids, revisions, receipt_ids, sources, contents, traces, payloads, sizes
    ) with ordinality as message (dataset_id, revision, receipt_id, source, content, trace, payload, size, nth)
    where seq = any($1::bigint[]) and nth > published order by seq, nth limit $2
), lot as (select *, sum(size) over (order by seq, nth) - size as bytes_before from oldest)
select lot.*, revision.payload as block from lot left join revision using (dataset_id, revision)
where bytes_before < {MOST_BYTES} order by seq, nth
"""  # noqa: S608  # the number is a constant of this file
MARK = "update outbox_batch set published = published + $2 where seq = $1"
FORGET = "delete from outbox_batch where seq = any($1::bigint[])"


class Batch(NamedTuple):
    """The messages of a batch, and their row as the parameters of `INSERT_BATCH`, which writes none for no messages."""

    batch_id: UUID
    messages: Sequence[Message]
    row: Sequence[object]


def batch_of(answers: Sequence[tuple[Record, Answered]]) -> Batch:
    """The messages that publish these answers."""
    batch_id = uuid4()
    commits = [answer.commit for _, answer in answers]
    committed_at = commits[0].committed_at if commits else None
    row = (
        batch_id,
        committed_at,
        [commit.dataset_id for commit in commits],
        [commit.revision for commit in commits],
        [commit.receipt_id for commit in commits],
        [answer.submission.source for _, answer in answers],
        [answer.submission.content for _, answer in answers],
        [trace_of(record) for record, _ in answers],
        [None if isinstance(answer, Revised) else answer.payload for _, answer in answers],
        [len(answer.payload) for _, answer in answers],
    )
    messages = [
        message_of(each.submission, each.commit.committed_at, trace_of(record), each.payload)
        for record, each in answers
    ]
    return Batch(batch_id, messages, row)


class PostgresOutbox:
    """The outbox. Batches are numbered under the locks of their datasets, so they are in the order of the revisions.

    A batch may become visible after a higher one of other datasets, so rows are deleted by number, not up to a number.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._kept = OrderedDict[UUID, Sequence[Message]]()
        self.kept_bytes = 0
        """The bytes of the messages in memory."""

    def keep(self, batch: Batch) -> None:
        """Keep the messages of a committed batch, and forget older ones if there is no more room."""
        self._kept[batch.batch_id] = batch.messages
        self.kept_bytes += _size(batch.messages)
        while self.kept_bytes > MOST_KEPT_BYTES:
            self._forget(next(iter(self._kept)))

    def _forget(self, batch_id: UUID) -> None:
        self.kept_bytes -= _size(self._kept.pop(batch_id, ()))

    @asynccontextmanager
    async def take(self, most: int) -> AsyncIterator[Sequence[Message]]:
        """The oldest messages, under a lock that is released whenever the transaction ends."""
        async with self._database.transaction() as connection:
            lot = await self._lot(connection, most)
            if not lot:
                yield ()
                return
            async with kept_awake(connection):
                yield [message for part in lot for message in part.messages]
            done = [part for part in lot if part.is_rest]
            if done:
                await connection.execute(FORGET, [part.seq for part in done])
            if not lot[-1].is_rest:
                await connection.execute(MARK, lot[-1].seq, len(lot[-1].messages))
        for part in done:
            self._forget(part.batch_id)

    async def _lot(self, connection: Connection, most: int) -> Sequence["Part"]:
        """The oldest messages, by batch. Only the last batch may be incomplete."""
        batches = await connection.fetch(OLDEST, most, RELAY_LOCK)
        unknown = [row["seq"] for row in batches if row["batch_id"] not in self._kept]
        stored = await _stored(connection, unknown, most) if unknown else {}
        parts: list[Part] = []
        for seq, batch_id, published, count in batches:
            kept = self._kept.get(batch_id)
            messages = (stored.get(seq, ()) if kept is None else kept[published:])[:most]
            parts.append(Part(seq, batch_id, messages, len(messages) == count - published))
            most -= len(messages)
            if not parts[-1].is_rest:
                break
        return parts


@dataclass(frozen=True, slots=True)
class Part:
    """Messages of one batch that are taken together."""

    seq: int
    batch_id: UUID
    messages: Sequence[Message]
    is_rest: bool
    """Whether nothing of the batch is left after them."""


async def _stored(connection: Connection, seqs: Sequence[int], most: int) -> Mapping[int, Sequence[Message]]:
    """The unpublished messages of batches, in order."""
    rows = await connection.fetch(READ, seqs, most)
    return {seq: [_message(row) for row in batch] for seq, batch in groupby(rows, key=itemgetter("seq"))}


def _message(row: asyncpg.Record) -> Message:
    payload = row["payload"] or unpacked(row["block"])
    said = SubmissionId(row["source"], row["receipt_id"], row["dataset_id"], row["content"])
    return message_of(said, row["committed_at"], row["trace"], payload)


def _size(messages: Sequence[Message]) -> int:
    return sum(len(message.value) for message in messages) + len(messages) * HEADER_BYTES

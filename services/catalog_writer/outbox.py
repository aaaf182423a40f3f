"""The outbox in PostgreSQL: the catalogue's unpublished messages, in the order of their creation."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import asyncpg

from services.catalog_writer.documents import message_of
from shared.events.record import Message
from shared.events.wire import SubmissionId
from shared.foundation.packing import unpacked
from shared.postgres.database import Database, kept_awake

RELAY_LOCK = 0x636174616C6F67
"""The advisory lock of the active relay. Advisory locks are shared by the whole database."""

MOST_BYTES = 16 * 1024 * 1024
"""The most bytes of a lot in memory, without its last message."""

TAKE = f"""
with oldest as (select * from outbox order by seq limit $1),
lot as (select *, sum(payload_bytes) over (order by seq) - payload_bytes as bytes_before from oldest)
select lot.*, revision.payload as block
from lot left join revision using (dataset_id, revision)
where bytes_before < {MOST_BYTES} order by seq
"""  # noqa: S608  # the number is a constant of this file
FORGET = "delete from outbox where seq = any($1::bigint[])"


class PostgresOutbox:
    """The outbox. Rows of one dataset are numbered under its lock, so they are in the order of its revisions.

    A row may become visible after a higher row of another dataset, so rows are deleted by number, not up to a number.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    @asynccontextmanager
    async def take(self, most: int) -> AsyncIterator[Sequence[Message]]:
        """The oldest messages, under a lock that is released whenever the transaction ends."""
        async with self._database.transaction() as connection:
            if not await connection.fetchval("select pg_try_advisory_xact_lock($1)", RELAY_LOCK):
                yield ()
                return
            rows = await connection.fetch(TAKE, most)
            messages = [_message(row) for row in rows]
            async with kept_awake(connection):
                yield messages
            if rows:
                await connection.execute(FORGET, [row["seq"] for row in rows])


def _message(row: asyncpg.Record) -> Message:
    payload = row["payload"] or unpacked(row["block"])
    said = SubmissionId(row["source"] or "", row["receipt_id"], row["dataset_id"], row["content"] or "")
    return message_of(said, row["committed_at"], row["traceparent"], payload)

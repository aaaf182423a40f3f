"""After a backup of PostgreSQL was put back: the numbers of the datasets that it lacks.

Kafka has those datasets, and the writer commits them again; but ICAT's clients know them by a number that only the lost
tables had, and `dataset.committed`, which is kept for ever.
"""

import contextlib
from collections.abc import Callable, Iterable
from uuid import UUID

from aiokafka import AIOKafkaConsumer

from shared.database import Connection, Database
from shared.events import Commit, Section
from shared.kafka_access import kafka_access
from shared.kafka_records import record_of
from shared.rejections import Poison
from shared.settings import Settings
from shared.topics import COMMITTED
from shared.wire import Record, read

FETCH_BYTES = 4 * 1024 * 1024

REMEMBER = """
insert into told_number (dataset_id, number)
select told.dataset_id, told.number from unnest($1::uuid[], $2::bigint[]) as told (dataset_id, number)
where not exists (select from dataset where dataset.dataset_id = told.dataset_id)
on conflict do nothing
"""
GO_ON_ABOVE = """
select setval('dataset_number', greatest(nextval('dataset_number'), (select max(number) + 1 from told_number)), false)
"""
COUNT = "select count(*) from told_number"


class CommitView(Section):
    """A commit without its document."""

    commit: Commit


async def remember_numbers(settings: Settings, progress: Callable[[int, int], None] = lambda _done, _all: None) -> int:
    """Read `dataset.committed` from its start to its end; how many numbers are remembered that the catalogue lacks.

    The catalogue's writer must not run: it would give other numbers meanwhile. Doing it again changes nothing.

    Raises:
        Fatal: the catalogue's schema is missing.
    """
    database = Database(settings, "catalog")
    await database.open()
    consumer = AIOKafkaConsumer(
        COMMITTED.name, **kafka_access(settings), auto_offset_reset="earliest", max_partition_fetch_bytes=FETCH_BYTES
    )
    try:
        await consumer.start()
        ends = await consumer.end_offsets(consumer.assignment())
        every = sum(ends.values())
        async with database.transaction() as connection:
            while left := sum([max(0, end - await consumer.position(at)) for at, end in ends.items()]):
                progress(every - left, every)
                fetched = await consumer.getmany(timeout_ms=200, max_records=settings.batch_events)
                await _remember(connection, (record_of(raw) for raws in fetched.values() for raw in raws))
            await connection.execute(GO_ON_ABOVE)
            return int(await connection.fetchval(COUNT))
    finally:
        await consumer.stop()
        await database.close()


async def _remember(connection: Connection, records: Iterable[Record]) -> None:
    first: dict[UUID, int] = {}
    for record in records:
        with contextlib.suppress(Poison):
            commit = read(record, COMMITTED, CommitView).event.commit
            if commit.number is not None:
                first.setdefault(commit.dataset_id, commit.number)
    if first:
        await connection.execute(REMEMBER, list(first), list(first.values()))

"""The rebuild of the read model beside the live one, and the swap, which loses no event.

Both models store the positions of the topics in the transaction of every write. The swap stops all writes for a moment
(by the lock that every write shares), lets the new model catch up with the positions of the old one, and renames the
schemas. The live service then writes into the new model; what it repeats there changes nothing.
"""

import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import asyncpg
from aiokafka import AIOKafkaConsumer, TopicPartition

from services.search.app import new_index, stages_of
from services.search.lock import lock_name
from services.search.store import PostgresReadModel
from shared.events.record import Message
from shared.events.topics import COMMITTED, PENDING, REGISTERED, REJECTED, SHIPMENTS, SUBMITTED
from shared.foundation.errors import Fatal
from shared.host.service import utc_now
from shared.host.settings import ServiceSettings
from shared.kafka.records import record_of
from shared.kafka.rewind import FETCH_MS, Places, from_start, left
from shared.postgres.database import SILENCE, Database, kept_awake
from shared.postgres.migrations import migrate
from shared.runtime.backoff import Backoff
from shared.runtime.facility import identities_of
from shared.stages.halt import HaltRule
from shared.stages.stage import StageRunner

logger = logging.getLogger(__name__)

LIVE, NEXT, OLD = "search", "search_next", "search_old"
REBUILD_LOCK = 0x72656275
READ_TOPICS = (COMMITTED, REJECTED, PENDING, SUBMITTED, REGISTERED, SHIPMENTS)
NEAR_EVENTS = 1000
"""The most events that may be left when writes are stopped for the swap."""
SEAL_EVERY_BATCHES = 32


class NullPublisher:
    """A publisher that publishes nothing, because the live service has already published."""

    async def publish(self, messages: Sequence[Message]) -> None:
        """Publish nothing."""


async def rebuild(settings: ServiceSettings, progress: Callable[[int, int], None] = lambda _done, _all: None) -> int:
    """Build `search_next` from the beginning of the topics, and swap it in. Returns the number of events read.

    The live service may be running or not. `progress` gets the number of events that were read, and the number of all.
    An aborted rebuild leaves the live read model unchanged, and the next one starts from the beginning.

    Raises:
        Fatal: another rebuild is running.
    """
    connection = await asyncpg.connect(settings.database.url, server_settings=SILENCE | {"transaction_timeout": "0"})
    try:
        if not await connection.fetchval("select pg_try_advisory_lock($1)", REBUILD_LOCK):
            raise Fatal("another rebuild of search is running; wait until it has finished")
        for schema in (NEXT, OLD):
            await connection.execute(f"drop schema if exists {schema} cascade")
        await migrate(settings.database.url, {LIVE: "search", NEXT: "search"})
        async with _reader(settings) as reader:
            await reader.read_to_end(progress)
            await _swap(connection, reader)
        await connection.execute(f"drop schema {OLD} cascade")
        return reader.events
    finally:
        await connection.close()


async def _swap(connection: "asyncpg.Connection[asyncpg.Record]", reader: "TopicReader") -> None:
    async with connection.transaction():
        await connection.execute("select pg_advisory_xact_lock(hashtext($1))", lock_name(LIVE))
        rows = await connection.fetch(f"select topic, partition, next_offset from {LIVE}.position")  # noqa: S608
        names = {topic.name for topic in READ_TOPICS}  # earlier versions read others
        live = {
            TopicPartition(row["topic"], row["partition"]): row["next_offset"] for row in rows if row["topic"] in names
        }
        async with kept_awake(connection):
            await reader.read_to_live(live)
        await connection.execute(f"alter schema {LIVE} rename to {OLD}")
        await connection.execute(f"alter schema {NEXT} rename to {LIVE}")


class TopicReader:
    """Reads all topics of the read model from their beginning into `search_next`, without a consumer group."""

    def __init__(self, consumer: AIOKafkaConsumer, database: Database, settings: ServiceSettings) -> None:
        self.events = 0
        self._consumer = consumer
        self._most_events = settings.stages.batch_events
        backoff, identities, index = Backoff(), identities_of(settings.facility), new_index()
        self._upkeep = index.upkeep(database, backoff)
        self._runners = {
            stage.consumes.name: StageRunner(
                stage, NullPublisher(), utc_now, HaltRule(halts=False), backoff, identities
            )
            for stage in stages_of(PostgresReadModel(database, utc_now, index), identities)
        }

    async def read_to_end(self, progress: Callable[[int, int], None]) -> None:
        """Read everything, until only a little arrives in the meantime."""
        while True:
            ends: Places = await self._consumer.end_offsets(self._consumer.assignment())
            yet = await left(self._consumer, ends)
            progress(self.events, self.events + yet)
            await self.read_to(ends, progress)
            if yet <= NEAR_EVENTS:
                break
        await self._upkeep.seal()

    async def read_to(self, ends: Places, progress: Callable[[int, int], None] = lambda _done, _all: None) -> None:
        """Read up to these offsets, or further if a batch contains more."""
        batches = 0
        while yet := await left(self._consumer, ends):
            fetched = await self._consumer.getmany(timeout_ms=FETCH_MS, max_records=self._most_events)
            for topic, runner in self._runners.items():
                records = [
                    record_of(raw) for partition, raws in fetched.items() if partition.topic == topic for raw in raws
                ]
                if records:
                    await runner.run(records)
                    self.events += len(records)
            batches += 1
            if batches % SEAL_EVERY_BATCHES == 0:
                await self._upkeep.seal()
            progress(self.events, self.events + yet)

    async def read_to_live(self, live: Places) -> None:
        """Read everything that the live read model contains and the topics still have."""
        ends: Places = await self._consumer.end_offsets(self._consumer.assignment())
        await self.read_to({at: min(offset, ends.get(at, 0)) for at, offset in live.items()})


@asynccontextmanager
async def _reader(settings: ServiceSettings) -> AsyncIterator[TopicReader]:
    database = Database(settings.database, NEXT)
    await database.open()
    try:
        async with from_start(settings.kafka, READ_TOPICS) as consumer:
            yield TopicReader(consumer, database, settings)
    finally:
        await database.close()

"""The read model rebuilt beside the live one, on a real Kafka, while events go on arriving."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import pytest
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete

from services.icat_plus.sessions import PostgresSessions, StoredSession
from services.search.app import new_index, stages_of
from services.search.index.seals import Seals
from services.search.rebuild import REBUILD_LOCK, rebuild
from services.search.store import PostgresReadModel
from shared.events.record import Message, Record
from shared.events.topics import COMMITTED, PENDING, REGISTERED, REJECTED, SHIPMENTS, SUBMITTED
from shared.foundation.errors import Fatal
from shared.host.service import utc_now
from shared.host.settings import ServiceSettings
from shared.kafka.publisher import KafkaPublisher, MemoryPublisher
from shared.kafka.rewind import from_start, replay
from shared.kafka.settings import KafkaSettings, TopicSettings
from shared.kafka.topic_admin import apply_topics
from shared.postgres.database import Database
from shared.postgres.migrations import migrate
from shared.postgres.settings import DatabaseSettings
from shared.runtime.backoff import Backoff
from shared.stages.halt import HaltRule
from shared.stages.stage import StageRunner
from shared.stages.stream import Stream
from shared.stages.subscription import Subscription
from tests.builders.read_model import Snapshot, differences, snapshot
from tests.builders.search.records import IDENTITIES, NOON, Topics, investigation
from tests.builders.seeds import seed_of_run
from tests.builders.settings import base_settings

pytestmark = pytest.mark.integration

TOPICS = (COMMITTED, REJECTED, PENDING, SUBMITTED, REGISTERED, SHIPMENTS)


class Live:
    """The running service: its stages in groups of the test's own, over its database."""

    def __init__(self, settings: ServiceSettings, database: Database, publisher: KafkaPublisher) -> None:
        self.settings = settings
        self.database = database
        self._publisher = publisher
        self._sealing = Seals(database, Backoff())
        self._group = uuid4()
        self._subscriptions = [
            Subscription(
                stage.name,
                stage.consumes,
                f"test.{self._group}.{stage.name}",
                StageRunner(stage, MemoryPublisher(), utc_now, HaltRule(halts=False), Backoff(), IDENTITIES),
                self._fail,
            )
            for stage in stages_of(PostgresReadModel(database, utc_now, new_index()), IDENTITIES)
        ]
        self.failures: list[Exception] = []

    def _fail(self, error: Exception) -> None:
        self.failures.append(error)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        stream = Stream(self.settings.kafka, self.settings.stages, "test", self._subscriptions)
        await stream.start()
        try:
            yield
        finally:
            await stream.stop()

    async def publish(self, records: Sequence[Record]) -> None:
        """Send records as they are, where their key says."""
        await self._publisher.publish(
            [Message(record.topic, record.key, record.value or b"", record.headers) for record in records]
        )

    async def settle(self) -> None:
        """Wait until every record of the topics is noted."""
        total = await self.published()
        await until(lambda: bool(self.failures) or sum(one.settled for one in self._subscriptions) >= total)
        assert self.failures == []
        await self._sealing.seal()

    async def published(self) -> int:
        """Records, without what Kafka itself writes between them: other tests use transactions."""
        return sum([len(batch) async for batch in replay(self.settings.kafka, TOPICS, 500, lambda _done, _every: None)])

    async def facts(self) -> Snapshot:
        """Everything in the read model."""
        async with self.database.connection() as connection:
            return await snapshot(connection)

    async def generation(self) -> Any:
        async with self.database.connection() as connection:
            return await connection.fetchval("select generation from generation")


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(120):
        while not condition():  # noqa: ASYNC110  # it depends on another process
            await asyncio.sleep(0.02)


def ship(topics: Topics, chance: random.Random, minute: int) -> None:
    """Pucks move between parcels of several investigations and places of one sample changer."""
    pucks = [
        {
            "name": f"P{chance.randrange(4)}-{at}",
            "type": "UNIPUCK",
            "sample_changer_location": chance.choice((None, at)),
        }
        for at in range(1, 1 + chance.randrange(4))
    ]
    said = {"name": f"Dewar{chance.randrange(3)}"} | ({"content": pucks} if chance.random() < 0.8 else {})
    topics.shipped("parcel_declared", minute, str(chance.randrange(3)), parcel=said)
    topics.shipped("status_reported", minute, "1", parcel_id="0" * 24, status={"status": f"S{minute}"})


def happenings(count: int, chance: random.Random) -> list[Record]:
    """Submissions that wait, fail, come twice and are revised, in an order that Kafka's partitions may well give."""
    topics, run = Topics(), uuid4().hex
    for n in range(count):
        path, receipt = f"/data/{run}/{n}", f"{run}-{n}"
        topics.submitted(receipt, path)
        if n % 10 == 0:
            topics.registered(investigation(chance.randrange(50), title=receipt))
            ship(topics, chance, n)
        match n % 5:
            case 0:
                topics.rejected(receipt, path, offset=chance.randrange(10**9))
            case 1:
                topics.pending(receipt, path, [f"/data/{run}/{n + 1}"])
            case _:
                inputs = [f"/data/{run}/{chance.randrange(n)}" for _ in range(n % 3)]
                topics.committed(path, {"a": n, f"b{n % 7}": "x", "c": [1.0, n]}, inputs, receipt=receipt, sample="s")
                for revision in range(2, 2 + n % 4):
                    topics.committed(path, {"a": chance.random()}, inputs[:1], revision=revision)
                topics.unchanged(path, f"{receipt}-again")
    return topics.records


async def forget_others(kafka: KafkaSettings) -> None:
    """Delete what other tests published: a rebuild reads all of it, each time."""
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap_servers)
    async with from_start(kafka, TOPICS) as consumer:
        ends = await consumer.end_offsets(consumer.assignment())
    await admin.start()
    try:
        await admin.delete_records({place: RecordsToDelete(before_offset=end) for place, end in ends.items() if end})
    finally:
        await admin.close()


@pytest.fixture
async def live(kafka: str, database_url: str) -> AsyncIterator[Live]:
    settings = base_settings(kafka=KafkaSettings(bootstrap_servers=kafka), database=DatabaseSettings(url=database_url))
    await apply_topics(settings.kafka, TopicSettings(partitions=3))
    await forget_others(settings.kafka)
    await migrate(database_url, {"search": "search"})
    database, publisher = Database(settings.database, "search"), KafkaPublisher(settings.kafka, "test")
    await database.open()
    await publisher.start()
    yield Live(settings, database, publisher)
    await publisher.stop()
    await database.close()


async def test_a_rebuilt_read_model_equals_the_live_one_though_events_arrive_during_the_swap(live: Live) -> None:
    seed = seed_of_run()
    chance = random.Random(seed)
    stopped = asyncio.Event()

    async def keep_sending() -> None:
        while not stopped.is_set():
            await live.publish(happenings(20, chance))
            await live.settle()

    async with live.running():
        await live.publish(happenings(300, chance))
        await live.settle()
        before = await live.generation()
        generations = set()
        async with asyncio.TaskGroup() as meanwhile:
            meanwhile.create_task(keep_sending())
            for _ in range(3):
                await rebuild(live.settings)
                generations.add(await live.generation())
            stopped.set()
        await live.settle()
        assert len(generations - {before}) == 3
        facts = await live.facts()
    await rebuild(live.settings)
    assert differences(await live.facts(), facts) == []
    assert len(facts["dataset"]) >= 180


async def test_a_rebuild_of_nothing_and_without_a_live_service_gives_a_read_model(live: Live) -> None:
    await live.publish(happenings(10, random.Random(1)))
    told: list[tuple[int, int]] = []
    events = await rebuild(live.settings, lambda done, total: told.append((done, total)))
    assert events == await live.published()
    assert told[0][0] == 0
    assert len((await live.facts())["dataset"]) >= 6


async def test_sessions_outlive_a_rebuild(live: Live) -> None:
    await migrate(live.settings.database.url, {"icat_plus": "icat_plus"})
    database = Database(live.settings.database, "icat_plus")
    await database.open()
    sessions = PostgresSessions(database)
    kept = StoredSession("token", NOON)
    await sessions.put("session", kept)
    await rebuild(live.settings)
    assert await sessions.get("session") == kept
    await database.close()


async def test_two_rebuilds_at_once_are_refused(live: Live) -> None:
    async with live.database.connection() as connection:
        await connection.execute("select pg_advisory_lock($1)", REBUILD_LOCK)
        with pytest.raises(Fatal, match="another rebuild"):
            await rebuild(live.settings)

"""All services on a real PostgreSQL, whose sessions are terminated as fast as somebody can: transient is not poison."""

import asyncio
import json
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from functools import partial
from typing import Any, cast

import asyncpg
import pytest

import services
from shared.events.record import Record
from shared.events.topics import COMMITTED, REJECTED
from shared.host.service import utc_now
from shared.kafka.publisher import KafkaPublisher, MemoryPublisher
from shared.postgres.database import Database
from shared.postgres.migrations import migrate
from shared.postgres.settings import DatabaseSettings
from shared.runtime.backoff import Backoff, Stopping
from shared.stages.halt import HaltRule
from shared.stages.stage import Stage, StageRunner
from tests.builders.settings import settings_for
from tests.builders.submissions import IDENTITIES, processed_submission, raw_submission, submitted

pytestmark = pytest.mark.integration

NAMES = ("validator", "linker", "sample_tracking", "catalog_writer", "search")
TERMINATE = """
select count(pg_terminate_backend(pid)) from pg_stat_activity
where datname = current_database() and pid <> pg_backend_pid() and application_name like 'beamcat%'
"""
BATCH = 20


class Hasty(Backoff):
    """Tries again sooner."""

    async def wait(self, attempt: int, who: str, error: Exception) -> None:
        await super().wait(min(attempt, 3), who, error)

    async def sleep(self, seconds: float) -> None:
        await super().sleep(seconds / 10)


class Everything:
    """The stages, relays and timers of all services, on PostgreSQL and a broker in memory."""

    def __init__(self, database: DatabaseSettings) -> None:
        self.broker = MemoryPublisher()
        self.backoff = Hasty()
        self.databases: list[Database] = []
        self._database = database
        self._running: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        for name in NAMES:
            service = services.load(name)
            resources = replace(
                service.resources(settings_for(name, database=self._database)),
                publisher=cast(KafkaPublisher, self.broker),
                backoff=self.backoff,
            )
            if service.schema:
                await resources.database.open()
                self.databases.append(resources.database)
            parts = service.assemble(resources)
            self._running += [asyncio.create_task(self._consume(stage)) for stage in parts.stages]
            self._running += [asyncio.ensure_future(self._until_stopped(task())) for task in parts.tasks]

    async def _consume(self, stage: Stage[Any, Any]) -> None:
        runner = StageRunner(stage, self.broker, utc_now, HaltRule(), self.backoff, IDENTITIES)
        settled = 0
        while not self.backoff.stopping:
            messages = self.broker.of(stage.consumes.name)[settled : settled + BATCH]
            records = [
                Record(each.topic, 0, offset, 0, each.key, each.value, each.headers)
                for offset, each in enumerate(messages, settled)
            ]
            if records:
                await self._until_stopped(runner.run(records))
                settled += len(records)
            else:
                await asyncio.sleep(0.01)

    async def _until_stopped(self, work: Any) -> None:
        try:
            await work
        except Stopping:
            return

    async def stop(self) -> None:
        self.backoff.stop()
        await asyncio.gather(*self._running)
        for database in self.databases:
            await database.close()

    def committed(self) -> dict[str, int]:
        """The newest revision of each path that is catalogued."""
        said = [json.loads(message.value)["commit"] for message in self.broker.of(COMMITTED.name)]
        return {commit["path"]: commit["revision"] for commit in said}

    def raise_failures(self) -> None:
        for task in self._running:
            if task.done() and (error := task.exception()):
                raise error


@pytest.fixture
async def everything(database_url: str) -> AsyncIterator[Everything]:
    await migrate(database_url)
    everything = Everything(DatabaseSettings(url=database_url, connections=4))
    await everything.start()
    yield everything
    await everything.stop()


@asynccontextmanager
async def terminator(database_url: str, chance: random.Random) -> AsyncIterator[Callable[[], int]]:
    """Terminates all sessions of beamcat, again and again, as long as the block lasts; how many so far."""
    terminated = 0

    async def terminate() -> None:
        nonlocal terminated
        while True:
            terminated += await admin.fetchval(TERMINATE)
            await asyncio.sleep(chance.choice((0, 0.01, 0.05, 0.25, 0.8)))  # so that every place is hit

    admin = await asyncpg.connect(database_url)
    terminating = asyncio.create_task(terminate())
    try:
        yield lambda: terminated
    finally:
        terminating.cancel()
        await asyncio.wait([terminating])
        await admin.close()


async def until(everything: Everything, condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(180):
        while not condition():
            everything.raise_failures()
            await asyncio.sleep(0.02)


async def test_no_valid_event_is_rejected_and_no_link_lost_while_all_sessions_are_terminated_again_and_again(
    everything: Everything, database_url: str
) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")  # noqa: T201  to repeat it
    chance = random.Random(seed)
    raws = [raw_submission(number, chance) for number in range(100)]
    children = [processed_submission(number, [raw], chance) for number, raw in enumerate(raws)]
    events = [*children, *raws]
    chance.shuffle(events)
    async with terminator(database_url, chance) as terminated:
        for number, event in enumerate(events):
            await everything.broker.publish([submitted(event, f"r-{number}")])
            await until(everything, partial(lambda least: terminated() >= least, number))
    await until(everything, lambda: len(everything.committed()) == len(events))
    assert everything.broker.of(REJECTED.name) == []
    assert set(everything.committed().values()) == {1}
    await all_is_searchable(everything, database_url, len(events), len(children))


async def all_is_searchable(everything: Everything, database_url: str, datasets: int, links: int) -> None:
    connection = await asyncpg.connect(database_url)
    expected = {
        "select count(*) from catalog.dataset": datasets,
        "select count(*) from catalog.link": links,
        "select count(*) from search.dataset": datasets,
        "select count(*) from search.link": links,
        "select count(*) from search.receipt where answer is not null": datasets,
        "select count(*) from linker.held": 0,
    }
    found: dict[str, int] = {}
    try:
        with suppress(TimeoutError):
            async with asyncio.timeout(60):
                while found != expected:
                    everything.raise_failures()
                    await asyncio.sleep(0.1)
                    found = {asked: await connection.fetchval(asked) for asked in expected}
        assert found == expected
    finally:
        await connection.close()

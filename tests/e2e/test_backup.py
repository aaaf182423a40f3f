"""PostgreSQL is lost, and an old backup put back: what came since then is there again, as docs/operating.md says."""

import asyncio
import random
import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient

from deploy.embedded.installation import Installation, installation
from deploy.embedded.stack import embedded_stack
from services.catalog_writer.renumbering import remember_numbers
from shared.publisher import KafkaPublisher
from shared.settings import Settings
from shared.wire import Message
from tests.builders.submissions import processed_submission, raw_submission, submitted

pytestmark = pytest.mark.e2e

EACH = 30
"""Raw datasets before the backup and after it; each has a result, and the last ones' inputs come before it."""

WHAT_IS_KNOWN = {
    "datasets found": "select dataset_id, revision, number, path from search.dataset order by 1",
    "datasets": "select dataset_id, revision, number, path from catalog.dataset order by 1",
    "revisions": "select dataset_id, revision, receipt_id from catalog.revision order by 1, 2",
    "links": "select child, parent from catalog.link order by 1, 2",
    "samples": "select distinct dataset_id, sample_id from sample_tracking.tracked order by 1",
    "investigations": "select investigation_id from linker.investigation order by 1",
    "receipts": "select receipt_id, rank from search.receipt order by 1",
}


def plan() -> tuple[list[Message], list[Message]]:
    chance = random.Random(1)
    raws = [raw_submission(number, chance) for number in range(2 * EACH)]
    results = [processed_submission(1000 + number, [raws[number // 2]], chance) for number in range(2 * EACH)]
    every = [submitted(each, f"r-{number}") for number, each in enumerate(raws + results)]
    before = [*every[:EACH], *every[2 * EACH : 3 * EACH]]
    return before, [message for message in every if message not in before]


async def send(running: Installation, messages: Sequence[Message], wanted: int) -> dict[str, list[Any]]:
    """Hand in, and wait until all is found and no answer is under way; what is known then."""
    publisher = KafkaPublisher(running.settings, "test")
    await publisher.start()
    await publisher.publish(messages)
    await publisher.stop()
    async with connected(running.settings.database_url) as connection, asyncio.timeout(120):
        while await connection.fetchval("select count(*) from search.receipt where rank > 1") < wanted:  # noqa: ASYNC110  PostgreSQL sets no event
            await asyncio.sleep(0.1)
        return {what: await connection.fetch(query) for what, query in WHAT_IS_KNOWN.items()}


@asynccontextmanager
async def connected(database_url: str) -> "AsyncIterator[asyncpg.Connection[asyncpg.Record]]":
    connection = await asyncpg.connect(database_url)
    try:
        yield connection
    finally:
        await connection.close()


async def groups_of(running: Installation) -> list[str]:
    admin = AIOKafkaAdminClient(bootstrap_servers=running.settings.kafka_bootstrap_servers)
    await admin.start()
    try:
        return [group for group, _ in await admin.list_consumer_groups() if group.startswith("beamcat.")]
    finally:
        await admin.close()


async def set_back(bootstrap_servers: str, group: str) -> None:
    """As Kafka's own tool does it, for a group without members."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers)
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap_servers, group_id=group, enable_auto_commit=False)
    await admin.start()
    await consumer.start()
    try:
        if places := await admin.list_consumer_group_offsets(group):
            consumer.assign(list(places))
            await consumer.commit(dict.fromkeys(places, 0))
    finally:
        await consumer.stop()
        await admin.close()


async def copy(source: Path, target: Path) -> None:
    """With its owner: started by root, PostgreSQL runs as somebody else."""
    copying = await asyncio.create_subprocess_exec("cp", "-a", source, target)
    assert await copying.wait() == 0


async def test_what_came_after_an_old_backup_is_there_again(tmp_path: Path) -> None:
    directory, backup = tmp_path / "beamcat", tmp_path / "backup"
    earlier, later = plan()
    async with installation(directory) as running:
        await send(running, earlier, len(earlier))
    await copy(directory / "postgres", backup)
    async with installation(directory) as running:
        before = await send(running, later, len(earlier) + len(later))
        groups = await groups_of(running)
    shutil.rmtree(directory / "postgres")
    await copy(backup, directory / "postgres")

    async with embedded_stack(directory) as stack:
        for group in groups:
            await set_back(stack.bootstrap_servers, group)
        servers = Settings(kafka_bootstrap_servers=stack.bootstrap_servers, database_url=stack.database_url)
        assert await remember_numbers(servers) == len(later)
    async with installation(directory) as running:
        after = await send(running, (), len(earlier) + len(later))
    assert len(before["datasets"]) == len(earlier) + len(later)
    assert after == before

"""PostgreSQL is lost, and an old backup put back: what came since then is there again, as docs/operating.md says."""

import asyncio
import json
import os
import random
import shutil
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from deploy.embedded.installation import Installation, installation
from deploy.embedded.stack import embedded_stack
from shared.events.record import Message
from shared.kafka.publisher import KafkaPublisher
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
    "investigations": "select investigation_id, number, start, placeholder from linker.investigation order by 1",
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
    publisher = KafkaPublisher(running.settings.kafka, "test")
    await publisher.start()
    await publisher.publish(messages)
    await publisher.stop()
    async with connected(running.settings.database.url) as connection, asyncio.timeout(120):
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


async def recover(kafka: str, database_url: str, since: datetime) -> tuple[int, dict[str, Any]]:
    """What the operator's command says, and its exit code."""
    command = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "deploy", "recover", "--json", "--since", since.isoformat()),
        stdout=asyncio.subprocess.PIPE,
        env=os.environ | {"BEAMCAT_KAFKA_BOOTSTRAP_SERVERS": kafka, "BEAMCAT_DATABASE_URL": database_url},
    )
    told, _ = await command.communicate()
    return command.returncode or 0, json.loads(told)


async def copy(source: Path, target: Path) -> None:
    """With its owner: started by root, PostgreSQL runs as somebody else."""
    copying = await asyncio.create_subprocess_exec("cp", "-a", source, target)
    assert await copying.wait() == 0


async def test_what_came_after_an_old_backup_is_there_again(tmp_path: Path) -> None:
    directory, backup = tmp_path / "beamcat", tmp_path / "backup"
    earlier, later = plan()
    async with installation(directory) as running:
        await send(running, earlier, len(earlier))
        since = datetime.now(UTC)
    await copy(directory / "postgres", backup)
    async with installation(directory) as running:
        before = await send(running, later, len(earlier) + len(later))
        code, refusal = await recover(running.settings.kafka.bootstrap_servers, running.settings.database.url, since)
        assert code == 1
        assert "beamcat.linker" in refusal["error"]
        assert "have members: stop all services first" in refusal["error"]
    shutil.rmtree(directory / "postgres")
    await copy(backup, directory / "postgres")

    async with embedded_stack(directory) as stack:
        code, recovered = await recover(stack.bootstrap_servers, stack.database_url, since)
        assert code == 0
        assert recovered["numbers"] == len(later)
        assert recovered["investigations"] > 0
        assert recovered["gone"] == {}
        assert await recover(stack.bootstrap_servers, stack.database_url, since) == (
            0,
            {**recovered, "investigations": 0},
        )
    async with installation(directory) as running:
        after = await send(running, (), len(earlier) + len(later))
    assert len(before["datasets"]) == len(earlier) + len(later)
    assert after == before

"""Costly questions that last: quick ones are answered beside them, and everything goes on being taken in."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import islice

import asyncpg
import pytest

from shared.foundation.problem import Problem
from shared.http import turns
from shared.postgres.database import Database, Questions
from tests.builders.search.records import Topics, dataset_id
from tests.integration.search.asking import Asking, asking
from tests.integration.search.conftest import PostgresWorld

pytestmark = pytest.mark.integration

COSTLY = 12
SOON_SECONDS = 5.0
"""Far less than what the costly questions take; far more than what is measured here takes on a busy machine."""


@pytest.fixture
def topics() -> Topics:
    return Topics()


@asynccontextmanager
async def links_locked(url: str) -> AsyncIterator[None]:
    """Whoever asks for a lineage meanwhile gets no answer; nothing else reads that table."""
    connection = await asyncpg.connect(url)
    try:
        async with connection.transaction():
            await connection.execute("lock table search.link in access exclusive mode")
            yield
    finally:
        await connection.close()


async def ask_lineage(ask: Asking, path: str) -> int:
    return (await ask.client.get(f"/datasets/{dataset_id(path)}/lineage")).status_code


async def ask_for_long(database: Database, questions: Questions) -> None:
    async with database.answering(questions) as connection:
        await connection.execute("set local statement_timeout = 50")  # what the server does anyway, sooner
        await connection.execute("select pg_sleep(60)")


async def test_twelve_costly_questions_delay_neither_a_dataset_nor_what_is_taken_in(
    world: PostgresWorld, database_url: str, topics: Topics, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "MOST_WAIT_SECONDS", 0.5)
    await world.note(topics.committed("/data/a", {"x": 1}))
    async with AsyncExitStack() as opened:
        askers = [
            await opened.enter_async_context(asking(world.database, address=f"10.0.0.{n}")) for n in range(COSTLY)
        ]
        ask = await opened.enter_async_context(asking(world.database, address="10.0.1.1"))
        async with links_locked(database_url):
            costly = [asyncio.create_task(ask_lineage(each, "/data/a")) for each in askers]
            async with asyncio.timeout(SOON_SECONDS):
                for n in range(20):
                    await world.note(topics.committed(f"/data/{n}", {"x": n}))
                    assert (await ask.get(f"/datasets/{dataset_id(f'/data/{n}')}"))["commit"]["path"] == f"/data/{n}"
                    assert (await ask.get("/receipts", path=f"/data/{n}"))["receipts"]
                refused = [await ended for ended in islice(asyncio.as_completed(costly), COSTLY - 3)]
        answers = Counter([await task for task in costly])
    assert refused == [503] * (COSTLY - 3)
    assert answers == {200: 3, 503: COSTLY - 3}


async def test_one_asker_of_costly_questions_leaves_a_turn_to_its_neighbour(
    world: PostgresWorld, database_url: str, topics: Topics, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "MOST_WAIT_SECONDS", 0.5)
    await world.note(topics.committed("/data/a", {"x": 1}))
    async with (
        asking(world.database, address="10.0.0.1") as flood,
        asking(world.database, address="10.0.0.2") as neighbour,
    ):
        async with links_locked(database_url):
            costly = [asyncio.create_task(ask_lineage(flood, "/data/a")) for _ in range(COSTLY)]
            async with asyncio.timeout(SOON_SECONDS):
                assert await neighbour.names() == ["a"]
                refused = [await ended for ended in islice(asyncio.as_completed(costly), COSTLY - 2)]
        assert refused == [429] * (COSTLY - 2)
        assert Counter([await task for task in costly]) == {200: 2, 429: COSTLY - 2}


@pytest.mark.parametrize("questions", Questions)
async def test_a_question_that_takes_too_long_is_told_so(database: Database, questions: Questions) -> None:
    with pytest.raises(Problem, match=f"longer than {questions.value} s; narrow it") as told:
        await ask_for_long(database, questions)
    assert told.value.status == 503
    assert told.value.retry_after_seconds


@pytest.mark.parametrize("questions", Questions)
async def test_every_kind_of_question_has_its_time(database: Database, questions: Questions) -> None:
    async with database.answering(questions) as connection:
        assert await connection.fetchval("show statement_timeout") == f"{questions.value}s"
    async with database.connection() as connection:
        assert await connection.fetchval("show statement_timeout") == "0"

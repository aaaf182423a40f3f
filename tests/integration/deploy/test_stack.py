"""The embedded stack against what happens to laptops: crashes, kills, and impatient users."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import asyncpg
import psutil
import pytest
import pytest_asyncio
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError

from deploy.embedded.stack import DataDirectoryError, Stack, embedded_stack

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]

TOPIC = "kept"


@pytest.fixture(scope="module")
def said() -> list[str]:
    return []


@pytest.fixture(scope="module")
def data_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As a first start that was killed leaves it: initdb and Kafka's format half done."""
    directory = tmp_path_factory.mktemp("embedded")
    for unfinished in ("postgres.unfinished", "kafka/topics.unfinished"):
        (directory / unfinished).mkdir(parents=True)
    (directory / "postgres.unfinished" / "PG_VERSION").touch()
    (directory / "kafka" / "topics.unfinished" / "bootstrap.checkpoint").touch()
    return directory


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stack(data_directory: Path, said: list[str]) -> AsyncIterator[Stack]:
    async with embedded_stack(data_directory, say=said.append, environment={}) as stack:
        yield stack


async def eventually(holds: Callable[[], Awaitable[bool]], within_seconds: float = 60) -> None:
    async with asyncio.timeout(within_seconds):
        while not await holds():  # noqa: ASYNC110  # the condition lies in another process, which sets no event
            await asyncio.sleep(0.05)


async def rows(url: str) -> list[str]:
    session = await asyncpg.connect(url)
    try:
        return [row["word"] for row in await session.fetch("SELECT word FROM kept")]
    finally:
        await session.close()


async def records(bootstrap_servers: str) -> list[bytes | None]:
    consumer = AIOKafkaConsumer(TOPIC, bootstrap_servers=bootstrap_servers, auto_offset_reset="earliest")
    try:
        await consumer.start()
        return [(await asyncio.wait_for(consumer.getone(), 30)).value]
    finally:
        await consumer.stop()


async def keep_something(stack: Stack) -> None:
    session = await asyncpg.connect(stack.database_url)
    await session.execute("CREATE TABLE kept (word text); INSERT INTO kept VALUES ('a row')")
    await session.close()
    async with contextlib.AsyncExitStack() as closing:
        admin = AIOKafkaAdminClient(bootstrap_servers=stack.bootstrap_servers)
        await admin.start()
        closing.push_async_callback(admin.close)
        await admin.create_topics([NewTopic(TOPIC, num_partitions=1, replication_factor=1)])
        producer = AIOKafkaProducer(bootstrap_servers=stack.bootstrap_servers, acks="all", enable_idempotence=True)
        await producer.start()
        closing.push_async_callback(producer.stop)
        await producer.send_and_wait(TOPIC, b"a record")


async def test_what_was_acknowledged_survives_the_kill_of_both_servers(stack: Stack) -> None:
    await keep_something(stack)

    await asyncio.gather(stack.kill("kafka"), stack.kill("postgres"))
    await asyncio.gather(stack.restart("kafka"), stack.restart("postgres"))

    assert await rows(stack.database_url) == ["a row"]
    assert await records(stack.bootstrap_servers) == [b"a record"]


async def test_a_session_that_computes_on_after_the_server_was_killed_does_not_hinder_the_next_start(
    stack: Stack,
) -> None:
    session = await asyncpg.connect(stack.database_url)
    endless = asyncio.create_task(
        session.fetchval("SELECT count(*) FROM generate_series(1, 10000000000) g WHERE g < 0")
    )
    await eventually(lambda: computing(stack))

    await stack.kill("postgres")
    await stack.restart("postgres")

    with pytest.raises((OSError, asyncpg.PostgresError, asyncpg.InterfaceError)):
        await endless


async def computing(stack: Stack) -> bool:
    observer = await asyncpg.connect(stack.database_url)
    try:
        query = (
            "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%generate_series(1, 1000%'"
        )
        return bool(await observer.fetchval(query + " AND pid <> pg_backend_pid()"))
    finally:
        await observer.close()


@pytest.mark.parametrize("name", ["kafka", "postgres"])
async def test_a_server_that_crashes_is_started_again_and_this_is_said(
    stack: Stack, said: list[str], name: str
) -> None:
    crashed = stack.pid(name)

    os.kill(crashed, signal.SIGKILL)

    await eventually(lambda: answered(stack, name, crashed))
    assert any(line.startswith(f"{name} ended (SIGKILL), starts again in") for line in said)


async def answered(stack: Stack, name: str, crashed: int) -> bool:
    if stack.pid(name) == crashed:
        return False
    try:
        match name:
            case "kafka":
                await records(stack.bootstrap_servers)
            case _:
                await rows(stack.database_url)
    except (OSError, KafkaError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return False
    return True


async def test_a_second_beamcat_on_the_same_directory_is_told_which_process_holds_it(
    stack: Stack, data_directory: Path
) -> None:
    assert stack.environment
    with pytest.raises(DataDirectoryError, match=rf"process {os.getpid()}\) runs on {data_directory}"):
        async with embedded_stack(data_directory, environment={}):
            pytest.fail("two stacks on one directory")


async def test_the_database_knows_no_user_without_a_password(stack: Stack) -> None:
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(stack.database_url, password="a guess")


async def test_given_servers_replace_ours(tmp_path: Path) -> None:
    given = {
        "BEAMCAT_KAFKA_BOOTSTRAP_SERVERS": "broker.example:9092",
        "BEAMCAT_DATABASE_URL": "postgresql://database.example/beamcat",
    }
    async with embedded_stack(tmp_path, environment=given) as stack:
        assert stack.environment == given
    assert not (tmp_path / "kafka").exists()
    assert not (tmp_path / "postgres").exists()


async def test_two_stacks_that_start_at_the_same_moment_both_serve_each_its_own_data(tmp_path: Path) -> None:
    async with contextlib.AsyncExitStack() as running:
        one, other = await asyncio.gather(
            *(running.enter_async_context(embedded_stack(tmp_path / name, environment={})) for name in ("one", "other"))
        )
        for stack in (one, other):
            await keep_something(stack)

        assert one.bootstrap_servers != other.bootstrap_servers
        assert await rows(one.database_url) == await rows(other.database_url) == ["a row"]
        assert await records(one.bootstrap_servers) == await records(other.bootstrap_servers) == [b"a record"]


OTHER_RUN = """
import asyncio, pathlib, sys
from deploy.embedded.stack import embedded_stack

async def main():
    async with embedded_stack(pathlib.Path(sys.argv[1]), environment={}, say=lambda _: None) as stack:
        print(stack.pid("kafka"), stack.pid("postgres"), flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


async def test_a_killed_run_leaves_no_process_and_the_next_starts_cleanly(tmp_path: Path) -> None:
    run = await asyncio.create_subprocess_exec(sys.executable, "-c", OTHER_RUN, str(tmp_path), stdout=subprocess.PIPE)
    assert run.stdout is not None
    servers = [psutil.Process(int(pid)) for pid in (await run.stdout.readline()).split()]
    run.kill()
    await run.wait()

    async with embedded_stack(tmp_path, environment={}, say=print) as stack:
        assert [server for server in servers if server.is_running()] == []
        await stack.kill("postgres")
        a_number_reused_by_the_system(tmp_path / "postgres" / "postmaster.pid")
        await stack.restart("postgres")


def a_number_reused_by_the_system(lock: Path) -> None:
    """What a crashed server's lock file says after a reboot: its process number is another program's by now."""
    _, *others = lock.read_text().splitlines()
    lock.write_text("\n".join([str(os.getpid()), *others]) + "\n")

"""Disturbances besides kills: sessions that end, processes that are suspended, foreign records on the topics.

Each happens while datasets flow, at a moment that the seed chooses, and ends by itself.
"""

import asyncio
import os
import random
import signal
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager, suppress

import asyncpg
import psutil
from aiokafka.errors import KafkaError

from deploy.embedded.installation import Installation
from shared.kafka.publisher import KafkaPublisher
from tests.builders.harm import END_SESSIONS, garbage, take_back
from tests.builders.submissions import raw_submission, submitted

NOISE = "noise-"
"""The prefix of the receipts of garbage."""
FROZEN_SECONDS = 15.0
SERVER_FROZEN_SECONDS = 5.0
SESSIONS_SECONDS = 4.0

Disturbance = Callable[[Installation, random.Random], Coroutine[None, None, None]]


async def sessions_end(running: Installation, _chance: random.Random) -> None:
    """PostgreSQL ends every session of every service four times a second."""
    with suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):  # the server may be killed meanwhile
        connection = await asyncpg.connect(running.settings.database.url)
        for _ in range(int(4 * SESSIONS_SECONDS)):
            await connection.fetchval(END_SESSIONS)
            await asyncio.sleep(0.25)
        await connection.close()


async def service_stands_still(running: Installation, chance: random.Random) -> None:
    """One process is suspended at any point, even in a transaction, and resumes when others have its partitions."""
    with _stopped([running.supervisor.pid(chance.choice(sorted(running.urls)))]):
        await asyncio.sleep(FROZEN_SECONDS)


async def postgres_stands_still(running: Installation, _chance: random.Random) -> None:
    """PostgreSQL does not answer, but keeps its connections."""
    with suppress(psutil.NoSuchProcess), _stopped(_family(running.stack.pid("postgres"))):
        await asyncio.sleep(SERVER_FROZEN_SECONDS)


async def kafka_stands_still(running: Installation, _chance: random.Random) -> None:
    """Kafka does not answer, but keeps its connections."""
    with _stopped([running.stack.pid("kafka")]):
        await asyncio.sleep(SERVER_FROZEN_SECONDS)


async def transaction_is_taken_back(running: Installation, chance: random.Random) -> None:
    """Valid submissions in a transaction of Kafka that is aborted, so they do not count."""
    said = [submitted(raw_submission(2 * 10**6 + number, chance), f"aborted-{number}") for number in range(20)]
    with suppress(KafkaError, TimeoutError):  # the broker may be killed meanwhile
        async with asyncio.timeout(30):
            await take_back(running.settings.kafka, said, f"faults-{chance.random()}")


async def garbage_between_stages(running: Installation, chance: random.Random) -> None:
    """Records on the topics between the stages that no stage wrote. Each is refused with the right reason."""
    publisher = KafkaPublisher(running.settings.kafka, "garbage")
    good = submitted(raw_submission(3 * 10**6, chance), "good")
    messages = garbage(good, 60, NOISE, chance)
    with suppress(KafkaError, TimeoutError):
        await publisher.start()
        await publisher.publish(messages)
    await publisher.stop()


DISTURBANCES: dict[str, Disturbance] = {
    "PostgreSQL's sessions end": sessions_end,
    "a service stands still": service_stands_still,
    "PostgreSQL stands still": postgres_stands_still,
    "Kafka stands still": kafka_stands_still,
    "a transaction is taken back": transaction_is_taken_back,
    "garbage comes between the stages": garbage_between_stages,
}


def _family(pid: int) -> list[int]:
    """A process and its children."""
    return [pid, *(child.pid for child in psutil.Process(pid).children(recursive=True))]


@contextmanager
def _stopped(pids: Sequence[int]) -> Iterator[None]:
    """Suspend processes until the block ends. A process that is killed meanwhile stays dead."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)

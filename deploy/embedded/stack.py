"""The embedded stack behind one door: ``async with embedded_stack(directory) as stack``."""

import contextlib
import fcntl
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from pathlib import Path

from deploy.embedded.kafka import Kafka
from deploy.embedded.ports import Ports
from deploy.embedded.postgres import Postgres
from deploy.embedded.supervisor import Kept, Say, all_of

KAFKA_VARIABLE = "BEAMCAT_KAFKA_BOOTSTRAP_SERVERS"
DATABASE_VARIABLE = "BEAMCAT_DATABASE_URL"

PREFERRED_KAFKA_PORT = 19092
PREFERRED_CONTROLLER_PORT = 19093
PREFERRED_POSTGRES_PORT = 15432


class DataDirectoryError(Exception):
    """The data directory is held by another process, or belongs to another user."""


class Stack:
    """A running Kafka and a running PostgreSQL, ours or given from outside. Ours are started again if they crash."""

    def __init__(
        self, kafka: Kafka | None, postgres: Postgres | None, given: Mapping[str, str], ports: Ports, say: Say
    ) -> None:
        self.ports = ports
        """Where the ports of what runs beside it come from."""
        self._kafka = kafka
        self._postgres = postgres
        self._given = given
        self._kept = {server.name: Kept(server, say) for server in (kafka, postgres) if server}

    @property
    def bootstrap_servers(self) -> str:
        """Where clients of Kafka connect first."""
        return self._kafka.bootstrap_servers if self._kafka else self._given[KAFKA_VARIABLE]

    @property
    def database_url(self) -> str:
        """Where to connect to PostgreSQL, as a role that may do everything."""
        return self._postgres.url if self._postgres else self._given[DATABASE_VARIABLE]

    @property
    def environment(self) -> dict[str, str]:
        """The variables by which every process of beamcat finds this stack."""
        return {KAFKA_VARIABLE: self.bootstrap_servers, DATABASE_VARIABLE: self.database_url}

    def pid(self, name: str) -> int:
        """The present process id of ``"kafka"`` or ``"postgres"``; another after each restart."""
        return self._kept[name].child.pid

    async def start(self) -> None:
        """Start our servers, both at once.

        Raises:
            ServerFailedError: a server does not start; the message has the tail of its log, or the jar that differs.
        """
        await all_of(kept.start() for kept in self._kept.values())

    async def stop(self) -> None:
        """Stop our servers in order: PostgreSQL writes a checkpoint, Kafka closes its logs."""
        await all_of(kept.stop() for kept in self._kept.values())

    async def restart(self, name: str) -> None:
        """Stop one server in order, if it still runs, and start it again on the same port."""
        await self._kept[name].stop()
        await self._kept[name].start()

    async def kill(self, name: str) -> None:
        """End one server as a power cut would; it stays away until ``restart``."""
        await self._kept[name].kill()


@contextlib.asynccontextmanager
async def embedded_stack(
    data_directory: Path,
    *,
    say: Say = print,
    environment: Mapping[str, str] = os.environ,
    meanwhile: Callable[[], Awaitable[None]] | None = None,
) -> AsyncIterator[Stack]:
    """Kafka and PostgreSQL with their data under the directory, running until the block ends.

    A server that the environment names (``BEAMCAT_KAFKA_BOOTSTRAP_SERVERS``, ``BEAMCAT_DATABASE_URL``) is used instead
    of ours. `meanwhile` begins what may go on while the servers start, once the directory is ours.

    Raises:
        DataDirectoryError: another beamcat runs on this directory, or it is another user's.
        ServerFailedError: a server does not start.
    """
    with _held(data_directory) as directory, Ports(directory / "ports.json", say) as ports:
        stack = _stack(directory, environment, ports, say)
        try:
            if meanwhile is not None:
                await meanwhile()
            await stack.start()
            yield stack
        finally:
            await stack.stop()


def _stack(directory: Path, environment: Mapping[str, str], ports: Ports, say: Say) -> Stack:
    """The stack of a directory, its ports chosen, nothing started."""
    logs = directory / "logs"
    logs.mkdir(exist_ok=True)
    kafka = postgres = None
    if not environment.get(KAFKA_VARIABLE):
        port = ports.take("kafka", PREFERRED_KAFKA_PORT)
        controller_port = ports.take("kafka-controller", PREFERRED_CONTROLLER_PORT)
        kafka = Kafka(directory / "kafka", logs / "kafka.log", port, controller_port)
    if not environment.get(DATABASE_VARIABLE):
        port = ports.take("postgres", PREFERRED_POSTGRES_PORT)
        postgres = Postgres(directory / "postgres", logs / "postgres.log", port)
    return Stack(kafka, postgres, environment, ports, say)


@contextlib.contextmanager
def _held(directory: Path) -> Iterator[Path]:
    """Hold the directory against every other process, until the block or this process ends."""
    directory = directory.resolve()
    try:
        directory.mkdir(parents=True, exist_ok=True)
        lock = (directory / "lock").open("a+", encoding="utf-8")
    except PermissionError:
        raise DataDirectoryError(f"{directory} belongs to another user: take it over, or give another") from None
    except OSError as error:
        raise DataDirectoryError(f"{directory} cannot hold data: {error.strerror}; give another (--data)") from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise DataDirectoryError(
                f"another beamcat (process {lock.read() or 'unknown'}) runs on {directory}: "
                "stop that one first, or give another data directory"
            ) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield directory

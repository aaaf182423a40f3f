"""The embedded stack: ``async with embedded_stack(directory) as stack``."""

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
    """Another process uses the data directory, or it belongs to another user."""


class Stack:
    """A running Kafka and a running PostgreSQL, either ours or given. Ours are restarted if they crash."""

    def __init__(
        self, kafka: Kafka | None, postgres: Postgres | None, given: Mapping[str, str], ports: Ports, say: Say
    ) -> None:
        self.ports = ports
        """The source of ports for what runs beside the stack."""
        self._kafka = kafka
        self._postgres = postgres
        self._given = given
        self._kept = {server.name: Kept(server, say) for server in (kafka, postgres) if server}

    @property
    def bootstrap_servers(self) -> str:
        """The address to which clients of Kafka connect first."""
        return self._kafka.bootstrap_servers if self._kafka else self._given[KAFKA_VARIABLE]

    @property
    def database_url(self) -> str:
        """The URL of PostgreSQL, with a role that has all rights."""
        return self._postgres.url if self._postgres else self._given[DATABASE_VARIABLE]

    @property
    def environment(self) -> dict[str, str]:
        """The variables with which every process of beamcat finds this stack."""
        return {KAFKA_VARIABLE: self.bootstrap_servers, DATABASE_VARIABLE: self.database_url}

    def pid(self, name: str) -> int:
        """The current process id of ``"kafka"`` or ``"postgres"``. It changes with each restart."""
        return self._kept[name].child.pid

    async def start(self) -> None:
        """Start both servers at the same time.

        Raises:
            ServerFailedError: a server does not start; the message has the tail of its log, or the jar that differs.
        """
        await all_of(kept.start() for kept in self._kept.values())

    async def stop(self) -> None:
        """Stop both servers in order: PostgreSQL writes a checkpoint, and Kafka closes its logs."""
        await all_of(kept.stop() for kept in self._kept.values())

    async def restart(self, name: str) -> None:
        """Stop one server in order, if it still runs, and start it again on the same port."""
        await self._kept[name].stop()
        await self._kept[name].start()

    async def kill(self, name: str) -> None:
        """Kill one server, like a power failure. It stays down until ``restart``."""
        await self._kept[name].kill()


@contextlib.asynccontextmanager
async def embedded_stack(
    data_directory: Path,
    *,
    say: Say = print,
    environment: Mapping[str, str] = os.environ,
    meanwhile: Callable[[], Awaitable[None]] | None = None,
) -> AsyncIterator[Stack]:
    """Run Kafka and PostgreSQL until the block ends, with their data under the directory.

    A server that the environment names (``BEAMCAT_KAFKA_BOOTSTRAP_SERVERS``, ``BEAMCAT_DATABASE_URL``) is used instead
    of ours. `meanwhile` is called once the directory is locked, to begin work while the servers start.

    Raises:
        DataDirectoryError: another beamcat uses this directory, or it belongs to another user.
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
    """The stack of a directory with its ports. Nothing is started yet."""
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
    """Lock the directory until the block or this process ends."""
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

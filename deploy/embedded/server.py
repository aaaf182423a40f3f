"""Child processes: how they are started, awaited and ended, so that none is left behind."""

import asyncio
import contextlib
import shutil
import signal
import sys
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO, Protocol

import psutil

START_TIMEOUT_SECONDS = 300.0  # recovery after a crash under full load reads gigabytes
STOP_GRACE_SECONDS = 20.0
POLL_SECONDS = 0.03
LOG_LIMIT_BYTES = 16 * 1024 * 1024
LOG_TAIL_LINES = 12
AS_OTHER_USER = [
    "--clear-groups",
    "--inh-caps=+dac_override",
    "--ambient-caps=+dac_override",
    "--securebits=+no_setuid_fixup",  # or access(2), which initdb calls for its binaries, ignores the capability
]


class ServerFailedError(Exception):
    """A server ended, or did not answer, while it was being started. The message ends with the tail of its log."""


def bound_to_parent(argv: Sequence[str], death_signal: signal.Signals, as_user: int | None = None) -> list[str]:
    """A command line whose process ends with its parent and, for root, runs as another user.

    The other user keeps one capability of root, to enter folders (CAP_DAC_OVERRIDE), so that a clone in ``/root`` works
    and no folder's mode has to change. Without ``setpriv`` (macOS), the child may outlive a killed parent; the next
    start ends it.

    Raises:
        ServerFailedError: another user is requested, but ``setpriv`` is missing.
    """
    setpriv = shutil.which("setpriv") if sys.platform == "linux" else None
    if setpriv is None:
        if as_user is not None:
            raise ServerFailedError(
                "PostgreSQL does not run as root, and setpriv (package util-linux) is missing: use an ordinary user"
            )
        return list(argv)
    user = [] if as_user is None else [f"--reuid={as_user}", f"--regid={as_user}", *AS_OTHER_USER]
    return [setpriv, "--pdeathsig", death_signal.name.removeprefix("SIG"), *user, "--", *argv]


def end_leftovers(marker: str, directory: Path, program: str, first_signal: signal.Signals) -> int:
    """End the remaining processes of a server after its run was killed. It returns their number.

    A server has the marker as an argument. Its children have the program's name and work in the data directory; a
    session of PostgreSQL may run on for a long time without its parent. Call this only while holding the lock of the
    data directory, when no such process is wanted.
    """
    found = []
    for process in psutil.process_iter(["cmdline", "cwd", "name"]):
        seen = process.info
        if marker in (seen["cmdline"] or ()) or (seen["cwd"] == str(directory) and seen["name"] == program):
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(first_signal)
            found.append(process)
    _, alive = psutil.wait_procs(found, timeout=5)
    for process in alive:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(alive, timeout=5)
    return len(found)


def tail(log: Path, lines: int = LOG_TAIL_LINES) -> str:
    """The last lines of a log, for a message."""
    text = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
    return "\n".join(text.splitlines()[-lines:])


def log_of(path: Path) -> BinaryIO:
    """The log, open for appending. A long log is first moved aside."""
    if path.exists() and path.stat().st_size > LOG_LIMIT_BYTES:
        path.replace(path.with_suffix(".log.1"))
    return path.open("ab")


class Process(Protocol):
    """A running process, with the interface of asyncio's processes."""

    @property
    def pid(self) -> int:
        """The process id."""

    @property
    def returncode(self) -> int | None:
        """The exit code, negative for a signal. None while it runs."""

    async def wait(self) -> int:
        """Wait until the process ends, and return its exit code."""

    def send_signal(self, signal: int) -> None:
        """Send a signal to the process."""

    def kill(self) -> None:
        """Send SIGKILL to the process."""


class Child(ABC):
    """A child process with a name and a log, in its own session.

    So Ctrl-C in a terminal reaches only the parent, which decides the order of the ends.
    """

    name: str
    stop_signal = signal.SIGTERM

    def __init__(self, log: Path) -> None:
        self.log = log
        self._process: Process | None = None

    @abstractmethod
    async def start(self) -> None:
        """Start the process, and return when it serves, as far as can be known."""

    @property
    def pid(self) -> int:
        """The process id."""
        return self._started.pid

    @property
    def refusal(self) -> str:
        """Why it ended, if every further start would end in the same way; otherwise empty."""
        return ""

    async def ended(self) -> int:
        """Wait until the process ends, and return its exit code (negative for a signal)."""
        return await self._started.wait()

    async def stop(self) -> None:
        """Ask the process to end and wait. Kill it if it does not end."""
        await self._end(self.stop_signal)

    async def kill(self) -> None:
        """Kill the process (SIGKILL), like a power failure, and wait until it is gone."""
        await self._end(signal.SIGKILL)

    @property
    def _started(self) -> Process:
        assert self._process is not None, f"{self.name} is not started"
        return self._process

    async def _spawn(self, argv: Sequence[str]) -> asyncio.subprocess.Process:
        with log_of(self.log) as log:
            return await asyncio.create_subprocess_exec(
                *argv, stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )

    async def _end(self, how: signal.Signals) -> None:
        if self._process is None or self._process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(how)
        try:
            async with asyncio.timeout(STOP_GRACE_SECONDS):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()


class Server(Child):
    """The common part of PostgreSQL and Kafka. ``start`` returns when the server answers."""

    death_signal: signal.Signals

    def __init__(self, data: Path, log: Path) -> None:
        super().__init__(log)
        self._data = data

    @property
    @abstractmethod
    def command(self) -> list[str]:
        """The command line that runs the server in the foreground."""

    @property
    @abstractmethod
    def marker(self) -> str:
        """The only argument of the command line that names this data directory and nothing else."""

    @abstractmethod
    async def prepare(self) -> None:
        """Make the data directory, if necessary, and remove what a crash left in it."""

    @abstractmethod
    async def answers(self) -> bool:
        """Whether the server answers. This is asked repeatedly while it starts."""

    async def start(self) -> None:
        """Start the server from any state that the last run left, and wait until it answers.

        Raises:
            ServerFailedError: it ended or stayed silent.
        """
        end_leftovers(self.marker, self._data, self.name, self.death_signal)
        await self.prepare()
        self._process = await self._spawn(self.command)
        try:
            async with asyncio.timeout(START_TIMEOUT_SECONDS):
                while not await self.answers():
                    if self._process.returncode is not None:
                        raise ServerFailedError(f"{self.name} ended while starting. {self.log}:\n{tail(self.log)}")
                    await asyncio.sleep(POLL_SECONDS)
        except TimeoutError:
            await self.kill()
            raise ServerFailedError(f"{self.name} does not answer. {self.log}:\n{tail(self.log)}") from None

    async def run_tool(self, argv: Sequence[str], as_user: int | None = None) -> None:
        """Run a command of the server until it ends.

        Raises:
            ServerFailedError: it failed.
        """
        tool = await self._spawn(bound_to_parent(argv, signal.SIGKILL, as_user))
        try:
            code = await tool.wait()
        except asyncio.CancelledError:
            tool.kill()
            raise
        if code:
            raise ServerFailedError(f"{Path(argv[0]).name} failed. {self.log}:\n{tail(self.log)}")

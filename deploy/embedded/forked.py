"""The services as children of the nursery (`deploy/embedded/nursery.py` says why)."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path

from deploy.embedded.server import Child, ServerFailedError, bound_to_parent, log_of, tail


class Forked:
    """A process that the nursery forked, with the interface of asyncio's processes."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self.refusal = ""
        """Why it does not start, if another attempt would fail in the same way; otherwise empty."""
        self._ended = asyncio.Event()

    async def wait(self) -> int:
        """Wait until the process ends, and return its exit code."""
        await self._ended.wait()
        assert self.returncode is not None
        return self.returncode

    def send_signal(self, signal: int) -> None:
        """Send a signal to the process, unless it has ended."""
        if self.returncode is None:
            os.kill(self.pid, signal)

    def kill(self) -> None:
        """Send SIGKILL to the process."""
        self.send_signal(signal.SIGKILL)

    def end(self, exit_code: int, refusal: str = "") -> None:
        """Note how the process ended."""
        self.returncode, self.refusal = exit_code, refusal
        self._ended.set()


class Nursery(Child):
    """The process that forks the services. If it ends, the next order starts it again."""

    name = "nursery"

    def __init__(self, log: Path) -> None:
        super().__init__(log)
        self._one_at_a_time = asyncio.Lock()
        self._running: dict[int, Forked] = {}
        self._orders: asyncio.StreamWriter | None = None
        self._listening: asyncio.Task[None] | None = None
        self._answer: asyncio.Future[Forked] | None = None

    async def start(self) -> None:
        """Start loading. Orders are accepted at once."""
        with log_of(self.log) as log:
            process = await asyncio.create_subprocess_exec(
                *bound_to_parent([sys.executable, "-m", "deploy.embedded.nursery"], signal.SIGKILL),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},  # a process with threads cannot fork safely
                start_new_session=True,
            )
        assert process.stdout is not None
        self._process, self._orders = process, process.stdin
        self._listening = asyncio.create_task(self._listen(process.stdout))

    async def stop(self) -> None:
        """End the nursery and everything that it forked."""
        await self.kill()
        if self._listening is not None:
            await self._listening

    async def fork(self, program: str, environment: Mapping[str, str], log: Path) -> Forked:
        """Fork a process that runs a program, with additional environment variables.

        Raises:
            ServerFailedError: the nursery ended instead.
        """
        order = {"program": program, "environment": dict(environment), "log": str(log.absolute())}
        log_of(log).close()
        return await asyncio.shield(self._followed(order))  # if the caller is cancelled, no other order gets its answer

    async def _followed(self, order: Mapping[str, object]) -> Forked:
        async with self._one_at_a_time:
            if self._listening is None or self._listening.done():
                await self.start()
            assert self._orders is not None
            answer: asyncio.Future[Forked] = asyncio.get_running_loop().create_future()
            self._answer = answer
            self._orders.write(json.dumps(order).encode() + b"\n")
            return await answer

    async def _listen(self, said: asyncio.StreamReader) -> None:
        async for line in said:
            match json.loads(line):
                case {"pid": pid, "ended": exit_code, "refused": why}:
                    self._running.pop(pid).end(exit_code, why)
                case {"pid": pid} if self._answer is not None:
                    self._running[pid] = Forked(pid)
                    self._answer.set_result(self._running[pid])
        for forked in self._running.values():
            forked.end(-signal.SIGKILL)
        self._running.clear()
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(ServerFailedError(f"the nursery ended. {self.log}:\n{tail(self.log)}"))


class ServiceProcess(Child):
    """A process of a service. `environment` is added to our own."""

    def __init__(self, name: str, nursery: Nursery, environment: Mapping[str, str], log: Path) -> None:
        super().__init__(log)
        self.name = name
        self._nursery = nursery
        self._environment = environment
        self._forked: Forked | None = None

    async def start(self) -> None:
        """Fork the process. It reports itself whether it serves."""
        self._process = self._forked = await self._nursery.fork(
            self.name.partition("-")[0], self._environment, self.log
        )

    @property
    def refusal(self) -> str:
        """The reason why it does not start, by its own report."""
        return self._forked.refusal if self._forked is not None else ""

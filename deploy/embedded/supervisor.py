"""Keeps processes alive. A process that ends unasked is started again, sooner if it lived long, and this is reported.

If a process reports that no start can succeed, because a setting or a file is wrong, all end, and the reason is raised.
"""

import asyncio
import contextlib
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable

from deploy.embedded.server import Child, ServerFailedError
from shared.foundation.errors import Fatal

FIRST_DELAY_SECONDS = 0.2
LONGEST_DELAY_SECONDS = 30.0
STEADY_SECONDS = 20.0

Say = Callable[[str], None]


class StartRefused(Fatal):
    """A child does not start, and never will in this way. The message says why."""


class RestartPolicy:
    """How long to wait before a start. The wait doubles with each end in a row that came soon after the start."""

    def __init__(self) -> None:
        self._quick_deaths = 0

    def delay_seconds(self, lived_seconds: float) -> float:
        """The wait after a life of this length. A long life resets the count."""
        self._quick_deaths = 0 if lived_seconds >= STEADY_SECONDS else self._quick_deaths + 1
        doublings = min(max(self._quick_deaths - 1, 0), 16)
        return min(LONGEST_DELAY_SECONDS, FIRST_DELAY_SECONDS * 2.0**doublings)


class Kept:
    """A child, and the task that restarts it until it is stopped or killed through this object."""

    def __init__(self, child: Child, say: Say, give_up: Callable[[BaseException], None] = lambda _why: None) -> None:
        self.child = child
        self._say = say
        self._give_up = give_up
        self._keeper: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start the child. From now on it is kept alive."""
        await self.child.start()
        self._keeper = asyncio.create_task(keep_alive(self.child, self._say), name=f"keep {self.child.name} alive")
        self._keeper.add_done_callback(self._look)

    async def stop(self) -> None:
        """Stop the child for good."""
        await self._let_go()
        await self.child.stop()

    async def kill(self) -> None:
        """Kill the child for good."""
        await self._let_go()
        await self.child.kill()

    def _look(self, keeper: asyncio.Task[None]) -> None:
        if not keeper.cancelled() and (error := keeper.exception()) is not None:
            self._give_up(error)

    async def _let_go(self) -> None:
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.wait([self._keeper])
            self._keeper = None


async def keep_alive(
    child: Child,
    say: Say,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> None:
    """Restart a running child whenever it ends, until this is cancelled.

    Raises:
        StartRefused: the child says that it would end again.
    """
    policy = RestartPolicy()
    while True:
        started = clock()
        end = _described(await child.ended())
        if child.refusal:
            raise StartRefused(f"{child.name} does not start: {child.refusal}")
        while True:
            delay = policy.delay_seconds(clock() - started)
            say(f"{child.name} ended ({end}), starts again in {delay:.1f} s; see {child.log}")
            await sleep(delay)
            started = clock()
            try:
                await child.start()
                break
            except (ServerFailedError, OSError) as error:
                end = str(error)


class Supervisor:
    """The supervised processes."""

    def __init__(self, children: Iterable[Child], say: Say) -> None:
        self._kept = {child.name: Kept(child, say, self._give_up) for child in children}
        self._refusal: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def refused(self) -> None:
        """Wait until a child refuses to start.

        Raises:
            StartRefused: it does.
        """
        await self._refusal

    def _give_up(self, why: BaseException) -> None:
        if not self._refusal.done():
            self._refusal.set_exception(why)

    def pid(self, name: str) -> int:
        """The current process id of a child. It changes with each restart."""
        return self._kept[name].child.pid

    async def start(self) -> None:
        """Start all."""
        await all_of(kept.start() for kept in self._kept.values())

    async def stop(self) -> None:
        """Ask all to end, wait, and kill those that do not end. Afterwards none is left."""
        await all_of(kept.stop() for kept in self._kept.values())


@contextlib.asynccontextmanager
async def supervised(children: Iterable[Child], say: Say = print) -> AsyncIterator[Supervisor]:
    """Run children until the block ends.

    Raises:
        StartRefused: a child does not start, however often it is tried; the block was cancelled.
    """
    supervisor = Supervisor(children, say)
    try:
        async with asyncio.TaskGroup() as group:
            await supervisor.start()
            watch = group.create_task(supervisor.refused())
            yield supervisor
            watch.cancel()
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from None
    finally:
        await supervisor.stop()


async def all_of(works: Iterable[Coroutine[None, None, None]]) -> None:
    """Run all at the same time. If one fails, the others still end before its error is raised."""
    for outcome in await asyncio.gather(*works, return_exceptions=True):
        if isinstance(outcome, BaseException):
            raise outcome


def _described(exit_code: int) -> str:
    return f"exit code {exit_code}" if exit_code >= 0 else signal.Signals(-exit_code).name

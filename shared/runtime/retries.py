"""Retries: the one loop around work that transient errors may interrupt, for stages, relays and timers."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from shared.runtime.backoff import Backoff
from shared.runtime.error_kinds import ErrorKind, error_kind
from shared.runtime.metrics import observe_retry

T = TypeVar("T")


async def retried(work: Callable[[], Awaitable[T]], wait: Callable[[int, Exception], Awaitable[None]]) -> T:
    """Do the work until it succeeds.

    After each failure `wait` gets the number of failed attempts and the error. It returns when the next attempt may
    begin; an error that it raises ends the attempts.
    """
    attempt = 0
    while True:
        try:
            return await work()
        except Exception as error:  # noqa: BLE001  `wait` decides which errors are final
            attempt += 1
            await wait(attempt, error)


async def until_done(who: str, work: Callable[[], Awaitable[T]], backoff: Backoff) -> T:
    """Do the work until it succeeds, and report failures.

    A failed attempt is never silent: it is counted (`beamcat_retries`) and logged, and `/ready` shows it after a while.

    Raises:
        Stopping: the service stops.
        Exception: an error that no retry can fix.
    """

    async def wait(attempt: int, error: Exception) -> None:
        if error_kind(error) is ErrorKind.FATAL:
            raise error
        observe_retry(who, error)
        backoff.failed(who, error)
        await backoff.wait(attempt, who, error)

    result = await retried(work, wait)
    backoff.succeeded(who)
    return result


async def every(seconds: float, who: str, work: Callable[[], Awaitable[None]], backoff: Backoff) -> None:
    """Repeat the work for ever, with a pause of `seconds` after each time.

    Raises:
        Stopping: the service stops.
        Exception: an error that no retry can fix.
    """
    while True:
        await until_done(who, work, backoff)
        await backoff.sleep(seconds)

"""Trying again: the one loop of stages, relays and timers around what passing faults may interrupt."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from shared.runtime.backoff import Backoff
from shared.runtime.error_kinds import ErrorKind, error_kind
from shared.runtime.metrics import observe_retry

T = TypeVar("T")


async def until_done(who: str, work: Callable[[], Awaitable[T]], backoff: Backoff) -> T:
    """Do the work, however often it fails first.

    A failed attempt is never silent: it is counted (`beamcat_retries`) and logged, and `/ready` shows it after a while.

    Raises:
        Stopping: the service stops.
        Exception: an error that no retry can mend.
    """
    attempt = 0
    while True:
        try:
            result = await work()
        except Exception as error:
            if error_kind(error) is ErrorKind.FATAL:
                raise
            attempt += 1
            observe_retry(who, error)
            backoff.failed(who, error)
            await backoff.wait(attempt, who, error)
        else:
            backoff.succeeded(who)
            return result

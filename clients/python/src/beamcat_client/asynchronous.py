"""The client for asyncio. Each call runs in a worker thread, so a slow disk or gateway never blocks the event loop."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import AsyncIterator, Coroutine
from types import TracebackType
from typing import TYPE_CHECKING, Any, Callable, TypeVar

from beamcat_client.client import Client

if TYPE_CHECKING:
    from typing_extensions import Concatenate, ParamSpec

    P = ParamSpec("P")

T = TypeVar("T")


def _in_thread(
    method: Callable[Concatenate[Client, P], T],
) -> Callable[Concatenate[AsyncClient, P], Coroutine[Any, Any, T]]:
    @functools.wraps(method)
    async def call(self: AsyncClient, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await asyncio.to_thread(functools.partial(method, self._client, *args, **kwargs))

    return call


class AsyncClient:
    """`Client` for asyncio, with the same arguments and methods. A cancelled call may have stored its dataset."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._client = Client(*args, **kwargs)

    close = _in_thread(Client.close)
    store_dataset = _in_thread(Client.store_dataset)
    store = _in_thread(Client.store)
    flush = _in_thread(Client.flush)
    waiting = _in_thread(Client.waiting)
    refused = _in_thread(Client.refused)
    forget = _in_thread(Client.forget)
    retry = _in_thread(Client.retry)
    check = _in_thread(Client.check)
    status = _in_thread(Client.status)
    statuses = _in_thread(Client.statuses)
    wait = _in_thread(Client.wait)
    dataset = _in_thread(Client.dataset)
    lineage = _in_thread(Client.lineage)

    async def find(self, q: str | None = None, **filters: Any) -> AsyncIterator[dict[str, Any]]:
        """As `Client.find`."""
        found = self._client.find(q, **filters)
        while (dataset := await asyncio.to_thread(next, found, None)) is not None:
            yield dataset

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

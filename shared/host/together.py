"""Several services in one process, which hand events over to each other in memory (`shared.stages.handover`)."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import chain
from typing import Any

from fastapi import APIRouter, FastAPI

from shared.events.topics import BETWEEN_STAGES
from shared.host.host import Host, face, operations
from shared.host.service import Service
from shared.host.settings import ServiceSettings
from shared.stages.handover import Follower


class Together:
    """Runs services in this process, given in the order in which a dataset passes them.

    Each keeps its own stages, consumer groups, schema and role. Its routes are below its name, such as `/linker/check`.
    """

    def __init__(self, name: str, services: Sequence[tuple[Service[Any], ServiceSettings]]) -> None:
        self.name = name
        self.end: Callable[[], None] = lambda: None
        """Stops the process in order. The code that runs it sets it."""
        followers: dict[str, Follower] = {}
        self._hosts: list[Host] = []
        for service, settings in reversed(services):
            host = Host(service, settings, followers)
            host.end = self._end
            self._hosts.append(host)
            between = (each for each in host.stages if each.stage.consumes in BETWEEN_STAGES)
            followers.update((each.stage.consumes.name, each) for each in between)

    def _end(self) -> None:
        self.end()

    @property
    def failure(self) -> str | None:
        """The error that ended a service."""
        return next((host.failure for host in self._hosts if host.failure), None)

    @property
    def refusal(self) -> str | None:
        """Why it does not start, if another attempt would fail in the same way."""
        return next((host.refusal for host in self._hosts if host.refusal), None)

    def app(self) -> FastAPI:
        """The HTTP application. Its lifespan is that of all services."""
        app = face(self.name, APIRouter(), self._lifespan)
        app.include_router(operations(self.name, self._reasons))
        for host in self._hosts:
            app.mount(f"/{host.service.name}", host.app())
        return app

    def _reasons(self) -> list[str]:
        return list(chain.from_iterable(host.reasons() for host in self._hosts))

    @asynccontextmanager
    async def _lifespan(self, app: FastAPI) -> AsyncIterator[None]:
        """Begin with the last service and end with it, so that none hands over to one that does not run."""
        async with AsyncExitStack() as lives:
            for host in self._hosts:
                await lives.enter_async_context(host.lifespan(app))
            yield

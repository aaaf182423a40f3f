"""The part of Jolokia that pyicat-plus asks ActiveMQ for: the number of consumers of a queue."""

import asyncio
import contextlib
import logging
import socket
from collections.abc import Callable, Iterator
from datetime import datetime

from fastapi import APIRouter, FastAPI
from fastapi.responses import JSONResponse

from services.icat_gateway.jolokia.consumers import Consumers
from services.icat_gateway.ports import QUEUES
from shared.foundation.errors import cannot_listen
from shared.http.door import Door
from shared.http.problems import answer_in_problems
from shared.http.server import HttpConfig, HttpServer
from shared.http.settings import HttpSettings
from shared.runtime.backoff import Backoff

logger = logging.getLogger(__name__)

ATTRIBUTE = "ConsumerCount"


class Jolokia:
    """The route, and its server on the port that clients expect."""

    def __init__(
        self,
        address: tuple[str, int],
        http: HttpSettings,
        consumers: Consumers,
        backoff: Backoff,
        clock: Callable[[], datetime],
    ) -> None:
        self._address = address
        self._http = http
        self._consumers = consumers
        self._backoff = backoff
        self._clock = clock

    def router(self) -> APIRouter:
        """The router with the one attribute that can be read."""
        router = APIRouter()
        router.add_api_route("/api/jolokia/read/{mbean:path}", self.read, tags=["operations"])
        return router

    async def read(self, mbean: str) -> JSONResponse:
        """`…,destinationName=<queue>/ConsumerCount`: how many consumers read its events; 0 while Kafka is away."""
        name, _, attribute = mbean.rpartition("/")
        properties = dict(part.partition("=")[::2] for part in name.partition(":")[2].split(","))
        request = {"mbean": name, "attribute": attribute, "type": "read"}
        queue = properties.get("destinationName", "")
        if attribute != ATTRIBUTE or queue not in QUEUES:
            why = f"{mbean[-200:]} is unknown; ask for {ATTRIBUTE} of one of {', '.join(QUEUES)}"
            return JSONResponse({"request": request, "error": why, "status": 404}, 404)
        count = self._consumers.of(queue)
        return JSONResponse(
            {"request": request, "value": count, "timestamp": int(self._clock().timestamp()), "status": 200}
        )

    def app(self) -> FastAPI:
        """The application of this port: one route and no description, which is on the service's own port."""
        app = FastAPI(title="beamcat icat_gateway Jolokia", openapi_url=None)
        app.add_middleware(Door)
        app.include_router(self.router())
        answer_in_problems(app)
        return app

    async def serve(self) -> None:
        """Serve as long as the service runs.

        Raises:
            Stopping: the service stops.
            Fatal: the port cannot be opened.
        """
        try:
            listening = socket.create_server(self._address)
        except OSError as error:
            raise cannot_listen("BEAMCAT_JOLOKIA_PORT", *self._address, error) from error
        server = _Server(HttpConfig(self.app(), self._http, lifespan="off"))
        serving = asyncio.create_task(server.serve([listening]))
        try:
            await self._backoff.sleep(float("inf"))
        finally:
            server.should_exit = True
            await serving


class _Server(HttpServer):
    """A second HTTP server, which leaves the signals to the service's own HTTP server."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none: the service stops this server."""
        yield

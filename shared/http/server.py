"""The HTTP server of every service. It limits the number and the duration of connections and requests.

uvicorn waits without limit for the rest of a request, and for a client that does not read its answer. Here each phase
has a deadline. If there are too many connections, `shared/access/admission.py` decides which one must close.
"""

import asyncio
import json
import logging
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Literal, cast

import h11
import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle
from uvicorn.server import ServerState

from shared.access.admission import Admission, ConnectionState, address_of
from shared.foundation.problem import problem_body
from shared.http.problems import MEDIA_TYPE
from shared.http.request_limit import RequestLimit
from shared.http.settings import HttpSettings
from shared.runtime.descriptors import ACCEPTED_AT_ONCE, lengthen_queue, room_for
from shared.runtime.metrics import HTTP_CONNECTIONS, HTTP_ENDED

logger = logging.getLogger(__name__)

SLOWEST_BYTES_PER_SECOND = 16 * 1024
"""A client that sends or reads at least this fast may take as long as it needs."""

for ending in ("crowded", "head", "body", "answer"):
    HTTP_ENDED.labels(ending)


@dataclass(frozen=True)
class HttpTimeouts:
    """How long the server waits for a client, in seconds."""

    head: float = 10.0
    """From the opening of the connection, or from the first byte of a further request, to the end of the headers."""
    body: float = 20.0
    """For a body, in addition to the time that it needs at `SLOWEST_BYTES_PER_SECOND`."""
    answer: float = 20.0
    """For the client to read its answer, in addition to the time that this needs at `SLOWEST_BYTES_PER_SECOND`."""
    look: float = 1.0
    """Between two checks of all connections."""


class Listener:
    """The state that the HTTP connections of one listener share."""

    def __init__(self, settings: HttpSettings, timeouts: HttpTimeouts) -> None:
        self.timeouts = timeouts
        self.connections: Admission[BoundedProtocol] = Admission(
            room_for("HTTP", settings.connections, settings.connections_per_address)
        )
        self._looks: asyncio.TimerHandle | None = None

    def arrive(self, connection: "BoundedProtocol") -> None:
        """Add a new connection. While there are connections, all of them are checked periodically."""
        self.connections.arrive(connection)
        if self._looks is None:
            self._looks = connection.loop.call_later(self.timeouts.look, self._look, connection.loop)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        self.connections.trim()
        for connection in self.connections:
            connection.look()
        self._looks = loop.call_later(self.timeouts.look, self._look, loop) if len(self.connections) else None


class BoundedProtocol(H11Protocol):
    """One HTTP connection, with a deadline for each of its phases."""

    def __init__(
        self,
        config: uvicorn.Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        assert isinstance(config, HttpConfig)
        self._listener = config.listener
        self.address = ""
        self._since = time.monotonic()
        """When it was opened, its request began, or its last answer was complete."""
        self._phase: object = h11.IDLE
        self._due: float | None = None
        """The deadline for what the client has to send; None while it has to send nothing."""
        self._unread: tuple[float, int] | None = None
        """How much the client has not read yet, and since when."""

    @property
    def standing(self) -> ConnectionState:
        """Its state for admission: busy from the end of a request's head to the end of the answer."""
        return ConnectionState(self._since, busy=self._under_way is not None)

    @property
    def _under_way(self) -> RequestResponseCycle | None:
        cycle = cast("RequestResponseCycle | None", self.cycle)
        return None if cycle is None or cycle.response_complete else cycle

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Accept a client, which must now send a request."""
        super().connection_made(transport)
        self.address = address_of(self.client[0] if self.client else "")
        self._due = self._since + self._listener.timeouts.head
        HTTP_CONNECTIONS.inc()
        self._listener.arrive(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Remove the closed connection."""
        super().connection_lost(exc)
        HTTP_CONNECTIONS.dec()
        self._listener.connections.leave(self)

    def data_received(self, data: bytes) -> None:
        """Process bytes of a request."""
        before = self.cycle
        super().data_received(data)
        self._set_due(len(data))
        if self.cycle is not before:
            self._since = time.monotonic()
            self._listener.connections.enter(self)

    def on_response_complete(self) -> None:
        """Finish an answer. There is no deadline until the client begins a further request."""
        super().on_response_complete()
        self._since = time.monotonic()
        if self.conn.their_state is h11.IDLE:
            self._phase, self._due = h11.IDLE, None
        else:
            self._set_due(0)

    def _set_due(self, received: int) -> None:
        phase = self.conn.their_state
        if phase is h11.SEND_BODY:
            if self._phase is not h11.SEND_BODY or self._due is None:
                self._due = time.monotonic() + self._listener.timeouts.body
            self._due += received / SLOWEST_BYTES_PER_SECOND
        elif phase is not h11.IDLE:
            self._due = None
        elif self._phase is not h11.IDLE or self._due is None:
            self._due = time.monotonic() + self._listener.timeouts.head
        self._phase = phase

    def look(self) -> None:
        """Close the connection if the client is too slow."""
        now = time.monotonic()
        if self._due is not None and self.flow.read_paused:  # the server itself has paused reading
            self._due += self._listener.timeouts.look
        elif self._due is not None and now > self._due:
            self._end("head" if self._phase is h11.IDLE else "body")
        self._look_at_answer(now)

    def _look_at_answer(self, now: float) -> None:
        unread = self.transport.get_write_buffer_size()
        if not unread:
            self._unread = None
            return
        since, at_first = self._unread or (now, 0)
        if unread > at_first:  # the buffer has grown since, so the client has read the earlier data
            self._unread = now, unread
        elif now > since + self._listener.timeouts.answer + (at_first - unread) / SLOWEST_BYTES_PER_SECOND:
            self._end("answer")

    def make_room(self, why: str) -> None:
        """Close at once, because a newcomer needs the place."""
        HTTP_ENDED.labels("crowded").inc()
        logger.info("closed %s to make room for a new connection", self.address)
        if self.standing.busy:
            self._refuse(503, why, {"Retry-After": "1"})
        self._close()

    def _end(self, phase: str) -> None:
        HTTP_ENDED.labels(phase).inc()
        logger.info("closed %s: its %s took too long", self.address, phase)
        if phase == "answer":
            self.transport.abort()
        elif phase == "body" or self.conn.trailing_data[0]:  # a client that has not begun a request expects no answer
            self._refuse(408, f"the {phase} of the request did not arrive in time; send it again, without pauses")
        self._due = None
        self._close()

    def _refuse(self, status: int, detail: str, headers: Mapping[str, str] | None = None) -> None:
        """Answer in place of the application, unless it has already begun to answer."""
        if (cycle := self._under_way) is not None:
            if cycle.response_started:
                return
            cycle.disconnected = True
            cycle.message_event.set()
        body = json.dumps(problem_body(status, detail)).encode()
        said = {"Content-Type": MEDIA_TYPE, "Content-Length": str(len(body)), "Connection": "close", **(headers or {})}
        try:
            answer = h11.Response(status_code=status, headers=list(said.items()), reason=HTTPStatus(status).phrase)
            for event in (answer, h11.Data(data=body), h11.EndOfMessage()):
                self.transport.write(self.conn.send(event) or b"")
        except h11.LocalProtocolError as error:
            logger.debug("no answer could be sent to %s: %s", self.address, error)

    def _close(self) -> None:
        if self.transport.get_write_buffer_size():  # it does not read
            self.transport.abort()
        else:
            self.transport.close()


class HttpConfig(uvicorn.Config):
    """uvicorn's configuration for every listener of beamcat.

    There is no access log, because a URL may contain an API key or a session id. uvicorn's log goes to the common one.
    """

    def __init__(
        self,
        app: ASGIApp,
        settings: HttpSettings,
        timeouts: HttpTimeouts = HttpTimeouts(),
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        lifespan: Literal["auto", "off"] = "auto",
    ) -> None:
        super().__init__(
            RequestLimit(app, settings.requests),
            http=BoundedProtocol,
            ws="none",
            log_config=None,
            log_level="warning",
            access_log=False,
            backlog=ACCEPTED_AT_ONCE,
            timeout_graceful_shutdown=5,
            host=host,
            port=port,
            lifespan=lifespan,
        )
        self.listener = Listener(settings, timeouts)


class HttpServer(uvicorn.Server):
    """uvicorn's server for every listener of beamcat."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen on the port."""
        await super().startup(sockets)
        for server in self.servers:
            lengthen_queue(server)

"""The STOMP server: it accepts connections, and decides which ones must close when there are too many."""

import asyncio
import logging
import socket
import time
from collections.abc import Callable, Collection
from datetime import datetime

from services.icat_gateway.delivery.intake import Intake, WaitingFrame
from services.icat_gateway.ports import OVERHEAD_BYTES, Taken
from services.icat_gateway.settings import StompSettings
from services.icat_gateway.stomp.bounds import KIBIBYTE, Bounds
from services.icat_gateway.stomp.connection import Connection, Terms
from services.icat_gateway.stomp.framing import FrameRefused, Reason
from services.icat_gateway.stomp.large_frames import LargeFrames
from services.icat_gateway.translation import Frame
from shared.access.admission import Admission
from shared.access.quota import DAY_SECONDS, ByteQuota
from shared.foundation.errors import cannot_listen
from shared.kafka.settings import SourceSettings
from shared.runtime.descriptors import ACCEPTED_AT_ONCE, lengthen_queue, room_for
from shared.runtime.metrics import DOOR_REFUSED, ICAT_CONNECTIONS, ICAT_REFUSED

logger = logging.getLogger(__name__)

for reason in Reason:
    ICAT_REFUSED.labels(reason)

READ_AHEAD_BYTES = 32 * KIBIBYTE
KEEPALIVE = {"TCP_KEEPIDLE": 60, "TCP_KEEPINTVL": 15, "TCP_KEEPCNT": 4}
"""Seconds of silence, seconds between probes, number of probes. Clients may stay silent for days; dead ones must go."""


class Server:
    """Accepts connections and hands their frames to the intake."""

    def __init__(
        self,
        stomp: StompSettings,
        source: SourceSettings,
        intake: Intake,
        clock: Callable[[], datetime],
        bounds: Bounds,
        wait_seconds: Callable[[str], float],
    ) -> None:
        self._stomp = stomp
        self._intake = intake
        self._clock = clock
        self._quota = ByteQuota(source.bytes_per_day, DAY_SECONDS)
        large_frames = LargeFrames(bounds.large_frames, bounds.timeouts.permit, time.monotonic)
        self._terms = Terms(self._take, self._admit, large_frames, bounds, wait_seconds, time.monotonic)
        self._connections: dict[Connection, asyncio.Task[None]] = {}
        self._admission: Admission[Connection] = Admission(
            room_for("STOMP", stomp.connections, stomp.connections_per_address)
        )
        self._number = 0
        self._server: asyncio.Server | None = None

    @property
    def is_listening(self) -> bool:
        """Whether it listens on its port."""
        return self._server is not None

    @property
    def connections(self) -> Collection[Connection]:
        """The open connections."""
        return self._connections.keys()

    @property
    def port(self) -> int:
        """The port on which it listens."""
        assert self._server is not None
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def start(self) -> None:
        """Listen.

        Raises:
            Fatal: the address is in use, or does not belong to this machine.
        """
        host, port = self._stomp.host, self._stomp.port
        try:
            self._server = await asyncio.start_server(
                self._accept, host, port, limit=READ_AHEAD_BYTES, backlog=ACCEPTED_AT_ONCE
            )
        except OSError as error:
            raise cannot_listen("BEAMCAT_STOMP_PORT", host, port, error) from error
        lengthen_queue(self._server)

    async def stop(self) -> None:
        """Stop accepting and reading. On return every frame that was read is durable."""
        assert self._server is not None
        self._server.close()
        for connection in self._connections:
            connection.stop()
        if self._connections:
            await asyncio.wait(self._connections.values())

    def trim(self) -> None:
        """Close the connections that should have made room but were busy. To be called every second."""
        self._admission.trim()
        ICAT_CONNECTIONS.set(len(self._admission))

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = str((writer.get_extra_info("peername") or ("",))[0])
        _keep_alive(writer.get_extra_info("socket"))
        connection = Connection(peer, reader, writer, self._terms)
        task = asyncio.current_task()
        assert task is not None
        self._connections[connection] = task
        self._admission.arrive(connection)
        ICAT_CONNECTIONS.set(len(self._admission))
        try:
            await connection.serve()
        finally:
            del self._connections[connection]
            self._admission.leave(connection)
            ICAT_CONNECTIONS.set(len(self._admission))

    def _admit(self, connection: Connection) -> None:
        self._admission.enter(connection)
        ICAT_CONNECTIONS.set(len(self._admission))

    async def _take(self, frame: Frame, durable: Callable[[], None]) -> None:
        if self._quota.seconds_to_wait(frame.peer):
            DOOR_REFUSED.inc()
            most = f"{self._quota.most_bytes} bytes that one address may send in a day"
            raise FrameRefused(
                Reason.QUOTA, f"{frame.peer} has sent the {most}; send again later, or ask the facility for more"
            )
        self._quota.use(frame.peer, len(frame.body) + OVERHEAD_BYTES)
        self._number = max(self._number + 1, int(self._clock().timestamp() * 1e6))
        await self._intake.put(WaitingFrame(Taken(frame, self._number), durable))


def _keep_alive(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in KEEPALIVE.items():
        if hasattr(socket, option):  # macOS uses other names
            connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)

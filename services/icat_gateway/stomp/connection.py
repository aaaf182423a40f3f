"""One STOMP connection: it reads frames within limits, hands them on, and answers once they are durable."""

import asyncio
import contextlib
import logging
import math
import socket
import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from services.icat_gateway.ports import LARGE_BYTES
from services.icat_gateway.stomp.bounds import Bounds
from services.icat_gateway.stomp.framing import FrameRefused, Parser, Reason, StompFrame, written
from services.icat_gateway.stomp.large_frames import LargeFrames, PermitRequest
from services.icat_gateway.stomp.session import Leave, Reply, Session, Take
from services.icat_gateway.translation import Frame, source_of
from shared.access.admission import ConnectionState, address_of
from shared.runtime.metrics import ICAT_REFUSED

logger = logging.getLogger(__name__)

CHUNK_BYTES = 32 * 1024
SLOW_CHUNK_BYTES = 4 * 1024
"""How much is read at once from a connection whose frames are nearly all rejected."""

T = TypeVar("T")


@dataclass(frozen=True)
class Terms:
    """What all connections share."""

    take: Callable[[Frame, Callable[[], None]], Awaitable[None]]
    """Hand a frame on. The callback is called once the frame is durable."""
    connected: Callable[["Connection"], None]
    """Called once a client has sent a valid CONNECT."""
    large_frames: LargeFrames
    bounds: Bounds
    wait_seconds: Callable[[str], float]
    """How long a source must wait before its next frame; 0 unless nearly all of its frames are rejected."""
    clock: Callable[[], float]
    """A monotonic clock, in seconds."""


class Connection:
    """Serves one client until it disconnects, breaks off or is refused."""

    def __init__(self, peer: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, terms: Terms) -> None:
        self.address = address_of(peer)
        self.received_bytes = 0
        self._peer = peer
        self._reader = reader
        self._writer = writer
        self._terms = terms
        self._parser = Parser(terms.bounds.limits)
        self._session = Session()
        self._on_the_way = 0
        self._all_durable = asyncio.Event()
        self._all_durable.set()
        self._left_seconds = terms.bounds.timeouts.connect
        self._stopping = False
        self._chunk_bytes = CHUNK_BYTES
        self._must_end: FrameRefused | None = None
        self._refused = False
        self._left = False
        self._asked = False
        """Whether it has ever asked for a receipt. Such a client notices which frames were not accepted."""
        self._waits: asyncio.Timeout | None = None
        self._permit: PermitRequest | None = None
        self._asks_for_permit = False
        self._since = self._heard = terms.clock()
        """Since: when it was opened or completed its last frame. Heard: when its last bytes arrived."""

    async def serve(self) -> None:
        """Serve until the connection ends. On return every frame accepted from it is durable."""
        try:
            while data := await self._read():
                self.received_bytes += len(data)
                self._heard = self._terms.clock()
                await self._process(data)
                await self._share()
                await self._rest()
            self._left = self._left or not self._stopping
        except FrameRefused as refused:
            self._let_go()
            await self._refuse(refused)
        except ConnectionError as error:
            logger.debug("%s broke off: %s", self._peer, error)
        finally:
            self._let_go()
            await self._all_durable.wait()
            await self._close()

    def stop(self) -> None:
        """Stop reading. Frames that were read are still accepted."""
        self._stopping = True
        self._wake()

    @property
    def gone(self) -> bool:
        """Whether the server has stopped reading from it."""
        return self._stopping or self._must_end is not None or self._writer.is_closing()

    @property
    def held_bytes(self) -> int:
        """How many bytes of an incomplete frame are in memory."""
        return self._parser.held_bytes

    @property
    def has_permit(self) -> bool:
        """Whether it may send a large frame."""
        return self._permit is not None

    def give_up(self, why: str) -> None:
        """End the current frame, and the connection with it."""
        self._must_end = FrameRefused(Reason.TOO_SLOW, why)
        self._wake()

    @property
    def standing(self) -> ConnectionState:
        """Its state for admission: busy while one of its frames arrives, waits for a permit or is not durable yet."""
        silent = self._terms.clock() - self._heard
        comes_in = self.held_bytes > 0 and silent < self._terms.bounds.timeouts.stall
        return ConnectionState(self._since, comes_in or self._asks_for_permit or self._on_the_way > 0)

    def make_room(self, why: str) -> None:
        """Close at once. Nothing is lost: accepted frames become durable, and the client sends the others again."""
        if not self._refused and not self._writer.is_closing():
            self._send_error(FrameRefused(Reason.TOO_MANY_CONNECTIONS, why))
        self._reset()

    async def _share(self) -> None:
        """Wait for a permit before reading more of a large frame."""
        large = self.held_bytes > LARGE_BYTES
        if large and self._permit is None:
            self._asks_for_permit = True
            try:
                self._permit = await self._terms.large_frames.acquire(self)
            finally:
                self._asks_for_permit = False
        elif not large and self._permit is not None:
            self._give_back()

    def _give_back(self) -> None:
        if self._permit is not None:
            self._terms.large_frames.release(self._permit)
            self._permit = None

    def _let_go(self) -> None:
        self._parser.let_go()
        self._give_back()

    async def _rest(self) -> None:
        """Slow down while nearly all frames of this client are rejected, unless a large frame is arriving."""
        self._chunk_bytes = CHUNK_BYTES
        seconds = min(self._terms.wait_seconds(source_of(self._peer)), self._terms.bounds.timeouts.longest_rest)
        if seconds > 0 and not self._stopping and self.held_bytes <= LARGE_BYTES:
            self._chunk_bytes = SLOW_CHUNK_BYTES
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds) as self._waits:
                    await asyncio.Event().wait()
            self._waits = None
            if self._must_end is not None:
                raise self._must_end

    async def _read(self) -> bytes:
        """The next bytes, or none at the end of the connection.

        Raises:
            FrameRefused: the client is too slow.
        """
        await self._within(self._writer.drain(), self._terms.bounds.timeouts.answers, "the answers are not read")
        if self._must_end is not None:
            raise self._must_end
        if self._stopping:
            return b""
        loop = asyncio.get_running_loop()
        began = loop.time()
        limited = self._session.version is None or self.held_bytes > 0
        awaited = "no CONNECT arrived" if self._session.version is None else "the frame was not complete in time"
        try:
            data = await self._within(
                self._reader.read(self._chunk_bytes), self._left_seconds if limited else None, awaited
            )
        finally:
            self._left_seconds -= loop.time() - began if limited else 0
        return data or b""

    async def _within(self, work: Awaitable[T], seconds: float | None, else_: str) -> T | None:
        """The result of waiting for the client, or None if the wait ended because the service stops.

        Raises:
            FrameRefused: the client is too slow, or had to give up its frame.
        """
        try:
            async with asyncio.timeout(seconds) as self._waits:
                return await work
        except TimeoutError:
            if self._must_end is not None:
                raise self._must_end from None
            if self._stopping:
                return None
            raise FrameRefused(Reason.TOO_SLOW, else_) from None
        finally:
            self._waits = None

    def _wake(self) -> None:
        if self._waits is not None:
            self._waits.reschedule(0)
            self._waits = None

    async def _process(self, data: bytes) -> None:
        for frame in self._parser.feed(data):
            self._left_seconds = self._terms.bounds.timeouts.frame
            self._since = self._heard
            match self._session.receive(frame):
                case Reply(answer):
                    self._parser.version = self._session.version or self._parser.version
                    self._writer.write(answer)
                    self._terms.connected(self)
                case Take() as take:
                    await self._take(take, frame)
                case Leave(receipt):
                    await self._leave(receipt)
                    return

    async def _take(self, take: Take, frame: StompFrame) -> None:
        self._on_the_way += 1
        self._asked = self._asked or take.receipt is not None
        self._all_durable.clear()
        if self._permit is not None:
            self._permit.complete = True
        body = Frame(take.queue, frame.body, self._peer, frame.headers)
        try:
            await self._terms.take(body, partial(self._durable, take.receipt))
        except FrameRefused:
            self._durable(None)  # it was not accepted, and nobody has to wait for it
            raise

    def _durable(self, receipt: str | None) -> None:
        self._on_the_way -= 1
        if self._on_the_way == 0:
            self._all_durable.set()
        if receipt is not None and not self._writer.is_closing():
            self._writer.write(written("RECEIPT", self._session.version, {"receipt-id": receipt}))

    async def _leave(self, receipt: str | None) -> None:
        await self._all_durable.wait()
        if receipt is not None:
            self._writer.write(written("RECEIPT", self._session.version, {"receipt-id": receipt}))
        self._stopping = self._left = True

    async def _close(self) -> None:
        """Give a client that reads its answers a limited time to read the last ones."""
        if self._left or self._asked:
            self._writer.close()
        else:
            self._reset()
        try:
            async with asyncio.timeout(self._terms.bounds.timeouts.goodbye):
                await self._writer.wait_closed()
        except TimeoutError:
            self._writer.transport.abort()
        except OSError as error:
            logger.debug("%s broke off at the end: %s", self._peer, error)

    async def _refuse(self, refused: FrameRefused) -> None:
        """Tell the client why, and close so that it can read the reason."""
        await self._all_durable.wait()
        if self._writer.is_closing():
            return
        self._send_error(refused)
        try:
            self._writer.write_eof()
            async with asyncio.timeout(self._terms.bounds.timeouts.goodbye):
                while await self._reader.read(CHUNK_BYTES):
                    pass  # unread bytes would make the system reset the connection before the client reads ERROR
        except (TimeoutError, OSError) as error:
            logger.debug("%s did not wait for its ERROR: %s", self._peer, error)

    def _reset(self) -> None:
        """Close so that a client without receipts notices it: otherwise its next frame would be lost silently."""
        connection = self._writer.get_extra_info("socket")
        if connection.fileno() >= 0:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()

    def _send_error(self, refused: FrameRefused) -> None:
        """Send the ERROR frame. From now on this connection is the first to make room."""
        ICAT_REFUSED.labels(refused.reason).inc()
        logger.info("refused %s (%s): %s", self._peer, refused.reason, refused)
        self._writer.write(written("ERROR", self._session.version, {**refused.headers, "message": str(refused)}))
        self._refused = True
        self._since = -math.inf

"""One STOMP connection: read within limits, take what is sent, answer once it is durable."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

from services.icat_gateway.bounds import Bounds
from services.icat_gateway.framing import Parser, Reason, Refused, StompFrame, written
from services.icat_gateway.session import Answer, Leave, Session, Take
from services.icat_gateway.translation import Frame, source_of
from shared.metrics import ICAT_REFUSED

logger = logging.getLogger(__name__)

CHUNK_BYTES = 32 * 1024
SLOW_CHUNK_BYTES = 4 * 1024
"""What is read at once of a connection whose frames are nearly all rejected."""
LARGE_BYTES = 64 * 1024
"""A frame of which so much is held, and more to come, needs one of few permits."""


@dataclass(frozen=True)
class Terms:
    """What all connections share."""

    take: Callable[[Frame, Callable[[], None]], Awaitable[None]]
    """Hand a frame on; the callback is called once it is durable."""
    large_frames: asyncio.Semaphore
    bounds: Bounds
    wait_seconds: Callable[[str], float]
    """How long a source has to wait with its next frame; 0 unless nearly all of it is rejected."""


class Connection:
    """Serves one client until it leaves, breaks off or is refused."""

    def __init__(self, peer: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, terms: Terms) -> None:
        self._peer = peer
        self._reader = reader
        self._writer = writer
        self._terms = terms
        self._parser = Parser(terms.bounds.limits)
        self._session = Session()
        self._on_the_way = 0
        self._all_durable = asyncio.Event()
        self._all_durable.set()
        self._left_seconds = terms.bounds.patiences.connect
        self._stopping = False
        self._chunk_bytes = CHUNK_BYTES
        self._reading: asyncio.Timeout | None = None

    async def serve(self) -> None:
        """Until the end of the connection; all that was taken of it is then durable."""
        large = False
        try:
            while data := await self._read():
                await self._process(data)
                if not large and self._parser.held_bytes > LARGE_BYTES:
                    large = await self._terms.large_frames.acquire()
                elif large and self._parser.held_bytes <= LARGE_BYTES:
                    self._terms.large_frames.release()
                    large = False
                await self._rest()
        except Refused as refused:
            await self._refuse(refused)
        except ConnectionError as error:
            logger.debug("%s broke off: %s", self._peer, error)
        finally:
            self._parser.let_go()
            if large:
                self._terms.large_frames.release()
            await self._all_durable.wait()
            await self._close()

    def stop(self) -> None:
        """Read nothing more; what was read is still taken."""
        self._stopping = True
        if self._reading is not None:
            self._reading.reschedule(0)

    async def _rest(self) -> None:
        """Read on slowly while nearly everything that this peer sends is rejected; it holds nothing meanwhile."""
        self._chunk_bytes = CHUNK_BYTES
        seconds = min(self._terms.wait_seconds(source_of(self._peer)), self._terms.bounds.patiences.longest_rest)
        if seconds > 0 and not self._stopping and self._parser.held_bytes <= LARGE_BYTES:
            self._chunk_bytes = SLOW_CHUNK_BYTES
            try:
                async with asyncio.timeout(seconds) as self._reading:
                    await asyncio.Event().wait()
            except TimeoutError:
                self._reading = None

    async def _read(self) -> bytes:
        """The next bytes; none at the end.

        Raises:
            Refused: the client lets wait.
        """
        await self._drain()
        if self._stopping:
            return b""
        loop = asyncio.get_running_loop()
        limited = self._session.version is None or self._parser.held_bytes > 0
        began = loop.time()
        try:
            async with asyncio.timeout(self._left_seconds if limited else None) as self._reading:
                return await self._reader.read(self._chunk_bytes)
        except TimeoutError:
            return self._out_of_time()
        finally:
            self._reading = None
            self._left_seconds -= loop.time() - began if limited else 0

    def _out_of_time(self) -> bytes:
        if self._stopping:
            return b""
        raise Refused(
            Reason.TOO_SLOW,
            "no CONNECT came" if self._session.version is None else "the frame was not complete in time",
        )

    async def _drain(self) -> None:
        """Whoever does not read its answers is not read either."""
        try:
            async with asyncio.timeout(self._terms.bounds.patiences.answers):
                await self._writer.drain()
        except TimeoutError:
            raise Refused(Reason.TOO_SLOW, "the answers were not read") from None

    async def _process(self, data: bytes) -> None:
        for frame in self._parser.feed(data):
            self._left_seconds = self._terms.bounds.patiences.frame
            match self._session.receive(frame):
                case Answer(answer):
                    self._parser.version = self._session.version or self._parser.version
                    self._writer.write(answer)
                case Take() as take:
                    await self._take(take, frame)
                case Leave(receipt):
                    await self._leave(receipt)
                    return

    async def _take(self, take: Take, frame: StompFrame) -> None:
        self._on_the_way += 1
        self._all_durable.clear()
        body = Frame(take.queue, frame.body, self._peer, frame.headers)
        try:
            await self._terms.take(body, partial(self._durable, take.receipt))
        except Refused:
            self._durable(None)  # it was not taken, and nobody need wait for it
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
        self._stopping = True

    async def _close(self) -> None:
        """Let the client read its last answers, but not for ever."""
        self._writer.close()
        try:
            async with asyncio.timeout(self._terms.bounds.patiences.goodbye):
                await self._writer.wait_closed()
        except TimeoutError:
            self._writer.transport.abort()
        except OSError as error:
            logger.debug("%s broke off at the end: %s", self._peer, error)

    async def _refuse(self, refused: Refused) -> None:
        """Tell the client why, and let go in a way that lets it read so."""
        ICAT_REFUSED.labels(refused.reason).inc()
        logger.info("%s is refused (%s): %s", self._peer, refused.reason, refused)
        await self._all_durable.wait()
        try:
            self._writer.write(written("ERROR", self._session.version, {**refused.headers, "message": str(refused)}))
            self._writer.write_eof()
            async with asyncio.timeout(self._terms.bounds.patiences.goodbye):
                while await self._reader.read(CHUNK_BYTES):
                    pass  # bytes that nobody reads would make the system reset the connection, and the ERROR with it
        except (TimeoutError, OSError) as error:
            logger.debug("%s did not wait for its ERROR: %s", self._peer, error)

"""The real server on its own port, with a publisher in memory and a client that speaks raw STOMP."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from services.icat_gateway.edge import Edge
from services.icat_gateway.ports import Translator
from services.icat_gateway.settings import IcatGatewaySettings
from services.icat_gateway.stomp.bounds import Bounds
from services.icat_gateway.translation import Frame
from shared.events.codes import Code, Refusal
from shared.events.headers import headers_of
from shared.events.record import Message, Record
from shared.events.rejection import Origin
from shared.events.rejection_message import rejection_message
from shared.events.topics import SUBMITTED
from shared.runtime.backoff import Backoff, Stopping
from tests.builders.publishers import TroubledPublisher
from tests.builders.settings import with_variables


class Verbatim:
    """A translation that leaves bodies unchanged, refuses those that begin with `poison`, and crashes on `defect`."""

    def translate(self, frame: Frame, position: Origin, now: datetime) -> Sequence[Message]:
        if frame.body.startswith(b"defect"):
            raise ZeroDivisionError("internal words")
        if frame.body.startswith(b"poison"):
            record = Record(position.topic, 0, position.offset, position.timestamp_ms, None, frame.body, ())
            return [rejection_message("icat_gateway", record, Refusal(Code.NOT_UTF8, "poison"), now)]
        headers = headers_of(SUBMITTED, receipt_id="r", source=f"/stomp/{frame.peer}", time=now.isoformat())
        return [Message(SUBMITTED.name, frame.queue.encode(), frame.body, headers)]


class Broker(TroubledPublisher):
    """Kafka as the edge sees it: up, failing or silent."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = False

    async def publish(self, messages: Sequence[Message]) -> None:
        self.asked = True
        await super().publish(messages)

    @property
    def bodies(self) -> list[bytes]:
        """The bodies in `dataset.submitted`, in order."""
        return [message.value for message in self.of(SUBMITTED.name)]


class Client:
    """One connection. The `text` of a frame is in the syntax of STOMP."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def say(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def connect(self, version: str = "1.1") -> Self:
        await self.say(f"CONNECT\naccept-version:{version}\nhost:\n\n\0".encode())
        assert await self.answer() == f"CONNECTED\nversion:{version}\n\n"
        return self

    async def send(self, body: bytes, receipt: str | None = None, queue: str = "/queue/icatIngest") -> None:
        asked = "" if receipt is None else f"receipt:{receipt}\n"
        head = f"SEND\ndestination:{queue}\n{asked}content-length:{len(body)}\n\n"
        await self.say(head.encode() + body + b"\0")

    async def answer(self) -> str:
        """The next frame of the server, without its NUL."""
        return (await self.reader.readuntil(b"\0"))[:-1].decode()

    async def received(self, *receipts: str) -> None:
        """Wait for these receipts, in this order."""
        for receipt in receipts:
            assert await self.answer() == f"RECEIPT\nreceipt-id:{receipt}\n\n"

    async def rest(self) -> str:
        """Everything that the server sends until it closes the connection."""
        with contextlib.suppress(ConnectionError):
            return (await self.reader.read()).decode()
        return ""

    async def close(self) -> None:
        self.writer.close()
        with contextlib.suppress(ConnectionError):
            await self.writer.wait_closed()


class World:
    """A running edge."""

    def __init__(self, folder: Path, broker: Broker, bounds: Bounds, translator: Translator, **settings: int) -> None:
        self.waits: dict[str, float] = {}
        """The seconds that sources have to wait."""
        self.broker = broker
        self.backoff = Backoff()
        chosen = with_variables(IcatGatewaySettings, **{"stomp_port": 0, "stomp_spool": folder, **settings})
        self.edge = Edge(
            chosen.stomp,
            chosen.source,
            translator,
            broker,
            self.backoff,
            lambda: datetime.now(UTC),
            bounds,
            lambda source: self.waits.get(source, 0.0),
        )
        self._clients: list[Client] = []

    async def client(self, address: str = "127.0.0.1") -> Client:
        """A new connection, from some address of this machine."""
        port = self.edge.server.port
        reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(address, 0))
        self._clients.append(Client(reader, writer))
        return self._clients[-1]

    async def close_clients(self) -> None:
        for client in self._clients:
            await client.close()


@contextlib.asynccontextmanager
async def running(
    folder: Path,
    broker: Broker,
    bounds: Bounds | None = None,
    translator: Translator | None = None,
    **settings: int,
) -> AsyncIterator[World]:
    """Run an edge until the block ends. It shuts down in order."""
    world = World(folder, broker, bounds or Bounds(), translator or Verbatim(), **settings)
    life = asyncio.create_task(world.edge.run())
    await until(lambda: world.edge.server.is_listening or life.done())
    try:
        yield world
    finally:
        world.backoff.stop()
        with contextlib.suppress(Stopping):
            await life
        await world.close_clients()


async def until(condition: Callable[[], bool]) -> None:
    """Wait until a condition holds, with a timeout."""
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110  what is waited for sets no event
            await asyncio.sleep(0)

"""A small application behind the door of every service, and clients that are slow in every way."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from fastapi import FastAPI, Request
from fastapi.responses import PlainTextResponse

from shared.http.server import HttpConfig, HttpServer, HttpTimeouts
from shared.http.settings import HttpSettings
from tests.builders.settings import with_variables

HASTY = HttpTimeouts(head=0.1, body=0.1, answer=0.1, look=0.02)
LARGE_BYTES = 30_000_000
BLANK = b"\r\n\r\n"


class Served:
    """An application that answers, on a port of its own."""

    def __init__(self) -> None:
        self.goes_on = asyncio.Event()
        self.at_work = 0
        self.port = 0
        self._clients: list[HttpClient] = []

    def app(self) -> FastAPI:
        """`/work` answers when it is told to, `/large` much, `/read` how long the body was."""
        app = FastAPI()

        @app.get("/ready")
        async def ready() -> dict[str, bool]:
            return {"ready": True}

        @app.get("/work")
        async def work() -> dict[str, bool]:
            self.at_work += 1
            await self.goes_on.wait()
            return {"done": True}

        @app.get("/large")
        async def large() -> PlainTextResponse:
            return PlainTextResponse(b"x" * LARGE_BYTES)

        @app.post("/read")
        async def read(request: Request) -> int:
            return len(await request.body())

        return app

    async def client(self, address: str = "127.0.0.1", said: bytes = b"") -> "HttpClient":
        """A new connection, which says something."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port, local_addr=(address, 0))
        writer.write(said)
        self._clients.append(HttpClient(reader, writer))
        return self._clients[-1]

    async def close_clients(self) -> None:
        """Leave nothing open."""
        for client in self._clients:
            client.writer.transport.abort()
        await asyncio.sleep(0)


class HttpClient:
    """A connection whose every byte is chosen."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def get(self, path: str) -> str:
        """The answer's head."""
        self.writer.write(f"GET {path} HTTP/1.1\r\nHost: service\r\n\r\n".encode())
        return await self.head()

    async def head(self) -> str:
        """The head of the next answer; its body is read too."""
        head = (await self.reader.readuntil(BLANK)).decode()
        length = next(line for line in head.lower().splitlines() if line.startswith("content-length"))
        await self.reader.readexactly(int(length.partition(":")[2]))
        return head

    async def rest(self) -> str:
        """All that is still said until the connection is closed."""
        with contextlib.suppress(ConnectionError):
            return (await self.reader.read()).decode()
        return ""


@contextlib.asynccontextmanager
async def serving(timeouts: HttpTimeouts = HttpTimeouts(), **settings: int) -> AsyncIterator[Served]:  # noqa: B008
    """An application behind the door until the block ends."""
    served = Served()
    config = HttpConfig(served.app(), with_variables(HttpSettings, **settings), timeouts)
    server = HttpServer(config)
    task = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110  it sets no event
        await asyncio.sleep(0)
    served.port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield served
    finally:
        served.goes_on.set()
        await served.close_clients()
        server.should_exit = True
        await task

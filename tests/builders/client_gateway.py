"""A real gateway on a real port that publishes to memory. It can be down, fail, or be cut off during an answer."""

import asyncio
import json
import socket
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread

import httpx
import uvicorn
from fastapi import FastAPI
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.gateway.descriptions import Descriptions
from services.gateway.dry_run import Verdicts
from services.gateway.routes import Edge
from shared.access.quota import DAY_SECONDS, ByteQuota
from shared.access.tokens import Tokens, create_token
from shared.events.identity import Identities
from shared.kafka.confirmation import Confirmations
from shared.kafka.publisher import MemoryPublisher
from shared.vocabulary.techniques import TechniqueBook
from shared.vocabulary.vocabulary import Vocabulary


def judge(request: httpx.Request) -> httpx.Response:
    """A validator and a linker that accept everything."""
    facts = {"dataset": json.loads(request.content)} if request.url.host == "validator" else {}
    return httpx.Response(200, json={"accepted": True, "findings": [], **facts})


class Server(uvicorn.Server):
    """A server that ends at once. The original only checks ten times a second."""

    async def main_loop(self) -> None:
        while not self.should_exit:  # noqa: ASYNC110  set by another thread
            await asyncio.sleep(0.002)


class GatewayAtWork:
    """A gateway at `url`. Nothing listens there until it is opened."""

    def __init__(self, folder: Path) -> None:
        self.publisher = MemoryPublisher()
        self.tokens_file = folder / "tokens.json"
        self._at_once = 0
        self.begin()
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self._socket.close()
        self.url = f"http://127.0.0.1:{self.port}"
        self._server: uvicorn.Server | None = None
        edge = Edge(
            Tokens(self.tokens_file),
            Identities("facility.example"),
            Confirmations(self.publisher, ByteQuota(10**9, DAY_SECONDS)),
            Verdicts("http://validator", "http://linker", httpx.MockTransport(judge)),
            Descriptions(TechniqueBook([]), Vocabulary([], {})),
            lambda: datetime.now(UTC),
            lambda _source: 0.0,
        )
        self._gateway = FastAPI()
        self._gateway.include_router(edge.router())

    def begin(self) -> None:
        """Forget everything, at the beginning of a test."""
        self.publisher.messages.clear()
        self.tokens_file.unlink(missing_ok=True)
        self.token = create_token(self.tokens_file, "tester", ["id29", "id30a-3"])
        self.answer_instead: Callable[[], Response | None] = lambda: None
        self.before_answering: Callable[[], object] = lambda: None
        self.requests = 0
        self.most_at_once = 0

    def open(self) -> None:
        """Listen, unless it already does."""
        if self._server is not None:
            return
        listener = socket.create_server(("127.0.0.1", self.port))
        config = uvicorn.Config(
            self._app(self._gateway), log_level="error", lifespan="off", timeout_graceful_shutdown=1
        )
        self._server = Server(config)
        self._thread = Thread(target=asyncio.run, args=(self._server.serve([listener]),))
        self._thread.start()

    def shut(self) -> None:
        """Stop listening."""
        if self._server is not None:
            self._server.should_exit = True
            self._thread.join()
            self._server = None

    def receipts(self) -> list[str]:
        """The receipt of every event that arrived, in order, with repetitions."""
        return [dict(message.headers)["ce_id"].decode() for message in self.publisher.messages]

    def paths(self) -> list[str]:
        """The path of every dataset that arrived, in the order of first arrival."""
        paths = (json.loads(message.value)["submission"]["path"] for message in self.publisher.messages)
        return list(dict.fromkeys(paths))

    def _app(self, gateway: ASGIApp) -> ASGIApp:
        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            self.requests += 1
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)

            async def answer(message: Message) -> None:
                if message["type"] == "http.response.start":
                    self.before_answering()
                await send(message)

            try:
                instead = self.answer_instead()
                await (instead or gateway)(scope, receive, send if instead else answer)
            finally:
                self._at_once -= 1

        return app

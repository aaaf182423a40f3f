from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import httpx
from fastapi import FastAPI
from pydantic import BaseModel

from services.gateway.descriptions import Descriptions
from services.gateway.dry_run import Verdicts
from services.gateway.routes import Edge
from shared.access.quota import DAY_SECONDS, ByteQuota
from shared.access.tokens import Tokens, create_token
from shared.events.identity import Identities
from shared.events.record import Message, Record
from shared.events.topics import Topic
from shared.events.wire import Received, read
from shared.kafka.confirmation import Confirmations
from tests.builders.described import TECHNIQUES, VOCABULARY
from tests.builders.publishers import TroubledPublisher

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
PATH = "/data/visitor/mx1111/id30a-3/20261124/RAW_DATA/Fus_RAC1b/run_01"
DATASET: dict[str, Any] = {
    "name": "run_01",
    "path": PATH + "/",
    "proposal": "MX1111",
    "beamline": "id30a-3",
    "sample": "Fus_RAC1b",
    "start": "2026-11-24T10:00:00+01:00",
    "parameters": {"MX_oscillationRange": 0.1, "MX_directory": "NaNO3 é"},
}

E = TypeVar("E", bound=BaseModel)


def event_of(message: Message, topic: Topic, event: type[E]) -> Received[E]:
    """What a stage reads."""
    return read(Record(message.topic, 0, 0, 0, message.key, message.value, message.headers), topic, event)


@cache
def described() -> Descriptions:
    """The techniques of the repository; half a second, so once."""
    return Descriptions(TECHNIQUES, VOCABULARY)


class Services:
    """The validator and the linker of a dry run, as far as the gateway sees them."""

    def __init__(self) -> None:
        self.answers: dict[str, httpx.Response | Exception] = {}
        self.asked: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        answer = self.answers[request.url.host]
        if isinstance(answer, Exception):
            raise answer
        return answer


class Gateway:
    """A gateway on memory twins."""

    def __init__(self, tokens_file: Path) -> None:
        self.tokens_file = tokens_file
        self.token = create_token(tokens_file, "id30a3-control", ["id30a-3", "id29"])
        self.publisher = TroubledPublisher()
        self.services = Services()
        self.waits: dict[str, float] = {}
        self.quota = ByteQuota(10**9, DAY_SECONDS)
        self.confirmations = Confirmations(
            self.publisher, self.quota, confirmation_seconds=0.05, most_publishes=2, most_bytes=1_000_000
        )
        edge = Edge(
            Tokens(tokens_file),
            Identities("facility.example"),
            self.confirmations,
            Verdicts("http://validator", "http://linker/", httpx.MockTransport(self.services)),
            described(),
            lambda: NOW,
            lambda source: self.waits.get(source, 0.0),
        )
        self.app = FastAPI()
        self.app.include_router(edge.router())

    def caller(self, token: str | None = None) -> httpx.AsyncClient:
        """An HTTP client with this token; the default one is for id30a-3 and id29."""
        headers = {"Authorization": f"Bearer {token or self.token}"}
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app), base_url="http://gateway.test", headers=headers
        )

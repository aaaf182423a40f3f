"""The HTTP face of search over a read model under test."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import httpx
from fastapi import FastAPI

from services.search.app import new_index
from services.search.routes.router import routes
from services.search.settings import SearchSettings
from shared.host.service import Resources
from shared.http.problems import answer_in_problems
from shared.http.settings import AccessSettings
from shared.http.turns import KnowAskers
from shared.kafka.publisher import KafkaPublisher
from shared.postgres.database import Database
from shared.runtime.backoff import Backoff
from tests.builders.described import VOCABULARY
from tests.builders.search.records import IDENTITIES, NOON
from tests.builders.settings import FACILITY


class Asking:
    """Asks, and reads the answers."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client

    async def get(self, url: str, status: int = 200, **fields: Any) -> Any:
        response = await self.client.get(url, params=fields)
        assert response.status_code == status, response.text
        return response.json()

    async def names(self, **fields: Any) -> list[str]:
        """Names of the datasets that a query finds, over all its pages."""
        found: list[str] = []
        while True:
            answer = await self.get("/datasets", **fields)
            found += [dataset["name"] for dataset in answer["datasets"]]
            if answer["next"] is None:
                return found
            fields["cursor"] = answer["next"]

    async def refusal(self, **fields: Any) -> str:
        """What is said of a query that cannot be answered."""
        return cast("str", (await self.get("/datasets", 422, **fields))["detail"])


@asynccontextmanager
async def asking(database: Database, tokens: Path = Path("none"), address: str = "127.0.0.1") -> AsyncIterator[Asking]:
    """Asked from an address."""
    settings = SearchSettings(facility=FACILITY, access=AccessSettings(tokens_file=tokens))
    resources = Resources(
        settings, IDENTITIES, database, KafkaPublisher(settings.kafka, "test"), Backoff(), lambda: NOON
    )
    app = FastAPI()
    app.include_router(routes(resources, VOCABULARY, new_index()))
    app.add_middleware(KnowAskers)
    answer_in_problems(app)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app, client=(address, 1)), base_url="http://search"
    ) as client:
        yield Asking(client)

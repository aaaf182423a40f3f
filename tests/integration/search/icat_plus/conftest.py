"""The unmodified ICAT client against search's HTTP face, over a read model in PostgreSQL."""

import asyncio
import warnings
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest_asyncio
import uvicorn
from fastapi import FastAPI

from services.search.icat_plus.routes import routes
from shared.access.tokens import create_token
from shared.events.investigation import InvestigationRef
from shared.events.topics import LOGBOOK
from shared.host.service import Resources
from shared.http.problems import answer_in_problems
from shared.kafka.publisher import KafkaPublisher, MemoryPublisher
from shared.postgres.database import Database
from shared.runtime.backoff import Backoff
from shared.runtime.settings import Settings
from tests.builders.described import TECHNIQUES, VOCABULARY
from tests.builders.search.records import IDENTITIES, NOON, Topics, investigation
from tests.integration.search.conftest import PostgresWorld

with warnings.catch_warnings():  # of the client's own dependencies
    warnings.simplefilter("ignore")
    from pyicat_plus.client.main import IcatClient

T = TypeVar("T")

BEAMLINE, PROPOSAL = "id30a-3", "mx1111"


class Facility:
    """Datasets come in at one end, and the client asks at the other."""

    def __init__(self, world: PostgresWorld, publisher: MemoryPublisher, url: str, tokens_file: Path) -> None:
        self.world = world
        self.publisher = publisher
        self.url = url
        self.tokens_file = tokens_file
        self.topics = Topics()
        self.key = create_token(tokens_file, "mxcube", ["*"])

    def client(self, **settings: Any) -> IcatClient:
        known = {"elogbook_url": self.url, "elogbook_token": self.key, "elogbook_timeout": 10, "feedback_timeout": 10}
        restricted = {"icatplus_restricted_url": self.url, "icatplus_password": self.key}
        return IcatClient(**known | restricted | settings)

    async def ask(self, call: Callable[[IcatClient], T], **settings: Any) -> T:
        """What a client gets that was made with these settings."""
        return await asyncio.to_thread(lambda: call(self.client(**settings)))

    async def register(self, number: int, **fields: Any) -> InvestigationRef:
        """The linker tells of an investigation."""
        ref = investigation(number, **fields)
        await self.world.note(self.topics.registered(ref))
        return ref

    async def commit(self, path: str, number: int, ref: InvestigationRef, **fields: Any) -> None:
        """A dataset is committed."""
        facts: dict[str, Any] = {"investigation": ref, "proposal": ref.proposal, "beamline": ref.beamline}
        await self.world.note(self.topics.committed(path, number=number, **facts | fields))

    async def read_logbook(self) -> None:
        """What was published to the logbook is in the read model."""
        for message in self.publisher.of(LOGBOOK.name):
            await self.world.note(self.topics.written(message))


@pytest_asyncio.fixture
async def facility(database: Database, world: PostgresWorld, tmp_path: Path) -> AsyncIterator[Facility]:
    settings = Settings(facility="facility.example", tokens_file=tmp_path / "tokens.json")
    resources = Resources(settings, IDENTITIES, database, KafkaPublisher(settings, "test"), Backoff(), lambda: NOON)
    publisher = MemoryPublisher()
    app = FastAPI()
    app.include_router(routes(resources, VOCABULARY, TECHNIQUES, publisher=publisher))
    answer_in_problems(app)
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning"))
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110  # it has no event to wait for
        await asyncio.sleep(0)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield Facility(world, publisher, f"http://127.0.0.1:{port}", settings.tokens_file)
    server.should_exit = True
    await serving

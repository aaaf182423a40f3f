"""The unmodified ICAT client against search's HTTP face, with logbook and archive beside it, all in PostgreSQL."""

import asyncio
import warnings
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest_asyncio
import uvicorn
from fastapi import FastAPI

from services.archive.catalogue import SearchCatalogue
from services.archive.routes import routes as archive_routes
from services.archive.settings import ArchiveSettings
from services.archive.store import PostgresReports
from services.logbook.routes import routes as logbook_routes
from services.logbook.settings import LogbookSettings
from services.logbook.store import PostgresEntries
from services.search.icat_plus.routes import Neighbours, routes
from services.search.settings import SearchSettings
from shared.access.tokens import create_token
from shared.events.investigation import InvestigationRef
from shared.events.topics import LOGBOOK, REPORTS
from shared.host.service import Resources, face
from shared.http.neighbour import Neighbour
from shared.http.problems import answer_in_problems
from shared.http.settings import AccessSettings, NeighbourSettings
from shared.kafka.publisher import KafkaPublisher, MemoryPublisher
from shared.postgres.database import Database
from shared.postgres.migrations import migrate
from shared.postgres.settings import DatabaseSettings
from shared.runtime.backoff import Backoff
from tests.builders.archive import Archive
from tests.builders.described import TECHNIQUES, VOCABULARY
from tests.builders.hosts import Hosts
from tests.builders.logbook import Logbook
from tests.builders.search.records import IDENTITIES, NOON, Topics, investigation
from tests.builders.settings import FACILITY, resources_beside
from tests.integration.search.conftest import PostgresWorld

with warnings.catch_warnings():  # of the client's own dependencies
    warnings.simplefilter("ignore")
    from pyicat_plus.client.main import IcatClient

T = TypeVar("T")

BEAMLINE, PROPOSAL = "id30a-3", "mx1111"


class Facility:
    """Datasets come in at one end, and the client asks at the other."""

    def __init__(  # what is written comes in by stages
        self, world: PostgresWorld, stages: "Stages", publisher: MemoryPublisher, url: str, tokens_file: Path
    ) -> None:
        self.world = world
        self.logbook = stages.logbook
        self.archive = stages.archive
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
        """What was published to the logbook is kept there."""
        await self.logbook.hear([self.topics.written(message) for message in self.publisher.of(LOGBOOK.name)])

    async def read_reports(self) -> None:
        """What was published to the archive is kept there."""
        await self.archive.hear(
            *(self.topics.published(REPORTS, message) for message in self.publisher.of(REPORTS.name))
        )


@dataclass(frozen=True)
class Stages:
    """The stages of the services beside search."""

    logbook: Logbook
    archive: Archive


@pytest_asyncio.fixture
async def facility(database_url: str, world: PostgresWorld, tmp_path: Path) -> AsyncIterator[Facility]:
    (tmp_path / "service-token").write_text(create_token(tmp_path / "tokens.json", "services", ["*"]))
    settings = SearchSettings(
        facility=FACILITY,
        database=DatabaseSettings(url=database_url),
        access=AccessSettings(tokens_file=tmp_path / "tokens.json"),
        neighbours=NeighbourSettings(service_token_file=tmp_path / "service-token"),
        logbook_service_url="http://logbook",
        archive_service_url="http://archive",
    )
    publisher, hosts = MemoryPublisher(), Hosts()
    resources = Resources(
        settings, IDENTITIES, world.database, KafkaPublisher(settings.kafka, "test"), Backoff(), lambda: NOON
    )
    neighbours = Neighbours.of(settings, hosts)
    app = FastAPI()
    app.include_router(routes(resources, VOCABULARY, TECHNIQUES, neighbours, publisher=publisher))
    answer_in_problems(app)
    hosts.apps["search"] = app
    async with beside(resources, hosts) as stages, served(app) as url:
        yield Facility(world, stages, publisher, url, settings.access.tokens_file)


@asynccontextmanager
async def beside(resources: Resources[SearchSettings], hosts: Hosts) -> AsyncIterator[Stages]:
    """Logbook and archive, each in a schema of its own."""
    settings = resources.settings
    await migrate(settings.database.url, {"logbook": "logbook", "archive": "archive"})
    databases = Database(settings.database, "logbook"), Database(settings.database, "archive")
    logbook, archive = databases
    for database in databases:
        await database.open()
    search = Neighbour("search", "http://search", settings.neighbours.service_token_file, hosts)
    catalogue = SearchCatalogue(search)
    of_logbook = resources_beside(resources, LogbookSettings(access=settings.access), logbook)
    of_archive = resources_beside(resources, ArchiveSettings(access=settings.access), archive)
    hosts.apps["logbook"] = face("logbook", logbook_routes(of_logbook))
    hosts.apps["archive"] = face("archive", archive_routes(of_archive, catalogue))
    yield Stages(Logbook(PostgresEntries(logbook), nothing), Archive(PostgresReports(archive, catalogue), nothing))
    for database in databases:
        await database.close()


async def nothing() -> list[Any]:
    """Nothing is read back but over HTTP."""
    return []


@asynccontextmanager
async def served(app: FastAPI) -> AsyncIterator[str]:
    """The address at which the application is served."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning"))
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110  # it has no event to wait for
        await asyncio.sleep(0)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    await serving

"""The unmodified ICAT client against icat_plus, with the services that it asks, all in PostgreSQL."""

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
from services.icat_plus.neighbours.neighbours import Neighbours
from services.icat_plus.neighbours.search import SearchService
from services.icat_plus.routes.router import routes as icat_plus_routes
from services.icat_plus.settings import IcatPlusSettings
from services.logbook.routes import routes as logbook_routes
from services.logbook.settings import LogbookSettings
from services.logbook.store import PostgresEntries
from services.search.app import new_index
from services.search.routes.router import routes as search_routes
from services.search.settings import SearchSettings
from shared.access.tokens import create_token
from shared.events.investigation import InvestigationRef
from shared.events.topics import LOGBOOK, REPORTS
from shared.host.host import face
from shared.host.service import Resources
from shared.http.settings import AccessSettings, SearchNeighbourSettings
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

    def __init__(
        self,
        tokens_file: Path,
        databases: "Databases",
        stages: "Stages",
        neighbours: Neighbours,
        hosts: Hosts,
        url: str,
    ) -> None:
        self.world = stages.world
        self.logbook = stages.logbook
        self.archive = stages.archive
        self.publisher = stages.publisher
        self.hosts = hosts
        self.search = SearchService(neighbours.search)
        self.databases = databases
        self.url = url
        self.tokens_file = tokens_file
        self.topics = Topics()
        self.key = create_token(self.tokens_file, "mxcube", ["*"])

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


Databases = dict[str, Database]
"""Each service's own schema, by its name."""
SCHEMAS = ("search", "logbook", "archive", "icat_plus")


@dataclass(frozen=True)
class Stages:
    """What the services read, and what icat_plus publishes."""

    world: PostgresWorld
    logbook: Logbook
    archive: Archive
    publisher: MemoryPublisher


@pytest_asyncio.fixture
async def facility(database_url: str, tmp_path: Path) -> AsyncIterator[Facility]:
    (tmp_path / "service-token").write_text(create_token(tmp_path / "tokens.json", "services", ["*"]))
    settings = IcatPlusSettings(
        facility=FACILITY,
        database=DatabaseSettings(url=database_url),
        access=AccessSettings(tokens_file=tmp_path / "tokens.json"),
        neighbours=SearchNeighbourSettings(
            search_service_url="http://search", service_token_file=tmp_path / "service-token"
        ),
        logbook_service_url="http://logbook",
        archive_service_url="http://archive",
    )
    async with opened(settings) as databases:
        hosts, kafka = Hosts(), KafkaPublisher(settings.kafka, "test")
        own = Resources(settings, IDENTITIES, databases["icat_plus"], kafka, Backoff(), lambda: NOON)
        search = resources_beside(own, SearchSettings(access=settings.access), databases["search"])
        logbook = resources_beside(own, LogbookSettings(access=settings.access), databases["logbook"])
        archive = resources_beside(own, ArchiveSettings(access=settings.access), databases["archive"])
        neighbours = Neighbours.of(settings, hosts)
        catalogue = SearchCatalogue(neighbours.search)
        stages = Stages(
            PostgresWorld(databases["search"]),
            Logbook(PostgresEntries(databases["logbook"]), nothing),
            Archive(PostgresReports(databases["archive"], catalogue), nothing),
            MemoryPublisher(),
        )
        hosts.apps["search"] = face("search", search_routes(search, VOCABULARY, new_index()))
        hosts.apps["logbook"] = face("logbook", logbook_routes(logbook))
        hosts.apps["archive"] = face("archive", archive_routes(archive, catalogue))
        router = icat_plus_routes(own, VOCABULARY, TECHNIQUES, neighbours, publisher=stages.publisher)
        async with served(face("icat_plus", router)) as url:
            yield Facility(settings.access.tokens_file, databases, stages, neighbours, hosts, url)


@asynccontextmanager
async def opened(settings: IcatPlusSettings) -> AsyncIterator[Databases]:
    """The schemas of the services, in a database of the test's own."""
    await migrate(settings.database.url, {schema: schema for schema in SCHEMAS})
    databases = {schema: Database(settings.database, schema) for schema in SCHEMAS}
    for database in databases.values():
        await database.open()
    yield databases
    for database in databases.values():
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

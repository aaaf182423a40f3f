"""The HTTP faces of all services, each on a port of its own, in a thread of their own: to be asked as anybody can."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import httpx
import uvicorn
from fastapi import FastAPI

import services
from services.archive.catalogue import SearchCatalogue
from services.archive.routes import routes as archive_routes
from services.archive.settings import ArchiveSettings
from services.catalog_writer.app import assemble as assemble_catalog_writer
from services.catalog_writer.settings import CatalogWriterSettings
from services.gateway.descriptions import Descriptions
from services.gateway.dry_run import Verdicts
from services.gateway.routes import Edge
from services.icat_gateway.jolokia.consumers import Consumers
from services.icat_gateway.jolokia.server import Jolokia
from services.icat_plus.neighbours.neighbours import Neighbours
from services.icat_plus.routes.router import routes as icat_plus_routes
from services.icat_plus.settings import IcatPlusSettings
from services.linker.handler import Linker
from services.linker.routes import routes as linker_routes
from services.linker.storage.memory.store import MemoryLinks
from services.logbook.routes import routes as logbook_routes
from services.logbook.settings import LogbookSettings
from services.logbook.store import PostgresEntries
from services.sample_tracking.memory import Memory, MemoryRegister
from services.sample_tracking.routes import routes as sample_routes
from services.search.app import new_index
from services.search.routes.router import routes as search_routes
from services.search.settings import SearchSettings
from services.validator.checker import Checker
from services.validator.routes import routes as validator_routes
from shared.access.quota import DAY_SECONDS, ByteQuota
from shared.access.tokens import Tokens, create_token
from shared.host.host import face, http_config
from shared.host.service import Resources
from shared.http.settings import AccessSettings, HttpSettings, SearchNeighbourSettings
from shared.kafka.confirmation import Confirmations
from shared.kafka.publisher import KafkaPublisher, MemoryPublisher
from shared.postgres.database import Database
from shared.postgres.migrations import migrate
from shared.postgres.settings import DatabaseSettings
from shared.runtime.backoff import Backoff
from tests.builders.described import TECHNIQUES, VOCABULARY
from tests.builders.hosts import Hosts
from tests.builders.logbook import Logbook
from tests.builders.search.records import IDENTITIES, NOON
from tests.builders.settings import resources_beside
from tests.integration.search.conftest import PostgresWorld

T = TypeVar("T")

NAMES = (*services.NAMES, "jolokia")
READ_SCHEMAS = ("search", "logbook", "archive", "icat_plus")
"""Schemas of the services that are asked for what PostgreSQL keeps; the others have twins without it."""


@dataclass
class Doors:
    """Where each service answers, and what opens it."""

    token: str
    world: PostgresWorld
    logbook: Logbook
    publisher: MemoryPublisher
    apps: dict[str, FastAPI] = field(default_factory=dict)
    urls: dict[str, str] = field(default_factory=dict)
    session_id: str = ""
    client: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=60, trust_env=False))
    loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.get_running_loop)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """What comes of some work where the services work."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(300)


@contextmanager
def serving(database_url: str, folder: Path) -> Iterator[Doors]:
    """All services, until the end of the `with`."""
    begun: list[Doors | BaseException] = []
    ready, ending = threading.Event(), threading.Event()

    async def live() -> None:
        async with _doors(database_url, folder) as doors:
            begun.append(doors)
            ready.set()
            await asyncio.to_thread(ending.wait)

    def run() -> None:
        try:
            asyncio.run(live())
        except BaseException as error:
            begun.append(error)
            ready.set()
            raise

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    ready.wait(120)
    if not isinstance(doors := begun[0], Doors):
        raise doors
    try:
        yield doors
    finally:
        ending.set()
        thread.join(60)


@asynccontextmanager
async def _doors(database_url: str, folder: Path) -> AsyncIterator[Doors]:
    settings = IcatPlusSettings(
        database=DatabaseSettings(url=database_url),
        access=AccessSettings(tokens_file=folder / "tokens.json"),
        neighbours=SearchNeighbourSettings(
            search_service_url="http://search", service_token_file=folder / "service-token"
        ),
        logbook_service_url="http://logbook",
        archive_service_url="http://archive",
    )
    tokens_file = settings.access.tokens_file
    (folder / "service-token").write_text(create_token(tokens_file, "services", ["*"]))
    await migrate(database_url, {schema: schema for schema in READ_SCHEMAS})
    databases = {schema: Database(settings.database, schema) for schema in READ_SCHEMAS}
    for each in databases.values():
        await each.open()
    database = databases["search"]
    token = create_token(tokens_file, "anybody", ["*"])
    logbook = Logbook(PostgresEntries(databases["logbook"]), _no_texts)
    doors = Doors(token, PostgresWorld(database), logbook, MemoryPublisher())
    doors.apps = _apps(settings, databases, doors.publisher)
    try:
        async with AsyncExitStack() as stack:
            for name, app in doors.apps.items():
                doors.urls[name] = await stack.enter_async_context(_served(app))
            async with httpx.AsyncClient() as client:
                opened = await client.post(f"{doors.urls['icat_plus']}/session", json={"password": token})
            doors.session_id = opened.json()["sessionId"]
            yield doors
    finally:
        doors.client.close()
        for each in databases.values():
            await each.close()


async def _no_texts() -> list[str]:
    """They are read back over HTTP alone."""
    return []


def _apps(
    settings: IcatPlusSettings, databases: Mapping[str, Database], publisher: MemoryPublisher
) -> dict[str, FastAPI]:
    clock: Callable[[], Any] = lambda: NOON  # noqa: E731
    zone = ZoneInfo(settings.facility.time_zone)
    kafka, hosts = KafkaPublisher(settings.kafka, "test"), Hosts()
    icat_plus = Resources(settings, IDENTITIES, databases["icat_plus"], kafka, Backoff(), clock)
    resources = resources_beside(icat_plus, SearchSettings(access=settings.access), databases["search"])
    of_catalog = resources_beside(icat_plus, CatalogWriterSettings(), databases["search"])
    of_logbook = resources_beside(icat_plus, LogbookSettings(access=settings.access), databases["logbook"])
    of_archive = resources_beside(icat_plus, ArchiveSettings(access=settings.access), databases["archive"])
    neighbours = Neighbours.of(settings, hosts)
    catalogue = SearchCatalogue(neighbours.search)
    links = MemoryLinks(IDENTITIES, TECHNIQUES.input_demands)
    checker = Checker(VOCABULARY, TECHNIQUES, IDENTITIES, settings.facility.path_roots, zone)
    apps = {
        "validator": face("validator", validator_routes(checker, clock)),
        "linker": face("linker", linker_routes(links, Linker(TECHNIQUES, IDENTITIES), clock)),
        "sample_tracking": face("sample_tracking", sample_routes(MemoryRegister(Memory()))),
        "catalog_writer": face("catalog_writer", assemble_catalog_writer(of_catalog).router),
        "search": face("search", search_routes(resources, VOCABULARY, new_index())),
        "logbook": face("logbook", logbook_routes(of_logbook)),
        "archive": face("archive", archive_routes(of_archive, catalogue)),
        "icat_plus": face(
            "icat_plus", icat_plus_routes(icat_plus, VOCABULARY, TECHNIQUES, neighbours, publisher=publisher)
        ),
    }
    hosts.apps |= apps
    jolokia = Jolokia(("127.0.0.1", 0), settings.http, Consumers(settings.kafka, {}, Backoff()), Backoff(), clock)
    edge = Edge(
        Tokens(settings.access.tokens_file),
        IDENTITIES,
        Confirmations(publisher, ByteQuota(10**9, DAY_SECONDS)),
        Verdicts("http://validator", "http://linker", hosts),
        Descriptions(TECHNIQUES, VOCABULARY),
        clock,
        lambda _source: 0.0,
    )
    return apps | {
        "gateway": face("gateway", edge.router()),
        "icat_gateway": face("icat_gateway", jolokia.router()),
        "jolokia": jolokia.app(),
    }


@asynccontextmanager
async def _served(app: FastAPI) -> AsyncIterator[str]:
    config = http_config(app, HttpSettings(port=0))
    config.lifespan = "off"
    server = uvicorn.Server(config)
    server.capture_signals = _nothing  # type: ignore[method-assign]  # it works in a thread
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110  # it has no event to wait for
        await asyncio.sleep(0)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        await serving


@contextmanager
def _nothing() -> Iterator[None]:
    yield

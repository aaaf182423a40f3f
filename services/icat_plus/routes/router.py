"""All routes of ICAT+."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from fastapi import APIRouter

from services.icat_plus.access import Access
from services.icat_plus.dependencies import Dependencies
from services.icat_plus.neighbours.archive import ArchiveService
from services.icat_plus.neighbours.logbook import LogbookService
from services.icat_plus.neighbours.neighbours import Neighbours
from services.icat_plus.neighbours.search import SearchService
from services.icat_plus.routes import acquisition, catalogue, files, logbook, samples, sessions, tracking
from services.icat_plus.sessions import PostgresSessions, Sessions, SessionStore
from services.icat_plus.settings import IcatPlusSettings
from services.icat_plus.shipments.declarations import OwnDeclarations
from services.icat_plus.shipments.publisher import ShipmentPublisher
from shared.access.quota import DAY_SECONDS, ByteQuota
from shared.access.tokens import Tokens
from shared.host.service import Resources
from shared.http.route import ProblemRoute
from shared.kafka.confirmation import Confirmations
from shared.kafka.publisher import Publisher
from shared.vocabulary.techniques import TechniqueBook
from shared.vocabulary.vocabulary import Vocabulary

CONFIRMATION_SECONDS = 0.08
"""ICAT's client waits 0.1 s for the logbook and takes silence for success, so the answer must come earlier."""
SAME_AGAIN = "send the same again: nothing is written twice"


def routes(
    resources: Resources[IcatPlusSettings],
    vocabulary: Vocabulary,
    techniques: TechniqueBook,
    neighbours: Neighbours,
    *,
    session_store: SessionStore | None = None,
    publisher: Publisher | None = None,
) -> APIRouter:
    """All routes. In tests, `session_store` and `publisher` replace those of `resources`."""
    dependencies = _dependencies(
        resources,
        techniques,
        neighbours,
        session_store or PostgresSessions(resources.database),
        publisher or resources.publisher,
    )
    router = APIRouter(route_class=ProblemRoute, tags=["ICAT+"])
    for each in (acquisition, sessions, catalogue, samples, tracking, files):
        each.add(router, dependencies)
    catalogue.add_vocabulary(router, dependencies, vocabulary)
    logbook.add(router, dependencies)
    return router


def _dependencies(
    resources: Resources[IcatPlusSettings],
    techniques: TechniqueBook,
    neighbours: Neighbours,
    session_store: SessionStore,
    publisher: Publisher,
) -> Dependencies:
    settings, clock = resources.settings, resources.clock
    search = SearchService(neighbours.search)
    tokens = Tokens(settings.access.tokens_file)
    lifetime = timedelta(minutes=settings.session_minutes)
    quota = ByteQuota(settings.source.bytes_per_day, DAY_SECONDS)
    confirmations = Confirmations(publisher, quota, cure=SAME_AGAIN)
    return Dependencies(
        search=search,
        logbook=LogbookService(neighbours.logbook),
        archive=ArchiveService(neighbours.archive),
        access=Access(tokens, Sessions(session_store, tokens, clock, lifetime), clock),
        confirmations=Confirmations(publisher, quota, confirmation_seconds=CONFIRMATION_SECONDS, cure=SAME_AGAIN),
        shipments=ShipmentPublisher(OwnDeclarations(search, clock), confirmations, resources.identities, clock),
        identities=resources.identities,
        techniques=techniques,
        zone=ZoneInfo(settings.facility.time_zone),
        clock=clock,
    )

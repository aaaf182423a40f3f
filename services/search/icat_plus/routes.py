"""The routes of ICAT+, on search's HTTP face."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from zoneinfo import ZoneInfo

import httpx
from fastapi import APIRouter

from services.search.icat_plus import acquisition, catalogue, files, logbook_routes, logging_in, samples, tracking
from services.search.icat_plus.access import Access
from services.search.icat_plus.archive_service import ArchiveService
from services.search.icat_plus.asking import IcatReader
from services.search.icat_plus.datasets import Datasets
from services.search.icat_plus.declarations import PostgresDeclarations
from services.search.icat_plus.desk import Desk
from services.search.icat_plus.logbook_service import LogbookService
from services.search.icat_plus.sessions import PostgresSessions, Sessions, SessionStore
from services.search.icat_plus.shipping import ShippingDesk
from services.search.icat_routes.numbers import add_numbers
from services.search.index.block_index import BlockIndex
from services.search.query.catalogue import CatalogueReader
from services.search.query.naming import Naming
from services.search.settings import SearchSettings
from shared.access.quota import DAY_SECONDS, ByteQuota
from shared.access.tokens import Tokens
from shared.host.service import Resources
from shared.http.bearer import Bearers
from shared.http.neighbour import Neighbour
from shared.http.route import ProblemRoute
from shared.kafka.confirmation import Confirmations
from shared.kafka.publisher import Publisher
from shared.runtime.backoff import Backoff
from shared.vocabulary.techniques import TechniqueBook
from shared.vocabulary.vocabulary import Vocabulary

CONFIRMATION_SECONDS = 0.08
"""ICAT's client waits 0.1 s for the logbook and takes silence for success: it must hear before that."""
SAME_AGAIN = "send the same again: what did arrive is not written twice"


@dataclass(frozen=True)
class Neighbours:
    """The services that are asked."""

    logbook: Neighbour
    archive: Neighbour

    @classmethod
    def of(cls, settings: SearchSettings, transport: httpx.AsyncBaseTransport | None = None) -> "Neighbours":
        """Where the settings say."""
        token = settings.neighbours.service_token_file
        return cls(
            Neighbour("logbook", settings.logbook_service_url, token, transport),
            Neighbour("archive", settings.archive_service_url, token, transport),
        )

    def connections(self, backoff: Backoff) -> Sequence[Callable[[], Awaitable[None]]]:
        """Tasks of the service that close the connections at its end."""
        return [partial(neighbour.until_stopped, backoff) for neighbour in (self.logbook, self.archive)]


def routes(
    resources: Resources[SearchSettings],
    vocabulary: Vocabulary,
    techniques: TechniqueBook,
    neighbours: Neighbours,
    *,
    sessions: SessionStore | None = None,
    publisher: Publisher | None = None,
) -> APIRouter:
    """All of them; `sessions` and `publisher` replace those of `resources` in tests."""
    zone = ZoneInfo(resources.settings.facility.time_zone)
    naming = Naming(vocabulary)
    reader = CatalogueReader(resources.database, naming, BlockIndex())
    icat = IcatReader(reader)
    tokens = Tokens(resources.settings.access.tokens_file)
    lifetime = timedelta(minutes=resources.settings.session_minutes)
    kept = sessions or PostgresSessions(resources.database)
    quota = ByteQuota(resources.settings.source.bytes_per_day, DAY_SECONDS)
    desk = Desk(
        reader=reader,
        icat=icat,
        logbook=LogbookService(neighbours.logbook),
        archive=ArchiveService(neighbours.archive),
        datasets=Datasets(reader, icat, zone),
        access=Access(tokens, Sessions(kept, tokens, resources.clock, lifetime), resources.clock),
        confirmations=Confirmations(
            publisher or resources.publisher, quota, confirmation_seconds=CONFIRMATION_SECONDS, cure=SAME_AGAIN
        ),
        shipping=ShippingDesk(
            PostgresDeclarations(resources.database),
            Confirmations(publisher or resources.publisher, quota, cure=SAME_AGAIN),
            resources.identities,
            resources.clock,
        ),
        identities=resources.identities,
        naming=naming,
        techniques=techniques,
        zone=zone,
        clock=resources.clock,
    )
    router = APIRouter(route_class=ProblemRoute, tags=["ICAT+"])
    add_numbers(router, Bearers(tokens, resources.clock), reader)
    acquisition.add(router, desk)
    logging_in.add(router, desk)
    catalogue.add(router, desk)
    samples.add(router, desk)
    tracking.add(router, desk)
    files.add(router, desk)
    catalogue.add_vocabulary(router, desk, vocabulary)
    logbook_routes.add(router, desk)
    return router

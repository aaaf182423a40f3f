"""The routes of ICAT+, on search's HTTP face."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from fastapi import APIRouter

from services.search.icat_plus import acquisition, catalogue, files, logbook_routes, logging_in, samples, tracking
from services.search.icat_plus.access import Access
from services.search.icat_plus.asking import IcatReader
from services.search.icat_plus.datasets import Datasets
from services.search.icat_plus.declarations import PostgresDeclarations
from services.search.icat_plus.desk import Desk
from services.search.icat_plus.sessions import PostgresSessions, Sessions, SessionStore
from services.search.icat_plus.shipping import ShippingDesk
from services.search.naming import Naming
from services.search.reading import CatalogueReader
from shared.confirming import Confirmations
from shared.publisher import Publisher
from shared.quota import DAY_SECONDS, ByteQuota
from shared.routing import ProblemRoute
from shared.service import Ground
from shared.techniques import TechniqueBook
from shared.tokens import Tokens
from shared.vocabulary import Vocabulary

CONFIRMATION_SECONDS = 0.08
"""ICAT's client waits 0.1 s for the logbook and takes silence for success: it must hear before that."""
SAME_AGAIN = "send the same again: what did arrive is not written twice"


def routes(
    ground: Ground,
    vocabulary: Vocabulary,
    techniques: TechniqueBook,
    *,
    sessions: SessionStore | None = None,
    publisher: Publisher | None = None,
) -> APIRouter:
    """All of them; `sessions` and `publisher` in place of the ground's own are for tests."""
    zone = ZoneInfo(ground.settings.time_zone)
    naming = Naming(vocabulary)
    reader = CatalogueReader(ground.database, naming)
    icat = IcatReader(reader)
    tokens = Tokens(ground.settings.tokens_file)
    lifetime = timedelta(minutes=ground.settings.session_minutes)
    kept = sessions or PostgresSessions(ground.database)
    quota = ByteQuota(ground.settings.source_bytes_per_day, DAY_SECONDS)
    desk = Desk(
        reader=reader,
        icat=icat,
        datasets=Datasets(reader, icat, zone),
        access=Access(tokens, Sessions(kept, tokens, ground.clock, lifetime), ground.clock),
        confirmations=Confirmations(
            publisher or ground.publisher, quota, confirmation_seconds=CONFIRMATION_SECONDS, cure=SAME_AGAIN
        ),
        shipping=ShippingDesk(
            PostgresDeclarations(ground.database),
            Confirmations(publisher or ground.publisher, quota, cure=SAME_AGAIN),
            ground.identities,
            ground.clock,
        ),
        identities=ground.identities,
        naming=naming,
        techniques=techniques,
        zone=zone,
        clock=ground.clock,
    )
    router = APIRouter(route_class=ProblemRoute, tags=["ICAT+"])
    acquisition.add(router, desk)
    logging_in.add(router, desk)
    catalogue.add(router, desk)
    samples.add(router, desk)
    tracking.add(router, desk)
    files.add(router, desk)
    catalogue.add_vocabulary(router, desk, vocabulary)
    logbook_routes.add(router, desk)
    return router

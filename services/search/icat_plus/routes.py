"""The routes of ICAT+, on search's HTTP face."""

from collections.abc import Callable, Collection, Coroutine, Iterator
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request
from fastapi.dependencies.models import Dependant
from fastapi.responses import Response

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
from services.search.routes import AnsweringRoute
from shared.confirming import Confirmations
from shared.problems import FieldFault, Problem, invalid
from shared.publisher import Publisher
from shared.quota import DAY_SECONDS, ByteQuota
from shared.service import Ground
from shared.techniques import TechniqueBook
from shared.tokens import Tokens
from shared.vocabulary import Vocabulary

CONFIRMATION_SECONDS = 0.08
"""ICAT's client waits 0.1 s for the logbook and takes silence for success: it must hear before that."""
SAME_AGAIN = "send the same again: what did arrive is not written twice"


class IcatRoute(AnsweringRoute):
    """Tells what is refused as every route of search does, and leaves no field of a query unheeded."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler, with problems answered."""
        handle, known = super().get_route_handler(), self._fields()

        async def answering(request: Request) -> Response:
            try:
                _check_fields(request, known)
                return await handle(request)
            except Problem as problem:
                return problem.response()

        return answering

    def _fields(self) -> set[str]:
        described = (self.openapi_extra or {}).get("parameters", ())
        return {*_declared(self.dependant), *(field["name"] for field in described)}


def _declared(dependant: Dependant) -> Iterator[str]:
    """The fields of the query that a route takes, itself and by what it depends on."""
    yield from (field.alias for field in dependant.query_params)
    for each in dependant.dependencies:
        yield from _declared(each)


def _check_fields(request: Request, known: Collection[str]) -> None:
    """An answer that does not heed what was asked would be taken for one that does.

    Raises:
        Problem: 422, with every field of the query that the route does not know.
    """
    heeded = f"beamcat heeds {', '.join(sorted(known)) or 'no field'} here: leave it out"
    if unknown := [name for name in request.query_params if name not in known]:
        raise invalid([FieldFault(field=name[:100], message=heeded) for name in unknown[:20]])


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
    router = APIRouter(route_class=IcatRoute, tags=["ICAT+"])
    acquisition.add(router, desk)
    logging_in.add(router, desk)
    catalogue.add(router, desk)
    samples.add(router, desk)
    tracking.add(router, desk)
    files.add(router, desk)
    catalogue.add_vocabulary(router, desk, vocabulary)
    logbook_routes.add(router, desk)
    return router

"""The declaration of search."""

from functools import partial
from typing import Any

from services.search.forgetting import Forgetting
from services.search.handler import (
    CommittedView,
    SubmittedView,
    note_committed,
    note_pending,
    note_rejected,
    note_submitted,
)
from services.search.icat_plus.declared import note_shipped
from services.search.icat_plus.noting import note_registered, note_written
from services.search.icat_plus.routes import routes as icat_plus_routes
from services.search.memory import MemoryReadModel
from services.search.reporting import note_reported
from services.search.routes import routes
from services.search.sealing import Sealing
from services.search.store import PostgresReadModel
from shared.datafiles import own_folders
from shared.events import DatasetPending, DatasetRejected, DatasetReported, InvestigationRegistered, LogbookWritten
from shared.identity import Identities
from shared.service import Ground, Parts, Service
from shared.shipments import ShipmentChanged
from shared.stage import Stage
from shared.techniques import TechniqueBook
from shared.topics import COMMITTED, LOGBOOK, PENDING, REGISTERED, REJECTED, REPORTS, SHIPMENTS, SUBMITTED
from shared.vocabulary import Vocabulary


def assemble(ground: Ground) -> Parts:
    """Its stages, the sealing of blocks, the forgetting of what happened, and the routes."""
    store = PostgresReadModel(ground.database, ground.clock)
    vocabulary = Vocabulary.load(own_folders("vocabulary", ground.settings.schema_directories))
    techniques = TechniqueBook.load(own_folders("techniques", ground.settings.schema_directories))
    router = routes(ground, vocabulary)
    router.include_router(icat_plus_routes(ground, vocabulary, techniques))
    forgetting = Forgetting(ground.database, ground.patience, ground.clock)
    beside = (Sealing(ground.database, ground.patience).run, forgetting.run)
    return Parts(stages_of(store, ground.identities), beside, router)


def stages_of(store: PostgresReadModel | MemoryReadModel, identities: Identities) -> tuple[Stage[Any, Any], ...]:
    """The stages, which `rebuild` runs as well."""
    return (
        Stage("search", COMMITTED, CommittedView, note_committed, store),
        Stage("search-rejections", REJECTED, DatasetRejected, partial(note_rejected, identities), store, onlooker=True),
        Stage("search-pending", PENDING, DatasetPending, partial(note_pending, identities), store),
        Stage("search-receipts", SUBMITTED, SubmittedView, partial(note_submitted, identities), store, onlooker=True),
        Stage("search-investigations", REGISTERED, InvestigationRegistered, note_registered, store),
        Stage("search-logbook", LOGBOOK, LogbookWritten, note_written, store),
        Stage("search-shipments", SHIPMENTS, ShipmentChanged, partial(note_shipped, identities), store),
        Stage("search-reports", REPORTS, DatasetReported, note_reported, store),
    )


SERVICE = Service("search", assemble, schema="search")

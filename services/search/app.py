"""The declaration of search."""

from functools import partial
from typing import Any

from services.search.handler import (
    CommittedView,
    SubmittedView,
    note_committed,
    note_pending,
    note_rejected,
    note_submitted,
)
from services.search.index.block_index import BlockIndex
from services.search.index.port import Index
from services.search.memory import MemoryReadModel
from services.search.projections.investigations.note import note_registered
from services.search.projections.shipments.note import note_shipped
from services.search.retention import Retention
from services.search.routes.router import routes
from services.search.settings import SearchSettings
from services.search.store import PostgresReadModel
from shared.events.identity import Identities
from shared.events.investigation import InvestigationRegistered
from shared.events.pending import DatasetPending
from shared.events.rejection import DatasetRejected
from shared.events.shipments import ShipmentChanged
from shared.events.topics import COMMITTED, PENDING, REGISTERED, REJECTED, SHIPMENTS, SUBMITTED
from shared.host.service import Components, Resources, Service
from shared.stages.stage import Stage
from shared.vocabulary.datafiles import own_folders
from shared.vocabulary.vocabulary import Vocabulary


def assemble(resources: Resources[SearchSettings]) -> Components:
    """The components: stages, the upkeep of the index, the retention of activity, and routes."""
    index = new_index()
    store = PostgresReadModel(resources.database, resources.clock, index)
    vocabulary = Vocabulary.load(own_folders("vocabulary", resources.settings.facility.schema_directories))
    router = routes(resources, vocabulary, index)
    retention = Retention(resources.database, resources.backoff, resources.clock)
    upkeep = index.upkeep(resources.database, resources.backoff)
    return Components(stages_of(store, resources.identities), (upkeep.run, retention.run), router)


def new_index() -> Index:
    """An index of datasets. No other place chooses its implementation."""
    return BlockIndex()


def stages_of(store: PostgresReadModel | MemoryReadModel, identities: Identities) -> tuple[Stage[Any, Any], ...]:
    """The stages, which `rebuild` runs as well."""
    return (
        Stage("search", COMMITTED, CommittedView, note_committed, store),
        Stage(
            "search-rejections",
            REJECTED,
            DatasetRejected,
            partial(note_rejected, identities),
            store,
            publishes_rejections=False,
        ),
        Stage("search-pending", PENDING, DatasetPending, partial(note_pending, identities), store),
        Stage(
            "search-receipts",
            SUBMITTED,
            SubmittedView,
            partial(note_submitted, identities),
            store,
            publishes_rejections=False,
        ),
        Stage("search-investigations", REGISTERED, InvestigationRegistered, note_registered, store),
        Stage("search-shipments", SHIPMENTS, ShipmentChanged, partial(note_shipped, identities), store),
    )


SERVICE = Service("search", SearchSettings, assemble, schema="search", produces=(REJECTED,))

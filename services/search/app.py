"""The declaration of search."""

from typing import Any

from services.search.handler import (
    CommittedView,
    SubmittedView,
    note_committed,
    note_pending,
    note_rejected,
    note_submitted,
)
from services.search.routes import routes
from services.search.sealing import Sealing
from services.search.store import PostgresReadModel
from shared.datafiles import own_folders
from shared.events import DatasetPending, DatasetRejected
from shared.service import Ground, Parts, Service
from shared.stage import Stage
from shared.topics import COMMITTED, PENDING, REJECTED, SUBMITTED
from shared.vocabulary import Vocabulary


def assemble(ground: Ground) -> Parts:
    """Its stages, the sealing of blocks and the routes."""
    store = PostgresReadModel(ground.database, ground.clock)
    vocabulary = Vocabulary.load(own_folders("vocabulary", ground.settings.schema_directories))
    return Parts(stages_of(store), (Sealing(ground.database, ground.patience).run,), routes(ground, vocabulary))


def stages_of(store: PostgresReadModel) -> tuple[Stage[Any, None], ...]:
    """The four stages, which `rebuild` runs as well."""
    return (
        Stage("search", COMMITTED, CommittedView, note_committed, store),
        Stage("search-rejections", REJECTED, DatasetRejected, note_rejected, store, onlooker=True),
        Stage("search-pending", PENDING, DatasetPending, note_pending, store, onlooker=True),
        Stage("search-receipts", SUBMITTED, SubmittedView, note_submitted, store, onlooker=True),
    )


SERVICE = Service("search", assemble, schema="search")

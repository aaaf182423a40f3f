"""The catalog_writer service: its stage, and the relay that tells what it wrote."""

from functools import partial

from services.catalog_writer.documents import CatalogView
from services.catalog_writer.handler import commit
from services.catalog_writer.outbox import PostgresOutbox
from services.catalog_writer.store import PostgresCatalog
from shared.datafiles import own_folders
from shared.relay import Relay
from shared.service import Ground, Parts, Service
from shared.stage import Stage
from shared.topics import TRACKED
from shared.vocabulary import load_combining


def assemble(ground: Ground) -> Parts:
    """One stage that publishes nothing itself, and one relay."""
    relay = Relay("catalog-relay", PostgresOutbox(ground.database), ground.publisher, ground.patience)
    store = PostgresCatalog(ground.database, ground.clock)
    rules = load_combining(own_folders("vocabulary", ground.settings.schema_directories))
    stage = Stage("catalog_writer", TRACKED, CatalogView, partial(commit, rules), store, saved=relay.wake)
    return Parts(stages=[stage], tasks=[relay.run])


SERVICE = Service("catalog_writer", assemble, schema="catalog")

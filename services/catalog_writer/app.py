"""The declaration of the catalog_writer: its stage, and the relay that publishes what it wrote."""

from functools import partial

from services.catalog_writer.documents import CatalogView
from services.catalog_writer.handler import commit
from services.catalog_writer.outbox import PostgresOutbox
from services.catalog_writer.settings import CatalogWriterSettings
from services.catalog_writer.store import PostgresCatalog
from shared.events.topics import COMMITTED, REJECTED, TRACKED
from shared.host.service import Components, Resources, Service
from shared.stages.relay import Relay
from shared.stages.stage import Stage
from shared.vocabulary.datafiles import own_folders
from shared.vocabulary.vocabulary import load_combining


def assemble(resources: Resources[CatalogWriterSettings]) -> Components:
    """One stage that does not publish, and one relay that publishes for it."""
    outbox = PostgresOutbox(resources.database)
    relay = Relay("catalog-relay", outbox, resources.publisher, resources.backoff)
    store = PostgresCatalog(resources.database, resources.clock, outbox)
    rules = load_combining(own_folders("vocabulary", resources.settings.facility.schema_directories))
    stage = Stage("catalog_writer", TRACKED, CatalogView, partial(commit, rules), store, saved=relay.wake)
    return Components(stages=[stage], tasks=[relay.run])


SERVICE = Service("catalog_writer", CatalogWriterSettings, assemble, schema="catalog", produces=(COMMITTED, REJECTED))

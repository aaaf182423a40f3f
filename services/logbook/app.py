"""The declaration of the logbook."""

from services.logbook.handler import record
from services.logbook.routes import routes
from services.logbook.settings import LogbookSettings
from services.logbook.store import PostgresEntries
from shared.events.logbook import LogbookWritten
from shared.events.topics import LOGBOOK, REJECTED
from shared.host.service import Components, Resources, Service
from shared.stages.stage import Stage


def assemble(resources: Resources[LogbookSettings]) -> Components:
    """The stage and the routes."""
    entries = Stage("logbook", LOGBOOK, LogbookWritten, record, PostgresEntries(resources.database))
    return Components(stages=(entries,), router=routes(resources))


SERVICE = Service("logbook", LogbookSettings, assemble, schema="logbook", produces=(REJECTED,), few_connections=True)

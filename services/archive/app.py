"""The declaration of the archive."""

from functools import partial

from services.archive.catalogue import SearchCatalogue
from services.archive.handler import note
from services.archive.routes import routes
from services.archive.settings import ArchiveSettings
from services.archive.store import PostgresReports
from shared.events.report import DatasetReported
from shared.events.topics import REJECTED, REPORTS
from shared.host.service import Components, Resources, Service
from shared.http.neighbour import Neighbour
from shared.stages.stage import Stage


def assemble(resources: Resources[ArchiveSettings]) -> Components:
    """The stage, the routes and the HTTP client of search."""
    neighbours = resources.settings.neighbours
    search = Neighbour("search", neighbours.search_service_url, neighbours.service_token_file)
    catalogue = SearchCatalogue(search)
    reports = Stage("archive", REPORTS, DatasetReported, note, PostgresReports(resources.database, catalogue))
    connection = partial(search.until_stopped, resources.backoff)
    return Components(stages=(reports,), tasks=(connection,), router=routes(resources, catalogue))


SERVICE = Service("archive", ArchiveSettings, assemble, schema="archive", produces=(REJECTED,), few_connections=True)

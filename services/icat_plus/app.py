"""The declaration of icat_plus."""

from services.icat_plus.neighbours.neighbours import Neighbours
from services.icat_plus.routes.router import routes
from services.icat_plus.settings import IcatPlusSettings
from shared.events.topics import LOGBOOK, REPORTS, SHIPMENTS
from shared.host.service import Components, Resources, Service
from shared.vocabulary.datafiles import own_folders
from shared.vocabulary.techniques import TechniqueBook
from shared.vocabulary.vocabulary import Vocabulary


def assemble(resources: Resources[IcatPlusSettings]) -> Components:
    """The routes, and the connections to the other services."""
    own = resources.settings.facility.schema_directories
    vocabulary = Vocabulary.load(own_folders("vocabulary", own))
    techniques = TechniqueBook.load(own_folders("techniques", own))
    neighbours = Neighbours.of(resources.settings)
    router = routes(resources, vocabulary, techniques, neighbours)
    return Components(tasks=neighbours.connections(resources.backoff), router=router)


SERVICE = Service(
    "icat_plus",
    IcatPlusSettings,
    assemble,
    schema="icat_plus",
    produces=(SHIPMENTS, REPORTS, LOGBOOK),
    few_connections=True,
)

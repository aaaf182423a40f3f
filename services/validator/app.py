"""The declaration of the validator."""

from zoneinfo import ZoneInfo

from services.validator.checker import Checker
from services.validator.handler import validating
from services.validator.routes import routes
from services.validator.settings import ValidatorSettings
from services.validator.unknown_parameters import UnknownParameterCount
from shared.events.dataset import DatasetSubmitted
from shared.events.topics import REJECTED, SUBMITTED, VALIDATED
from shared.host.service import Components, Resources, Service
from shared.stages.stage import Stage
from shared.vocabulary.datafiles import own_folders
from shared.vocabulary.techniques import TechniqueBook
from shared.vocabulary.vocabulary import Vocabulary


def assemble(resources: Resources[ValidatorSettings]) -> Components:
    """A stage without a store, and the route of the dry run."""
    zone = ZoneInfo(resources.settings.facility.time_zone)
    roots = resources.settings.facility.path_roots
    own = resources.settings.facility.schema_directories
    vocabulary = Vocabulary.load(own_folders("vocabulary", own))
    techniques = TechniqueBook.load(own_folders("techniques", own))
    checker = Checker(vocabulary, techniques, resources.identities, roots, zone)
    stage = Stage(
        "validator", SUBMITTED, DatasetSubmitted, validating(checker), UnknownParameterCount(), produces=VALIDATED
    )
    return Components(stages=[stage], router=routes(checker, resources.clock))


SERVICE = Service("validator", ValidatorSettings, assemble, produces=(VALIDATED, REJECTED))

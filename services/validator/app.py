"""The declaration of the validator."""

from zoneinfo import ZoneInfo

from services.validator.checking import Checker
from services.validator.counting import UnknownParameterCount
from services.validator.handler import validating
from services.validator.routes import routes
from shared.datafiles import own_folders
from shared.events import DatasetSubmitted
from shared.service import Ground, Parts, Service
from shared.stage import Stage
from shared.techniques import TechniqueBook
from shared.topics import SUBMITTED, VALIDATED
from shared.vocabulary import Vocabulary


def assemble(ground: Ground) -> Parts:
    """One stage that remembers nothing, and the dry run."""
    zone = ZoneInfo(ground.settings.time_zone)
    roots = ground.settings.path_roots
    own = ground.settings.schema_directories
    vocabulary = Vocabulary.load(own_folders("vocabulary", own))
    techniques = TechniqueBook.load(own_folders("techniques", own))
    checker = Checker(vocabulary, techniques, ground.identities, roots, zone)
    stage = Stage(
        "validator", SUBMITTED, DatasetSubmitted, validating(checker), UnknownParameterCount(), produces=VALIDATED
    )
    return Parts(stages=[stage], router=routes(checker, ground.clock))


SERVICE = Service("validator", assemble)

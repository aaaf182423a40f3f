"""The declaration of the gateway."""

from services.gateway.checking import Verdicts
from services.gateway.descriptions import Descriptions
from services.gateway.routes import Edge
from shared.confirming import Confirmations
from shared.datafiles import own_folders
from shared.quota import DAY_SECONDS, ByteQuota
from shared.service import Ground, Parts, Service
from shared.techniques import TechniqueBook
from shared.tokens import Tokens
from shared.vocabulary import Vocabulary


def assemble(ground: Ground) -> Parts:
    """The routes, on the ground's publisher."""
    settings = ground.settings
    own = settings.schema_directories
    vocabulary = Vocabulary.load(own_folders("vocabulary", own))
    edge = Edge(
        Tokens(settings.tokens_file),
        ground.identities,
        Confirmations(ground.publisher, ByteQuota(settings.source_bytes_per_day, DAY_SECONDS)),
        Verdicts(settings.validator_url, settings.linker_url),
        Descriptions(TechniqueBook.load(own_folders("techniques", own)), vocabulary),
        ground.clock,
    )
    return Parts(router=edge.router())


SERVICE = Service("gateway", assemble)

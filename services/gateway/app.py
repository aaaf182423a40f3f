"""The declaration of the gateway."""

from services.gateway.checking import Verdicts
from services.gateway.descriptions import Descriptions
from services.gateway.routes import Edge
from shared.confirming import Confirmations
from shared.datafiles import own_folders
from shared.producer_watch import ProducerWatch, WatchedPublisher
from shared.quota import DAY_SECONDS, ByteQuota
from shared.service import Ground, Parts, Service
from shared.techniques import TechniqueBook
from shared.tokens import Tokens
from shared.vocabulary import Vocabulary


def assemble(ground: Ground) -> Parts:
    """The routes, on the ground's publisher, and the watch over producers."""
    settings = ground.settings
    own = settings.schema_directories
    vocabulary = Vocabulary.load(own_folders("vocabulary", own))
    watch = ProducerWatch(settings, "gateway", ground.patience)
    edge = Edge(
        Tokens(settings.tokens_file),
        ground.identities,
        Confirmations(WatchedPublisher(ground.publisher, watch), ByteQuota(settings.source_bytes_per_day, DAY_SECONDS)),
        Verdicts(settings.validator_url, settings.linker_url),
        Descriptions(TechniqueBook.load(own_folders("techniques", own)), vocabulary),
        ground.clock,
        watch.wait_seconds,
    )
    return Parts(router=edge.router(), tasks=(watch.run,))


SERVICE = Service("gateway", assemble)

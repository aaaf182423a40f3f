"""The declaration of the gateway."""

from services.gateway.descriptions import Descriptions
from services.gateway.dry_run import Verdicts
from services.gateway.routes import Edge
from services.gateway.settings import GatewaySettings
from shared.access.quota import DAY_SECONDS, ByteQuota
from shared.access.tokens import Tokens
from shared.events.topics import INVESTIGATIONS, SAMPLES, SUBMITTED
from shared.host.service import Components, Resources, Service
from shared.kafka.confirmation import Confirmations
from shared.kafka.producer_watch import ProducerWatch, WatchedPublisher
from shared.vocabulary.datafiles import own_folders
from shared.vocabulary.techniques import TechniqueBook
from shared.vocabulary.vocabulary import Vocabulary


def assemble(resources: Resources[GatewaySettings]) -> Components:
    """The routes, with the shared publisher, and the watch over producers."""
    settings = resources.settings
    own = settings.facility.schema_directories
    vocabulary = Vocabulary.load(own_folders("vocabulary", own))
    watch = ProducerWatch(settings.kafka, settings.source, "gateway", resources.backoff)
    edge = Edge(
        Tokens(settings.access.tokens_file),
        resources.identities,
        Confirmations(
            WatchedPublisher(resources.publisher, watch), ByteQuota(settings.source.bytes_per_day, DAY_SECONDS)
        ),
        Verdicts(settings.validator_url, settings.linker_url),
        Descriptions(TechniqueBook.load(own_folders("techniques", own)), vocabulary),
        resources.clock,
        watch.wait_seconds,
    )
    return Components(router=edge.router(), tasks=(watch.run,))


SERVICE = Service("gateway", GatewaySettings, assemble, produces=(SUBMITTED, INVESTIGATIONS, SAMPLES))

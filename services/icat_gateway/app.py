"""The declaration of the icat_gateway."""

from zoneinfo import ZoneInfo

from services.icat_gateway.edge import Edge
from services.icat_gateway.jolokia.consumers import ConsumerGroup, Consumers
from services.icat_gateway.jolokia.server import Jolokia
from services.icat_gateway.ports import QUEUES
from services.icat_gateway.settings import IcatGatewaySettings
from services.icat_gateway.stomp.bounds import Bounds
from services.icat_gateway.stomp.framing import Reason
from services.icat_gateway.translation import Translator
from shared.events.topics import INVESTIGATIONS, REJECTED, REPORTS, SUBMITTED
from shared.host.service import Components, Resources, Service
from shared.kafka.producer_watch import ProducerWatch, WatchedPublisher
from shared.runtime.metrics import ICAT_FRAMES, ICAT_REFUSED, begin

VALIDATOR = ConsumerGroup("beamcat.validator", SUBMITTED.name)
LINKER = ConsumerGroup("beamcat.linker-investigations", INVESTIGATIONS.name)
ARCHIVE = ConsumerGroup("beamcat.archive", REPORTS.name)
CONSUMERS = {
    "icatIngest": VALIDATOR,
    "icatUpdateDatasetMetadata": VALIDATOR,
    "icatDataFiles": ARCHIVE,
    "icatArchiveRestoreStatus": ARCHIVE,
    "rescheduleInvestigation": LINKER,
}
"""The consumer group that reads the events of each queue. Starts of investigations also arrive in icatIngest."""


def assemble(resources: Resources[IcatGatewaySettings]) -> Components:
    """The STOMP and Jolokia servers, each on its own port. They serve even while Kafka is away."""
    begin(ICAT_FRAMES, QUEUES, ("published", "spooled", "delivered"))
    begin(ICAT_REFUSED, Reason)
    settings = resources.settings
    translator = Translator(resources.identities, ZoneInfo(settings.facility.time_zone))
    watch = ProducerWatch(settings.kafka, settings.source, "icat_gateway", resources.backoff)
    publisher = WatchedPublisher(resources.publisher, watch)
    edge = Edge(
        settings.stomp,
        settings.source,
        translator,
        publisher,
        resources.backoff,
        resources.clock,
        Bounds(),
        watch.wait_seconds,
    )
    consumers = Consumers(settings.kafka, CONSUMERS, resources.backoff)
    jolokia = Jolokia(
        (settings.stomp.host, settings.jolokia_port), settings.http, consumers, resources.backoff, resources.clock
    )
    return Components(router=jolokia.router(), edges=(edge.run, consumers.run, jolokia.serve, watch.run))


SERVICE = Service(
    "icat_gateway", IcatGatewaySettings, assemble, produces=(SUBMITTED, INVESTIGATIONS, REPORTS, REJECTED)
)

"""The declaration of the gateway."""

from services.gateway.checking import Verdicts
from services.gateway.confirming import Confirmations
from services.gateway.routes import Edge
from shared.service import Ground, Parts, Service
from shared.tokens import Tokens


def assemble(ground: Ground) -> Parts:
    """The routes, on the ground's publisher."""
    settings = ground.settings
    edge = Edge(
        Tokens(settings.tokens_file),
        ground.identities,
        Confirmations(ground.publisher),
        Verdicts(settings.validator_url, settings.linker_url),
        ground.clock,
    )
    return Parts(router=edge.router())


SERVICE = Service("gateway", assemble)

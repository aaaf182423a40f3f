"""Publishes the declarations of clients, and remembers them once Kafka has confirmed them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from services.icat_plus.answers import Row
from services.icat_plus.handler import SOURCE, declaration_time, shipment_event
from services.icat_plus.shipments.declarations import OwnDeclarations
from services.icat_plus.shipments.tree import ShipmentTree
from shared.access.grants import Grant
from shared.events.declarations import declared_of, named, together
from shared.events.identity import Identities
from shared.events.order import said_of
from shared.events.shipments import Shipping
from shared.kafka.confirmation import Confirmations


@dataclass(frozen=True)
class ShipmentPublisher:
    """Publishes declarations, and returns the shipments with them."""

    declarations: OwnDeclarations
    confirmations: Confirmations
    identities: Identities
    clock: Callable[[], datetime]

    async def tree(self, investigation: Row) -> ShipmentTree:
        """The shipments of an investigation."""
        investigation_id = investigation["investigation_id"]
        beamline = investigation["beamline"].lower()
        return ShipmentTree(investigation_id, await self.declarations.of([investigation_id], [beamline]))

    async def publish(
        self, happening: type[Shipping], known: ShipmentTree, investigation: Row, grant: Grant, **facts: object
    ) -> ShipmentTree:
        """Publish an event, and remember what it declares.

        Its time is later than that of every earlier declaration, even if the clock is wrong.

        Raises:
            Problem: 429 or 503, Kafka has not confirmed the event. It may still arrive.
        """
        now, event_id = self.clock(), str(uuid4())
        shipping = happening.model_validate(
            {
                "investigation_id": named(self.identities, known.investigation_id, investigation["facility_id"]),
                "proposal": investigation["proposal"],
                "beamline": investigation["beamline"],
                "at": declaration_time(known.latest, now),
                "said_by": grant.name,
                **facts,
            }
        )
        message = shipment_event(shipping, event_id, now)
        await self.confirmations.publish([message], grant.name)
        declared = declared_of(self.identities, shipping, said_of(SOURCE, event_id, message.value))
        self.declarations.note(declared)
        return ShipmentTree(known.investigation_id, together(known.declared, declared))

"""Commands about what travels: published, and known to the read model once Kafka has them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

from pydantic_core import to_json

from services.search.icat_plus.answers import Row
from services.search.icat_plus.declarations import Declarations
from services.search.icat_plus.travelling import Travelling
from shared.access.grants import Grant
from shared.events.declarations import declared_of, named, together
from shared.events.headers import headers_of
from shared.events.identity import Identities
from shared.events.order import said_of
from shared.events.record import Message
from shared.events.shipments import ShipmentChanged, Shipping
from shared.events.topics import SHIPMENTS
from shared.kafka.confirmation import Confirmations

SOURCE = "/beamcat/search"


@dataclass(frozen=True)
class ShippingDesk:
    """Declares things, and tells what was declared."""

    declarations: Declarations
    confirmations: Confirmations
    identities: Identities
    clock: Callable[[], datetime]

    async def travelling(self, investigation: Row) -> Travelling:
        """What travels for an investigation."""
        investigation_id = investigation["investigation_id"]
        beamline = investigation["beamline"].lower()
        return Travelling(investigation_id, await self.declarations.of([investigation_id], [beamline]))

    async def say(
        self, happening: type[Shipping], known: Travelling, investigation: Row, grant: Grant, **said: object
    ) -> Travelling:
        """Say something, and know it; it is later than everything that was said before, whatever clocks show.

        Raises:
            Problem: 429 or 503, Kafka has not confirmed it. It may yet arrive.
        """
        now = self.clock()
        at = max(now, known.latest.at + timedelta(microseconds=1)) if known.latest else now
        shipping = happening.model_validate(
            {
                "investigation_id": named(self.identities, known.investigation_id, investigation["facility_id"]),
                "proposal": investigation["proposal"],
                "beamline": investigation["beamline"],
                "at": at,
                "said_by": grant.name,
                **said,
            }
        )
        event_id = str(uuid4())
        value = to_json(ShipmentChanged(shipping=shipping), exclude_none=True)
        headers = headers_of(SHIPMENTS, receipt_id=event_id, source=SOURCE, time=now.isoformat())
        key = shipping.investigation_id.encode()
        await self.confirmations.publish([Message(SHIPMENTS.name, key, value, headers)], grant.name)
        declared = declared_of(self.identities, shipping, said_of(SOURCE, event_id, value))
        await self.declarations.note(declared)
        return Travelling(known.investigation_id, together(known.declared, declared))

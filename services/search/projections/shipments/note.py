"""What `shipment.events` adds to the read model: which of several declarations of one thing stands. Pure."""

from collections.abc import Sequence
from datetime import datetime

from services.search.projections.facts import EventFacts, Law
from shared.events.declarations import DeclarationRow, ParcelStatusRow, PlaceRow, declared_of
from shared.events.identity import Identities
from shared.events.order import said_of
from shared.events.shipments import ShipmentChanged
from shared.events.wire import Received

THINGS = Law(DeclarationRow, key=lambda row: row.key, stands=DeclarationRow.merged)
PLACES = Law(PlaceRow, key=lambda row: row.key, stands=PlaceRow.merged)
STATUSES = Law(ParcelStatusRow, key=lambda row: row.key, stands=ParcelStatusRow.merged)


def note_shipped(
    identities: Identities, events: Sequence[Received[ShipmentChanged]], _known: object, _now: datetime
) -> Sequence[EventFacts]:
    """What was declared is known; nothing is refused that has the shape."""
    return [
        EventFacts(declared_of(identities, event.event.shipping, said_of(event.source, event.receipt_id, value)).facts)
        for event in events
        for value in (event.record.value or b"",)
    ]

"""What travels, declared and listed with the models of ICAT+'s own client."""

from collections.abc import Callable
from typing import Any

import httpx
from icat_plus_client.api.tracking_api import TrackingApi
from icat_plus_client.models.address import Address
from icat_plus_client.models.item import Item
from icat_plus_client.models.parcel import Parcel
from icat_plus_client.models.shipment import Shipment

from shared.events.headers import headers_of
from shared.events.record import Message
from shared.events.shipments import ShipmentChanged, Shipping
from shared.events.topics import SHIPMENTS
from tests.builders.search.records import NOON
from tests.integration.icat_plus.conftest import PROPOSAL, Facility

SAMPLE = {
    "name": "xtal101",
    "type": "SAMPLESHEET",
    "sampleId": 90210,
    "sampleContainerPosition": "1",
    "comments": "thin",
    "experimentPlan": [
        {"key": "workflowType", "value": "MXPressE"},
        {"key": "aimedResolution", "value": 1.8},
        {"key": "anomalous", "value": True},
        {"key": "notFilledIn", "value": None},
    ],
    "processingPlan": [{"key": "reference", "value": "model.mtz"}],
}
PUCK = {"name": "HA012AJ01", "type": "CONTAINER_UNIPUCK", "sampleChangerLocation": 2, "content": [SAMPLE]}
DEWAR = {"name": "Dewar1", "investigationId": 42, "investigationName": PROPOSAL, "content": [PUCK]}

Asking = Callable[[TrackingApi, str], Any]


async def tracking(facility: Facility, call: Asking, **settings: Any) -> Any:
    """What the generated client gets from the routes of tracking."""

    def ask(client: Any) -> Any:
        restricted = client._icatplus_restricted_client
        return call(restricted._tracking_api, restricted.session_id)

    return await facility.ask(ask, **settings)


async def shipped(facility: Facility, parcel: dict[str, Any] = DEWAR, number: int = 42) -> Parcel:
    """A shipment with one parcel."""
    shipment = Shipment(
        investigation_name=PROPOSAL, name="to the beamline", default_shipping_address=Address(name="Ada")
    )
    sent = await tracking(facility, lambda api, sid: api.tracking_session_id_shipment_post(str(number), sid, shipment))
    assert sent.id is not None
    return await put(facility, parcel, sent.id, number)


async def put(facility: Facility, parcel: dict[str, Any], shipment: str, number: int = 42) -> Parcel:
    body = Parcel.from_dict(parcel | {"investigationId": number})
    answer: Parcel = await tracking(
        facility, lambda api, sid: api.tracking_session_id_parcel_put(sid, shipment, str(number), body)
    )
    return answer


async def parcels(facility: Facility, **asked: Any) -> list[Parcel]:
    """The parcels that the client lists."""
    found: list[Parcel] = await tracking(facility, lambda api, sid: api.tracking_session_id_parcel_get(sid, **asked))
    return found


async def hear(facility: Facility, shipping: Shipping, event: str = "an-event") -> None:
    """Somebody else writes to the topic."""
    value = ShipmentChanged(shipping=shipping).model_dump_json(exclude_none=True).encode()
    headers = headers_of(SHIPMENTS, receipt_id=event, source="/test", time=NOON.isoformat())
    await facility.world.note(facility.topics.published(SHIPMENTS, Message(SHIPMENTS.name, b"42", value, headers)))


def digits(item: Item) -> int:
    """By what MXCuBE knows a sample."""
    assert item.id is not None
    assert len(item.id) == 24
    return int(str(int(item.id, 16))[-6:])


async def request(
    facility: Facility, method: str, path: str, body: Any = None, *, refused: int | None = None
) -> httpx.Response:
    """A request of a portal."""
    async with httpx.AsyncClient(base_url=facility.url, timeout=60) as client:
        opened = await client.post("/session", json={"plugin": "esrf", "username": "u", "password": facility.key})
        url = f"/tracking/{opened.json()['sessionId']}/{path}"
        response = await client.request(method, url, json=body)
    assert response.status_code == (refused or (404 if response.status_code == 404 else 200)), response.text
    return response

"""Shipments, parcels and what is in them: declared with the models of ICAT+'s own client, and read again."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest
from icat_plus_client.api.tracking_api import TrackingApi
from icat_plus_client.exceptions import ApiException
from icat_plus_client.models.address import Address
from icat_plus_client.models.item import Item
from icat_plus_client.models.parcel import Parcel
from icat_plus_client.models.parcel_status import ParcelStatus
from icat_plus_client.models.shipment import Shipment

from shared.events import Container
from shared.shipments import ItemDeclared, SampleSheet, SheetDeclared, ShipmentChanged, Shipping
from shared.tokens import create_token
from shared.topics import SHIPMENTS
from shared.wire import Message, headers_of
from tests.integration.search.icat_plus.conftest import BEAMLINE, PROPOSAL, Facility
from tests.unit.search.building import NOON

pytestmark = pytest.mark.integration

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


async def test_a_parcel_is_answered_and_listed_as_mxcube_needs_it(facility: Facility) -> None:
    await facility.register(42)
    answer = await shipped(facility)
    assert answer.id == (await parcels(facility, investigation_id="42"))[0].id
    (parcel,) = await facility.ask(lambda client: client.get_parcels_by("42"))
    assert (parcel.name, parcel.investigation_id, parcel.investigation_name) == ("Dewar1", 42, PROPOSAL)
    (puck,) = parcel.content
    assert (puck.name, puck.type, puck.sample_changer_location) == ("HA012AJ01", "CONTAINER_UNIPUCK", 2)
    (sample,) = puck.content
    assert (sample.name, sample.sample_id, sample.sample_container_position) == ("xtal101", 90210, "1")
    assert (sample.comments, sample.content) == ("thin", [])
    plan = {entry.key: entry.value.actual_instance for entry in sample.experiment_plan}
    assert plan == {"workflowType": "MXPressE", "aimedResolution": 1.8, "anomalous": True}
    assert [entry.key for entry in sample.processing_plan] == ["reference"]
    assert digits(sample) != digits(puck)
    assert 0 not in (digits(sample), digits(puck))


async def test_what_is_declared_again_is_the_same_and_an_event_that_comes_again_changes_nothing(
    facility: Facility,
) -> None:
    await facility.register(42)
    first = await shipped(facility)
    again = await shipped(facility)
    assert (again.id, again.content) == (first.id, first.content)
    before = await parcels(facility, investigation_id="42")
    for message in facility.publisher.of(SHIPMENTS.name):
        await facility.world.note(facility.topics.published(SHIPMENTS, message))
    assert await parcels(facility, investigation_id="42") == before


async def test_a_loaded_puck_unloads_the_one_that_was_there_of_any_investigation_at_the_beamline(
    facility: Facility,
) -> None:
    for number, at in ((42, BEAMLINE), (43, BEAMLINE.upper()), (44, "id23-1")):
        await facility.register(number, beamline=at)
    for number in (42, 43, 44):
        await shipped(facility, number=number)

    async def loaded(number: int) -> list[Any]:
        (parcel,) = await parcels(facility, investigation_id=str(number))
        return [puck.sample_changer_location for puck in parcel.content or ()]

    assert [await loaded(number) for number in (42, 43, 44)] == [[None], [2], [2]]
    (parcel,) = await parcels(facility, investigation_id="43")
    puck = (parcel.content or [])[0]
    puck.sample_changer_location = None
    await tracking(
        facility,
        lambda api, sid: api.tracking_session_id_investigation_id_investigation_id_parcel_id_parcel_id_item_item_id_put(
            sid, "43", str(parcel.id), str(puck.id), puck
        ),
    )
    assert [await loaded(number) for number in (42, 43)] == [[None], [None]]


async def test_items_are_put_in_changed_and_taken_out(facility: Facility) -> None:
    await facility.register(42)
    parcel = await shipped(facility)
    path = f"investigation/id/42/parcel/id/{parcel.id}/item"
    shipment = await request(facility, "POST", path, PUCK | {"name": "HA012AJ02", "sampleChangerLocation": 3})
    assert Shipment.from_dict(shipment.json()).parcels == [parcel.id]  # type: ignore[union-attr]
    (listed,) = await parcels(facility, investigation_id="42")
    assert [puck.name for puck in listed.content or ()] == ["HA012AJ01", "HA012AJ02"]
    puck = (listed.content or [])[0]
    sample = (puck.content or [])[0]
    await request(
        facility, "PUT", f"{path}/{sample.id}", SAMPLE | {"comments": "thick", "sampleContainerPosition": "7"}
    )
    (listed,) = await parcels(facility, investigation_id="42")
    changed = ((listed.content or [])[0].content or [])[0]
    assert (changed.id, changed.comments, changed.sample_container_position) == (sample.id, "thick", "7")
    await request(facility, "DELETE", f"{path}/{puck.id}")
    (listed,) = await parcels(facility, investigation_id="42")
    assert [puck.name for puck in listed.content or ()] == ["HA012AJ02"]
    assert (await request(facility, "DELETE", f"{path}/{sample.id}")).status_code == 404


async def test_a_parcel_that_does_not_say_what_is_in_it_keeps_it_and_one_that_does_leaves_the_rest_out(
    facility: Facility,
) -> None:
    await facility.register(42)
    parcel = await shipped(facility)
    assert parcel.shipment_id is not None
    kept = await put(facility, {key: DEWAR[key] for key in DEWAR if key != "content"}, parcel.shipment_id)
    assert kept.content == parcel.content
    emptied = await put(facility, DEWAR | {"content": []}, parcel.shipment_id)
    assert (emptied.id, emptied.content) == (parcel.id, [])


async def test_a_parcel_that_was_read_can_be_sent_back(facility: Facility) -> None:
    await facility.register(42)
    parcel = await shipped(facility)
    answer = (await request(facility, "GET", "parcel?investigationId=42")).json()[0]
    back = await request(facility, "PUT", f"parcel?investigationId=42&shipmentId={parcel.shipment_id}", answer)
    assert back.json()["content"] == answer["content"]
    assert back.json()["statuses"] == []


async def test_everything_that_is_wrong_with_a_parcel_is_told_at_once(facility: Facility) -> None:
    await facility.register(42)
    parcel = await shipped(facility)
    samples = [
        SAMPLE | {"name": "lysozyme 1"},
        SAMPLE | {"name": "a", "sampleContainerPosition": "17"},
        SAMPLE | {"name": "b", "sampleContainerPosition": "3"},
        SAMPLE | {"name": "c", "sampleContainerPosition": "03", "processingPlan": [{"key": "x", "value": [1]}]},
        SAMPLE | {"name": "d", "sampleContainerPosition": "4", "coments": "x"},
    ]
    wrong = DEWAR | {"content": [PUCK | {"content": samples}, PUCK | {"name": "other"}, {"type": "TOOL", "id": "x"}]}
    refused = await request(facility, "PUT", f"parcel?shipmentId={parcel.shipment_id}", wrong, refused=422)
    faults = {fault["field"]: fault["message"] for fault in refused.json()["errors"]}
    assert set(faults) == {
        "content.0.content.0.name",
        "content.0.content.1.sampleContainerPosition",
        "content.0.content.3.sampleContainerPosition",
        "content.0.content.3.processingPlan.0.value",
        "content.0.content.4.coments",
        "content.1.sampleChangerLocation",
        "content.2.id",
        "content.2.name",
    }
    assert "as in lysozyme_1" in faults["content.0.content.0.name"]
    assert (await parcels(facility, investigation_id="42"))[0].content == parcel.content


@pytest.mark.parametrize("position", ["1", "01"])
async def test_a_position_that_another_sample_has_is_refused(facility: Facility, position: str) -> None:
    await facility.register(42)
    second = SAMPLE | {"name": "second", "sampleContainerPosition": "2"}
    parcel = await shipped(facility, DEWAR | {"content": [PUCK | {"content": [SAMPLE, second]}]})
    item = ((parcel.content or [])[0].content or [])[1]
    path = f"investigation/id/42/parcel/id/{parcel.id}/item/{item.id}"
    refused = await request(facility, "PUT", path, second | {"sampleContainerPosition": position}, refused=422)
    assert "xtal101" in refused.json()["errors"][0]["message"]


async def test_a_body_has_a_bound_in_bytes_depth_and_number(facility: Facility) -> None:
    await facility.register(42)
    parcel = await shipped(facility)
    path = f"parcel?shipmentId={parcel.shipment_id}"
    await request(facility, "PUT", path, DEWAR | {"comments": "x" * 2_000_000}, refused=413)
    many = [{"name": f"s{n}", "type": "SAMPLESHEET"} for n in range(1500)]
    await request(facility, "PUT", path, DEWAR | {"content": [PUCK | {"content": many}] * 2}, refused=422)
    deep: dict[str, Any] = {"name": "x", "type": "BOX"}
    for _ in range(50):
        deep = deep | {"content": [deep]}
    await request(facility, "PUT", path, DEWAR | {"content": [deep]}, refused=422)


async def test_who_may_not_speak_for_the_beamline_sees_and_declares_nothing(facility: Facility) -> None:
    await facility.register(42)
    parcel = await shipped(facility)
    other = create_token(facility.tokens_file, "other", ["id23-1"])
    assert (
        await tracking(facility, lambda api, sid: api.tracking_session_id_parcel_get(sid), icatplus_password=other)
        == []
    )
    with pytest.raises(ApiException) as refused:
        await tracking(
            facility,
            lambda api, sid: api.tracking_session_id_parcel_put(sid, str(parcel.shipment_id), "42", parcel),
            icatplus_password=other,
        )
    assert refused.value.status == 404


async def test_parcels_are_found_by_every_field_that_the_client_has(facility: Facility) -> None:
    await facility.register(42)
    await facility.register(43)
    one, two = await shipped(facility), await shipped(facility, DEWAR | {"name": "Dewar2", "status": "SENT"}, 43)
    status = ParcelStatus(status="BEAMLINE", location="ID30A-3")
    await tracking(
        facility,
        lambda api, sid: (
            api.tracking_session_id_investigation_id_investigation_id_parcel_id_parcel_id_parcel_status_put(
                sid, "42", str(one.id), status
            )
        ),
    )

    async def names(**asked: Any) -> list[str]:
        return sorted(parcel.name for parcel in await parcels(facility, **asked))

    day = NOON.date().isoformat()
    assert await names() == ["Dewar1", "Dewar2"]
    assert await names(investigation_id="43") == ["Dewar2"]
    assert await names(parcel_id=one.id) == ["Dewar1"]
    assert await names(shipment_id=two.shipment_id) == ["Dewar2"]
    assert await names(status="BEAMLINE,STORES") == ["Dewar1"]
    assert await names(status="SENT") == ["Dewar2"]
    assert await names(search="dewar2") == ["Dewar2"]
    assert await names(search="XTAL101", skip="1", limit="5") in (["Dewar1"], ["Dewar2"])
    assert await names(start_date=day, start_status="BEAMLINE") == ["Dewar1"]
    assert await names(end_date="2020-01-01", end_status="SENT") == []
    assert await names(investigation_start_date=day, investigation_end_date=day) == ["Dewar1", "Dewar2"]
    (listed,) = await parcels(facility, parcel_id=one.id, format="json")
    assert [(entry.status, entry.location, entry.created_by) for entry in listed.statuses or ()] == [
        ("BEAMLINE", "ID30A-3", "mxcube")
    ]
    assert listed.meta is not None
    assert listed.meta.page is not None
    assert listed.meta.page.total == 1


async def test_shipments_and_parcels_are_withdrawn(facility: Facility) -> None:
    await facility.register(42)
    parcel = await shipped(facility)
    await request(facility, "DELETE", f"shipment/id/{parcel.shipment_id}/parcel?investigationId=42", parcel.to_dict())
    assert await parcels(facility, investigation_id="42") == []
    again = await put(facility, {key: DEWAR[key] for key in DEWAR if key != "content"}, parcel.shipment_id or "")
    assert (again.id, again.content) == (parcel.id, [])
    await request(facility, "DELETE", f"shipment?investigationId=42&shipmentId={parcel.shipment_id}")
    assert await parcels(facility, investigation_id="42") == []
    shipments = await request(facility, "GET", "shipment?investigationId=42")
    assert shipments.json() == []


async def test_a_sheet_gives_the_acronym_and_a_sample_of_no_sheet_its_own_name(facility: Facility) -> None:
    await facility.register(42)
    own = {"name": "own1", "type": "SAMPLESHEET", "sampleContainerPosition": "2"}
    await shipped(facility, DEWAR | {"content": [PUCK | {"content": [SAMPLE, own]}]})
    sheet = SheetDeclared(
        investigation_id="42", proposal=PROPOSAL, beamline=BEAMLINE, at=NOON, sheet=SampleSheet(id=90210, acronym="Fus")
    )
    await hear(facility, sheet)
    sheets = {one.id: one.name for one in await facility.ask(lambda client: client.get_samples_by("42"))}
    (parcel,) = await facility.ask(lambda client: client.get_parcels_by("42"))
    acronyms = {item.name: sheets[item.sample_id] for item in parcel.content[0].content}
    assert acronyms == {"xtal101": "Fus", "own1": "own1"}
    assert [one.name for one in await facility.ask(lambda client: client.get_samples_by(sample_ids="90210"))] == ["Fus"]
    assert await facility.ask(lambda client: client.get_sample_files_by(investigation_id="42")) == []


async def test_an_event_declares_what_a_command_does_and_its_ids_are_the_same(facility: Facility) -> None:
    await facility.register(42)
    parcel = await shipped(facility)
    said = {"name": "HA012AJ03", "type": "CONTAINER_UNIPUCK", "content": [{"name": "x1", "type": "SAMPLESHEET"}]}
    event = ItemDeclared.model_validate(
        {"investigation_id": "42", "proposal": PROPOSAL, "beamline": BEAMLINE, "at": NOON + timedelta(hours=1)}
        | {"parcel_id": parcel.id, "item": said}
    )
    await hear(facility, event)
    first = await parcels(facility, investigation_id="42")
    assert [puck.name for puck in first[0].content or ()] == ["HA012AJ01", "HA012AJ03"]
    await request(facility, "POST", f"investigation/id/42/parcel/id/{parcel.id}/item", said)
    assert [one.content for one in await parcels(facility, investigation_id="42")] == [one.content for one in first]


async def test_only_what_was_never_declared_is_shown_as_datasets_tell_it(facility: Facility) -> None:
    ref = await facility.register(42)
    parcel = await shipped(facility)
    puck = (parcel.content or [])[0]
    boxes = {
        "declared": Container(id=puck.id, name="HA012AJ01", parcel_id=parcel.id, parcel_name="Dewar1", position="1"),
        "told 1": Container(name="OLD01", position="3", parcel_name="Dewar0"),
    }
    for number, (sample, container) in enumerate(boxes.items(), 1):
        await facility.commit(f"/data/visitor/mx1111/{number}", number, ref, sample=sample, container=container)
    declared, told = await facility.ask(lambda client: client.get_parcels_by("42"))
    assert declared.content == parcel.content
    assert told.id is not None
    (box,) = told.content
    (sample,) = box.content
    assert (box.name, box.sample_changer_location) == ("OLD01", None)
    assert (sample.name, sample.description, sample.sample_container_position) == ("told_1", "told 1", "3")
    ids = {digits(item) for item in (box, sample, puck, *(puck.content or ()))}
    assert len(ids - {0}) == 4


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

"""What travels is declared, changed, loaded and withdrawn over the routes of ICAT+."""

from typing import Any

import pytest
from icat_plus_client.models.shipment import Shipment

from shared.events.topics import SHIPMENTS
from tests.integration.icat_plus.conftest import BEAMLINE, Facility
from tests.integration.icat_plus.shipping import (
    DEWAR,
    PUCK,
    SAMPLE,
    parcels,
    put,
    request,
    shipped,
    tracking,
)

pytestmark = pytest.mark.integration


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
    kept_again = await request(facility, "PUT", "parcel", {"id": parcel.id, "name": "Dewar1", "investigationId": 42})
    assert kept_again.json()["shipmentId"] == parcel.shipment_id
    emptied = await put(facility, DEWAR | {"content": []}, parcel.shipment_id)
    assert (emptied.id, emptied.content) == (parcel.id, [])


async def test_a_parcel_travels_alone_and_keeps_the_ids_that_it_brings(facility: Facility) -> None:
    await facility.register(42)
    ids = [f"66f0c1d2e3a4b5c6d7e8f{n}01" for n in ("9", "a", "b")]
    brought = DEWAR | {"id": ids[0], "content": [PUCK | {"id": ids[1], "content": [SAMPLE | {"id": ids[2]}]}]}
    for _ in range(2):
        answer = (await request(facility, "PUT", "parcel", brought)).json()
        assert [answer["id"], answer["content"][0]["id"], answer["content"][0]["content"][0]["id"]] == ids
    assert [one.id for one in await parcels(facility, investigation_id="42")] == ids[:1]
    await request(facility, "PUT", f"parcel?shipmentId={ids[0]}", DEWAR, refused=404)


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


async def test_parcels_of_one_name_in_two_shipments_are_two(facility: Facility) -> None:
    await facility.register(42)
    first = await shipped(facility)
    other = (await request(facility, "POST", "shipment?investigationId=42", {"name": "second"})).json()
    second = await put(facility, DEWAR | {"content": []}, other["_id"])
    assert second.id != first.id
    assert len(await parcels(facility, investigation_id="42")) == 2
    await request(facility, "POST", "shipment?investigationId=42", {"name": "x", "investigationId": 43}, refused=422)


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

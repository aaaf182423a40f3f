"""Parcels, samples and sheets are listed as MXCuBE and portals read them."""

from datetime import timedelta
from typing import Any

import pytest
from icat_plus_client.exceptions import ApiException
from icat_plus_client.models.parcel_status import ParcelStatus

from shared.access.tokens import create_token
from shared.events.sample import Container
from shared.events.shipments import ItemDeclared, SampleSheet, SheetDeclared
from tests.builders.search.records import NOON
from tests.integration.icat_plus.conftest import BEAMLINE, PROPOSAL, Facility
from tests.integration.icat_plus.shipping import (
    DEWAR,
    PUCK,
    SAMPLE,
    digits,
    hear,
    parcels,
    request,
    shipped,
    tracking,
)

pytestmark = pytest.mark.integration


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


async def test_a_sample_keeps_its_container_when_its_last_dataset_names_none(facility: Facility) -> None:
    ref = await facility.register(42)
    box = Container(name="OLD01", position="3", parcel_name="Dewar0")
    await facility.commit("/data/visitor/mx1111/1", 1, ref, sample="s", container=box)
    await facility.commit("/data/visitor/mx1111/xrf", 2, ref, sample="s", start=NOON + timedelta(hours=1))
    (parcel,) = await facility.ask(lambda client: client.get_parcels_by("42"))
    assert [(one.name, [item.name for item in one.content]) for one in parcel.content] == [("OLD01", ["s"])]


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

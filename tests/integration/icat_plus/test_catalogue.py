"""What people ask within a session: datasets by filters, samples, parcels, and what beamcat cannot know."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from icat_plus_client.api.catalogue_api import CatalogueApi
from icat_plus_client.exceptions import ApiException

from shared.access.tokens import create_token
from shared.events.identity import sample_number
from shared.events.sample import Container
from tests.builders.search.records import IDENTITIES, NOON, Kept
from tests.integration.icat_plus.conftest import BEAMLINE, PROPOSAL, Facility

pytestmark = pytest.mark.integration

RUN = "/data/visitor/mx1111/run_{}"
DEWAR = Container(id="c1", name="UNI-7", type="UNIPUCK", position="3", parcel_id="p1", parcel_name="dewar 1")


async def three_runs(facility: Facility) -> None:
    ref = await facility.register(42)
    for n in (1, 2, 3):
        at = {"start": NOON + timedelta(hours=n), "sample": "lyso", "container": DEWAR}
        parameters = {"MX_resolution": 1.0 + n, "MX_scanType": "OSC"}
        await facility.commit(RUN.format(n), 10 + n, ref, parameters=parameters, **at)


async def test_datasets_are_found_by_investigation_ids_filters_and_page(facility: Facility) -> None:
    await three_runs(facility)

    async def numbers(**asked: Any) -> list[Any]:
        return [one.id for one in await facility.ask(lambda client: client.get_datasets_by(**asked))]

    assert await numbers(investigation_id="42") == [13, 12, 11]
    assert await numbers(dataset_ids=["11", "13"]) == [13, 11]
    assert await numbers(investigation_id="42", parameters=["MX_resolution~lt~3.5", "MX_scanType~eq~OSC"]) == [12, 11]
    assert await numbers(investigation_id="42", offset=1, limit=1) == [12]
    assert await numbers(investigation_id="41") == []


async def test_what_has_no_canonical_value_is_told_as_it_was_said(facility: Facility) -> None:
    ref = await facility.register(42)
    await facility.commit(RUN.format(1), 11, ref, parameters={"MX_aperture": Kept("OUT"), "MX_resolution": 1.5})
    [dataset] = await facility.ask(lambda client: client.get_datasets_by(dataset_ids=["11"]))
    told = {parameter.name: parameter.value for parameter in dataset.parameters}
    assert (told["MX_aperture"], told["MX_resolution"]) == ("OUT", "1.5")


async def test_datasets_are_found_by_the_pid_of_their_technique(facility: Facility) -> None:
    ref = await facility.register(42)
    for number, technique in ((11, "MX"), (12, "SSX")):
        await facility.commit(RUN.format(number), number, ref, technique=technique)

    def asked(pids: str) -> Any:
        def ask(client: Any) -> Any:
            api: CatalogueApi = client._icatplus_restricted_client._catalogue_api
            session = client._icatplus_restricted_client.session_id
            return api.catalogue_datasets_get(technique_pids=pids, _headers={"Authorization": f"Bearer {session}"})

        return ask

    async def numbers(pids: str) -> set[Any]:
        return {one.id for one in await facility.ask(asked(pids))}

    esrfet, panet = "https://w3id.org/PaN/ESRFET#", "http://purl.org/pan-science/PaNET/"
    assert await numbers(f"{esrfet}MX") == {11}
    assert await numbers(f"{esrfet}SSX, {esrfet}MX") == {11, 12}
    assert await numbers(f"{panet}PaNET01169") == {12}
    assert await numbers("http://purl.org/pan-science/ESRFET#SSX") == {12}
    with pytest.raises(ApiException) as refused:
        await numbers(f"{esrfet}MX,{esrfet}unheard")
    assert refused.value.status == 422
    assert "techniquePids" in (refused.value.body or "")


async def test_a_dataset_is_told_in_full(facility: Facility) -> None:
    await three_runs(facility)
    (dataset,) = await facility.ask(lambda client: client.get_datasets_by(dataset_ids="12"))
    assert dataset.investigation.id == 42
    assert dataset.sample_id == sample_number(IDENTITIES.sample(IDENTITIES.investigation("any"), "lyso"))
    assert {one.name: one.value for one in dataset.parameters or []} == {"MX_resolution": "3.0", "MX_scanType": "OSC"}
    assert dataset.meta is not None
    assert dataset.meta.page is not None
    assert dataset.meta.page.total == 1


async def test_a_nested_dataset_brings_what_was_made_from_it(facility: Facility) -> None:
    await three_runs(facility)
    ref = await facility.register(42)
    await facility.commit("/data/visitor/mx1111/autoPROC", 20, ref, inputs=[RUN.format(1)])

    def asked(client: Any) -> Any:
        api: CatalogueApi = client._icatplus_restricted_client._catalogue_api
        session = client._icatplus_restricted_client.session_id
        return api.catalogue_datasets_get(
            dataset_ids="11", nested=True, _headers={"Authorization": f"Bearer {session}"}
        )

    (raw,) = await facility.ask(asked)
    assert [output.id for output in raw.output_datasets] == [20]


async def test_samples_and_parcels_are_what_datasets_tell_of_them(facility: Facility) -> None:
    await three_runs(facility)
    (sample,) = await facility.ask(lambda client: client.get_samples_by(investigation_id="42"))
    assert (sample.name, sample.investigation.id) == ("lyso", 42)
    (again,) = await facility.ask(lambda client: client.get_samples_by(sample_ids=str(sample.id)))
    assert again == sample
    (parcel,) = await facility.ask(lambda client: client.get_parcels_by("42"))
    assert (parcel.name, parcel.investigation_name) == ("dewar 1", PROPOSAL)
    assert [(box.name, [item.name for item in box.content]) for box in parcel.content] == [("UNI-7", ["lyso"])]
    (acquired,) = await facility.ask(lambda client: client.get_sample_metadata_by(PROPOSAL, BEAMLINE, NOON.date()))
    assert (acquired.name, acquired.session_start_date) == ("lyso", "2024-11-30")


async def test_what_beamcat_does_not_know_is_an_empty_list(facility: Facility) -> None:
    await three_runs(facility)
    assert await facility.ask(lambda client: client.get_investigation_users("42")) == []
    assert await facility.ask(lambda client: client.get_sample_files_by(sample_id="1")) == []
    with pytest.raises(ApiException) as refused:
        await facility.ask(lambda client: client.download_file_by("1", "2"))
    assert refused.value.status == 404


async def test_investigations_are_found_by_ids_beamline_and_time(facility: Facility) -> None:
    await facility.register(42, end=NOON + timedelta(days=1))
    await facility.register(43, beamline="id29", start=NOON + timedelta(days=9))

    async def numbers(**asked: Any) -> list[Any]:
        return [one.id for one in await facility.ask(lambda client: client.get_investigations_by(**asked))]

    assert await numbers() == [42, 43]
    assert await numbers(ids=["43"]) == [43]
    assert await numbers(instrument_name="ID29") == [43]
    assert await numbers(start_date=NOON + timedelta(days=5)) == [43]
    assert await numbers(release_dates=[NOON.date()]) == []


LISTS = ("/catalogue/{session}/investigation", "/dataacquisition/{key}/investigation")


@pytest.mark.parametrize("path", LISTS)
async def test_investigations_are_sorted_searched_and_paged_as_a_portal_asks(facility: Facility, path: str) -> None:
    await facility.register(42, proposal="mx2", title="Alpha", start=NOON, end=NOON + timedelta(days=9))
    await facility.register(43, proposal="MX1", title="beta", start=NOON + timedelta(days=1))
    await facility.register(44, proposal="mx3", title="Beta", beamline="ID29", start=NOON + timedelta(days=2))
    async with httpx.AsyncClient(base_url=facility.url) as client:
        session = (await client.post("/session", json={"plugin": "esrf", "password": facility.key})).json()["sessionId"]

        async def listed(**asked: Any) -> list[dict[str, Any]]:
            answer = await client.get(path.format(session=session, key=facility.key), params=asked)
            rows: list[dict[str, Any]] = answer.raise_for_status().json()
            return rows

        async def numbers(**asked: Any) -> list[int]:
            return [row["id"] for row in await listed(**asked)]

        assert await numbers() == await numbers(sortBy="startDate", sortOrder="1") == [42, 43, 44]
        assert await numbers(sortBy="STARTDATE", sortOrder="-1") == [44, 43, 42]
        assert await numbers(sortBy="name") == [43, 42, 44]
        assert await numbers(sortBy="title", sortOrder="-1") == [44, 43, 42]
        assert await numbers(sortBy="instrument", limit=1) == [44]
        assert await numbers(sortBy="endDate", limit=1) == [42]
        assert await numbers(search="BETA") == [43, 44]
        [middle] = await listed(sortBy="name", search="mx", skip=1, limit=1)
        assert (middle["id"], middle["meta"]["page"]) == (42, {"total": 3, "totalPages": 3, "currentPage": 2})


@pytest.mark.parametrize("path", LISTS)
async def test_an_order_that_there_is_not_is_refused_by_its_field(facility: Facility, path: str) -> None:
    async with httpx.AsyncClient(base_url=facility.url) as client:
        answer = await client.get(
            path.format(session="any", key=facility.key), params={"sortBy": "colour", "sortOrder": "up"}
        )
    assert answer.status_code == 422
    assert [one["field"] for one in answer.json()["errors"]] == ["sortBy", "sortOrder"]


async def test_a_session_sees_the_beamlines_of_its_grant_alone(facility: Facility) -> None:
    await three_runs(facility)
    token = create_token(facility.tokens_file, "id29", ["id29"])
    for call in (
        lambda client: client.get_datasets_by(investigation_id="42"),
        lambda client: client.get_investigations_by(ids="42"),
        lambda client: client.get_samples_by(investigation_id="42"),
        lambda client: client.get_parcels_by("42"),
    ):
        assert await facility.ask(call, icatplus_password=token) == []


async def test_a_fault_is_told_with_its_field_and_nothing_is_answered_without_a_session(facility: Facility) -> None:
    async with httpx.AsyncClient(base_url=facility.url) as client:
        assert (await client.get("/catalogue/datasets")).status_code == 403
        session = (await client.post("/session", json={"plugin": "esrf", "password": facility.key})).json()
        headers = {"Authorization": f"Bearer {session['sessionId']}"}
        answer = await client.get("/catalogue/datasets?datasetIds=x&sortBy=colour", headers=headers)
        assert answer.status_code == 422
        assert {one["field"] for one in answer.json()["errors"]} == {"datasetIds", "sortBy"}


async def test_a_field_that_is_not_heeded_is_refused(facility: Facility) -> None:
    async with httpx.AsyncClient(base_url=facility.url) as client:
        answer = await client.get(f"/dataacquisition/{facility.key}/investigation?instrumentName=id29&colour=red")
        assert answer.status_code == 422
        assert [one["field"] for one in answer.json()["errors"]] == ["colour"]


async def test_a_filter_of_investigations_is_one_of_icat_plus_and_none_of_them_is_released(facility: Facility) -> None:
    await facility.register(42)
    async with httpx.AsyncClient(base_url=facility.url) as client:
        session = (await client.post("/session", json={"plugin": "esrf", "password": facility.key})).json()
        url = f"/catalogue/{session['sessionId']}/investigation"
        every = (await client.get(url)).json()
        assert every
        assert (await client.get(url, params={"filter": "embargoed"})).json() == every
        assert (await client.get(url, params={"filter": "instrumentScientist"})).json() == every
        assert (await client.get(url, params={"filter": "released"})).json() == []
        refused = await client.get(url, params={"filter": "mx2222"})
        assert refused.status_code == 422
        assert [one["field"] for one in refused.json()["errors"]] == ["filter"]

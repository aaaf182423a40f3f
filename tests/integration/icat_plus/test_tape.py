"""Files on tape: where they are, who wants them back, and what the archive says."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import httpx
import pytest
from icat_plus_client.api.ids_api import IDSApi
from icat_plus_client.exceptions import ApiException
from icat_plus_client.models.ids_session_id_datasets_restore_post_request import IdsSessionIdDatasetsRestorePostRequest
from icat_plus_client.models.status import Status

from shared.access.tokens import create_token
from shared.events.topics import REPORTS
from tests.builders.search.records import NOON
from tests.integration.icat_plus.conftest import Facility

pytestmark = pytest.mark.integration

RUN = "/data/visitor/mx1111/run_{}"
ANN = IdsSessionIdDatasetsRestorePostRequest(name="Ann", email="ann@facility.example")


async def three_runs(facility: Facility) -> None:
    """The first is on tape since the day before."""
    ref = await facility.register(42)
    for n in (1, 2, 3):
        await facility.commit(RUN.format(n), 10 + n, ref)
    await facility.archive.hear(facility.topics.reported(11, "archived", at=NOON - timedelta(days=1)))


async def statuses(facility: Facility, ids: str, **settings: Any) -> list[Status]:
    def asked(client: Any) -> Any:
        restricted = client._icatplus_restricted_client
        return IDSApi(restricted._session_api.api_client).ids_session_id_datasets_status_get(restricted.session_id, ids)

    answer: list[Status] = await facility.ask(asked, **settings)
    return answer


async def restore(
    facility: Facility, ids: str, body: IdsSessionIdDatasetsRestorePostRequest | None = None, **settings: Any
) -> None:
    def asked(client: Any) -> Any:
        restricted = client._icatplus_restricted_client
        api = IDSApi(restricted._session_api.api_client)
        return api.ids_session_id_datasets_restore_post(restricted.session_id, ids, body)

    await facility.ask(asked, **settings)


@asynccontextmanager
async def archive(facility: Facility) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=f"{facility.url}/dataacquisition/{facility.key}") as client:
        yield client


async def test_a_status_is_told_for_each_dataset_that_is_known_in_the_order_asked(facility: Facility) -> None:
    await three_runs(facility)
    told = await statuses(facility, "12,99,11,12")
    assert [(one.id, one.status) for one in told] == [("12", "ONLINE"), ("11", "ARCHIVED")]


async def test_files_that_are_asked_for_are_restored_once_the_archive_says_so(facility: Facility) -> None:
    await three_runs(facility)
    await restore(facility, "11,12", ANN)
    await facility.read_reports()
    told = await statuses(facility, "11,12,13")
    assert [one.status for one in told] == ["RESTORING", "RESTORING", "ONLINE"]
    assert told[0].created_by == "Ann <ann@facility.example>"
    await facility.archive.hear(
        facility.topics.reported(11, "restored", about="restoration", at=NOON + timedelta(hours=1))
    )
    assert [one.status for one in await statuses(facility, "11,12")] == ["ONLINE", "RESTORING"]


async def test_the_archive_hears_whom_to_tell(facility: Facility) -> None:
    await three_runs(facility)
    await restore(facility, "11", ANN)
    await restore(facility, "11")
    await facility.read_reports()
    async with archive(facility) as client:
        answer = await client.post("/dataset/restore?datasetId=11", json={"level": "info", "message": "restored"})
    told = {(one["name"], one["datasetId"], one["type"]) for one in answer.json()}
    assert told == {("Ann <ann@facility.example>", 11, "restoration"), ("mxcube", 11, "restoration")}


async def test_a_session_asks_for_the_files_of_its_beamlines_alone(facility: Facility) -> None:
    await three_runs(facility)
    token = create_token(facility.tokens_file, "id29", ["id29"])
    assert await statuses(facility, "11", icatplus_password=token) == []
    with pytest.raises(ApiException) as refused:
        await restore(facility, "11", ANN, icatplus_password=token)
    assert refused.value.status == 404
    assert facility.publisher.of(REPORTS.name) == []


@pytest.mark.parametrize("ids", ["99", "11,99", ",", ",".join(map(str, range(1000)))])
async def test_nothing_is_asked_of_the_archive_for_a_dataset_that_is_not_known(facility: Facility, ids: str) -> None:
    await three_runs(facility)
    with pytest.raises(ApiException) as refused:
        await restore(facility, ids, ANN)
    assert refused.value.status in {404, 422}
    assert facility.publisher.of(REPORTS.name) == []

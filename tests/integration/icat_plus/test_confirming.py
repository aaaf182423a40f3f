"""The confirmation loop: a beamline sees its own datasets, and everything about its investigations."""

from datetime import timedelta

import pytest
from icat_plus_client.exceptions import ApiException

from shared.access.tokens import create_token, revoke_token
from shared.events.dataset import DeclaredFile
from tests.builders.search.records import NOON, investigation
from tests.integration.icat_plus.conftest import BEAMLINE, PROPOSAL, Facility

pytestmark = pytest.mark.integration

PATH = "/data/visitor/mx1111/id30a3/20241130/RAW_DATA/Fus_RAC1b/run_01"


async def test_a_committed_dataset_is_registered(facility: Facility) -> None:
    ref = await facility.register(42)
    assert await facility.ask(lambda client: client.registered_dataset_ids(BEAMLINE, PROPOSAL)) == []
    await facility.commit(PATH, 7, ref, file_count=12, end=NOON + timedelta(seconds=90))
    (dataset,) = await facility.ask(lambda client: client.registered_datasets(BEAMLINE, PROPOSAL)) or []
    assert (dataset.icat_dataset_id, dataset.dataset_id.path) == (7, PATH)
    assert dataset.dataset_metadata.file_count == 12


async def test_the_investigation_is_told_with_its_number_and_its_times(facility: Facility) -> None:
    await facility.register(42, title="Small G proteins", end=NOON + timedelta(days=1))
    info = await facility.ask(lambda client: client.investigation_info("ID30A-3", "MX1111"))
    assert info is not None
    assert (info["id"], info["proposal"], info["beamline"]) == (42, PROPOSAL, BEAMLINE)
    assert (info["title"], info["startDate"]) == ("Small G proteins", "2024-11-30T13:00:00+01:00")


async def test_what_the_linker_says_of_an_investigation_stands_above_what_datasets_say(facility: Facility) -> None:
    ref = await facility.register(42, title="as planned")
    await facility.register(42, title="as changed")
    await facility.commit(PATH, 7, ref.model_copy(update={"title": "as it was"}))
    info = await facility.ask(lambda client: client.investigation_info(BEAMLINE, PROPOSAL))
    assert info is not None
    assert info["title"] == "as changed"


async def test_an_investigation_is_known_from_its_datasets_alone(facility: Facility) -> None:
    await facility.commit(PATH, 7, investigation(43))
    assert await facility.ask(lambda client: client.registered_dataset_ids(BEAMLINE, PROPOSAL)) != []


async def test_a_dataset_that_moves_to_another_investigation_leaves_the_first(facility: Facility) -> None:
    first = await facility.register(42)
    second = await facility.register(43, proposal="mx2222")
    await facility.commit(PATH, 7, first)
    await facility.commit(PATH, 7, second, revision=2)
    assert await facility.ask(lambda client: client.registered_dataset_ids(BEAMLINE, PROPOSAL)) == []
    (moved,) = await facility.ask(lambda client: client.registered_datasets(BEAMLINE, "mx2222")) or []
    assert moved.icat_dataset_id == 7


async def test_a_key_opens_only_the_beamlines_of_its_grant_and_only_while_it_lasts(facility: Facility) -> None:
    await facility.register(42)
    key = create_token(facility.tokens_file, "id29", ["id29"])
    foreign = await facility.ask(lambda client: client.investigation_info(BEAMLINE, PROPOSAL), elogbook_token=key)
    assert foreign is None
    await facility.register(44, beamline="id29")
    own = await facility.ask(lambda client: client.investigation_info("id29", PROPOSAL), elogbook_token=key)
    assert own is not None
    assert own["id"] == 44
    revoke_token(facility.tokens_file, "id29")
    assert await facility.ask(lambda client: client.investigation_info("id29", PROPOSAL), elogbook_token=key) is None


async def test_a_file_is_found_by_its_place(facility: Facility) -> None:
    ref = await facility.register(42)
    await facility.commit(PATH, 7, ref, files=[DeclaredFile(path="a/b.h5", size_bytes=3), DeclaredFile(path="c.h5")])
    (file,) = await facility.ask(lambda client: client.get_datafiles_by(f"{PATH}/a/b.h5"))
    assert (file.name, file.location, file.file_size) == ("b.h5", f"{PATH}/a/b.h5", 3)
    assert await facility.ask(lambda client: client.get_datafiles_by(f"{PATH}/nothing")) == []


async def test_a_session_ends_with_its_token_and_when_it_is_closed(facility: Facility) -> None:
    token = create_token(facility.tokens_file, "ann", [BEAMLINE])
    session = await facility.ask(lambda client: client.do_log_in(token))
    assert session.username == "ann"

    def told(client: object) -> object:
        return client.get_session_information()  # type: ignore[attr-defined]

    status = await facility.ask(told, icat_session_id=session.session_id)
    assert status.user_name == "ann"  # type: ignore[attr-defined]
    async with facility.databases["icat_plus"].connection() as connection:
        assert await connection.fetch("select 1 from session where session_sha256 = $1", session.session_id) == []
    revoke_token(facility.tokens_file, "ann")
    with pytest.raises(ApiException) as refused:
        await facility.ask(told, icat_session_id=session.session_id)
    assert refused.value.status == 403
    with pytest.raises(ApiException):
        await facility.ask(lambda client: client.do_log_in("nothing known"))

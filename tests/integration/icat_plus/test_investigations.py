"""The list of sessions that MXCuBE shows after the login: whatever is in the read model, each can be read."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from shared.access.tokens import create_token
from shared.events.investigation import InvestigationRef
from tests.builders.mxcube_rules import MxcubeSession, session_of
from tests.builders.search.records import IDENTITIES, NOON, investigation
from tests.integration.icat_plus.conftest import BEAMLINE, PROPOSAL, Facility

pytestmark = pytest.mark.integration

DAY = timedelta(days=1)
RUN = "/data/visitor/mx1111/run_{}"


async def numbers(facility: Facility, **asked: Any) -> list[Any]:
    return [one.id for one in await facility.ask(lambda client: client.get_investigations_by(**asked))]


async def answers(facility: Facility, route: str = "/catalogue/{session}/investigation", **asked: Any) -> list[Any]:
    """As they stand on the wire."""
    async with httpx.AsyncClient(base_url=facility.url) as client:
        session = (await client.post("/session", json={"password": facility.key})).json()["sessionId"]
        told = await client.get(route.format(session=session, key=facility.key), params=asked)
        assert told.status_code == 200, told.text
        return list(told.json())


async def sessions(facility: Facility, **asked: Any) -> dict[int, MxcubeSession]:
    """As MXCuBE reads them."""
    return {answer["id"]: session_of(answer, NOON) for answer in await answers(facility, **asked)}


async def test_untitled_open_ended_and_opened_ones_do_not_end_the_login(facility: Facility) -> None:
    await facility.register(1, proposal="ihls0042", proposal_name="IH-LS-0042", beamline="ID30A-3", end=NOON + DAY)
    await facility.register(2, proposal="20210123", end=NOON + DAY)
    await facility.register(3, proposal="test", placeholder=True, title=None)
    opened = InvestigationRef(
        investigation_id=IDENTITIES.opened("mx9", BEAMLINE, NOON),
        number=10**12,
        facility_id=None,
        proposal="mx9",
        beamline=BEAMLINE,
        start=None,
        end=None,
        title=None,
        placeholder=True,
    )
    await facility.commit(RUN.format(9), 9, opened, start=NOON - DAY)
    found = await sessions(facility)
    assert {number: session.proposal for number, session in found.items()} == {
        1: "IH-LS0042",
        2: "20210123",
        3: "test",
        10**12: "mx9",
    }
    assert (found[1].code, found[1].number, found[1].is_now) == ("IH-LS", "0042", True)
    [placeholder] = await answers(facility, ids=10**12)
    assert placeholder["startDate"] == "2024-11-29T13:00:00+01:00"


async def test_one_of_which_not_even_a_dataset_is_known_is_not_listed(facility: Facility) -> None:
    await facility.register(42, start=None)
    assert await numbers(facility) == []


async def test_each_tells_how_much_is_catalogued_of_it(facility: Facility) -> None:
    await facility.register(41)
    ref = await facility.register(42)
    for n, sample in enumerate(("lyso", "lyso", "insulin", None), start=1):
        await facility.commit(RUN.format(n), n, ref, sample=sample, volume_bytes=2**40 if n > 1 else None)
    found = await sessions(facility)
    assert found[42].counts == (str(3 * 2**40), "2", "4")
    assert found[41].counts == ("0", "0", "0")


async def test_names_of_beamlines_may_be_several_in_any_letter_case(facility: Facility) -> None:
    for number, beamline in ((1, "id30a-1"), (2, "ID30A-3"), (3, "id29")):
        await facility.register(number, beamline=beamline)
    assert await numbers(facility, instrument_name="ID30A-1,ID30A-3") == [1, 2]
    assert await numbers(facility, instrument_name=" id30a-3 , ID29,") == [2, 3]
    assert await numbers(facility, ids="1,3") == [1, 3]
    token = create_token(facility.tokens_file, "id29", ["id29"])
    seen = await facility.ask(
        lambda client: client.get_investigations_by(instrument_name="ID30A-1,ID29"), icatplus_password=token
    )
    assert [one.id for one in seen] == [3]


async def test_a_window_of_days_finds_what_overlaps_it(facility: Facility) -> None:
    await facility.register(1, start=NOON - 9 * DAY, end=NOON - 8 * DAY)
    await facility.register(2, start=NOON - 9 * DAY, end=NOON)
    await facility.register(3, start=NOON - 99 * DAY, end=None)
    await facility.register(4, start=NOON + 5 * DAY, end=NOON + 6 * DAY)
    actual = {"actual_start": NOON, "actual_end": NOON + DAY}
    await facility.register(5, start=NOON - 50 * DAY, end=NOON - 49 * DAY, **actual)
    around = {"start_date": NOON - DAY, "end_date": NOON + DAY, "instrument_name": BEAMLINE, "filter": "participant"}
    assert sorted(await numbers(facility, **around)) == [2, 3, 5]
    assert sorted(await numbers(facility, start_date=NOON - 50 * DAY, end_date=NOON - 48 * DAY)) == [3, 5]
    assert sorted(await numbers(facility, start_date=NOON - 30 * DAY, end_date=NOON - 20 * DAY)) == [3]


async def test_a_rescheduled_one_has_its_actual_dates_and_is_now(facility: Facility) -> None:
    actual = {"actual_start": NOON, "actual_end": NOON + DAY}
    await facility.register(42, start=NOON - 50 * DAY, end=NOON - 49 * DAY, **actual)
    session = (await sessions(facility))[42]
    assert (session.is_now, session.is_rescheduled) == (True, True)
    [answer] = await answers(facility)
    assert answer["parameters"]["actualStartDate"] == "2024-11-30T12:00:00+00:00"
    assert answer["startDate"].startswith("2024-10-11")
    [found_by_a_beamline] = await answers(facility, "/dataacquisition/{key}/investigation")
    assert found_by_a_beamline["startDate"] == "2024-11-30T13:00:00+01:00"


async def test_the_confirmation_loop_finds_a_rescheduled_session_among_others(facility: Facility) -> None:
    actual = {"actual_start": NOON, "actual_end": NOON + DAY}
    moved = await facility.register(42, start=NOON - 50 * DAY, end=NOON - 49 * DAY, **actual)
    await facility.register(43, start=NOON - 9 * DAY, end=NOON - 8 * DAY)
    await facility.commit(RUN.format(1), 7, moved)
    at = NOON + timedelta(hours=1)

    def confirmed(client: Any) -> list[Any]:
        spellings = ((BEAMLINE, PROPOSAL), ("ID30A-3", "MX-1111"), (BEAMLINE.upper(), "mx 1111"))
        return [client.registered_dataset_ids(*spelling, date=at) for spelling in spellings]

    assert [[each.path for each in found] for found in await facility.ask(confirmed)] == [[RUN.format(1)]] * 3


async def test_a_proposal_is_shown_as_its_user_office_writes_it_wherever_it_is(facility: Facility) -> None:
    planned = await facility.register(42, proposal_name="MX-1111", end=NOON + DAY)
    opened = investigation(43, placeholder=True, start=NOON - 9 * DAY)
    await facility.commit(RUN.format(1), 7, planned, sample="lyso")
    await facility.commit(RUN.format(2), 8, opened)
    assert {answer["name"] for answer in await answers(facility)} == {"MX-1111"}
    datasets = await facility.ask(lambda client: client.get_datasets_by(dataset_ids=["7", "8"]))
    assert {one.investigation.name for one in datasets if one.investigation} == {"MX-1111"}

    def samples(client: Any) -> list[Any]:
        spellings = ("MX-1111", "mx1111", "Mx_1111")
        return [one for each in spellings for one in client.get_sample_metadata_by(each, BEAMLINE, NOON.date())]

    assert [one.proposal for one in await facility.ask(samples)] == ["MX-1111"] * 3
    types = await facility.ask(lambda client: client.get_investigation_types())
    assert [one.name for one in types] == ["MX"]
    assert [row["name"] for row in await answers(facility, search="MX-1111")] == ["MX-1111"] * 2


async def test_an_entry_in_the_logbook_belongs_to_its_proposal_in_any_spelling(facility: Facility) -> None:
    await facility.register(42, proposal_name="MX-1111")

    def write(client: Any) -> None:
        for written in ("MX-1111", "mx1111"):
            client.send_message("done", beamline="x", proposal=written)

    await facility.ask(write)
    await facility.read_logbook()
    async with httpx.AsyncClient(base_url=facility.url) as client:
        session = (await client.post("/session", json={"password": facility.key})).json()["sessionId"]
        told = (await client.get(f"/logbook/{session}/event", params={"instrumentName": "x"})).json()
    assert [one["investigationName"] for one in told] == ["MX-1111"] * 2


async def test_an_entry_that_was_written_before_belongs_to_the_session_that_was_rescheduled_to_then(
    facility: Facility,
) -> None:
    now = datetime.now(UTC)
    await facility.ask(lambda client: client.send_message("done", beamline=BEAMLINE, proposal="MX-1111"))
    await facility.read_logbook()
    actual = {"actual_start": now, "actual_end": now + DAY}
    await facility.register(42, start=now - 50 * DAY, end=now - 49 * DAY, **actual)
    await facility.register(43, start=now - 9 * DAY, end=now - 8 * DAY)
    found = [await answers(facility, "/logbook/{session}/event", investigationId=number) for number in (42, 43)]
    assert [len(entries) for entries in found] == [1, 0]

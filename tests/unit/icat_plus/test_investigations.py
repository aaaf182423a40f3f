"""Investigations as MXCuBE and other clients of ICAT+ are told of them."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.icat_plus.answers import investigation_answer, measured_answer
from services.icat_plus.proposals import number_of, type_name
from shared.events.identity import proposal_key
from tests.builders.mxcube_rules import session_of

NOON = datetime(2026, 11, 30, 11, tzinfo=UTC)
DAY = timedelta(days=1)
PARIS = ZoneInfo("Europe/Paris")


def a_row(**changes: Any) -> dict[str, Any]:
    row: dict[str, Any] = {
        "number": 4711,
        "name": "MX-1111",
        "proposal": "mx1111",
        "facility_id": "4711",
        "beamline": "ID30A-3",
        "started": NOON,
        "ended": NOON + DAY,
        "title": "Small G proteins",
        "placeholder": False,
        "actual_started": None,
        "actual_ended": None,
        "datasets": 3,
        "samples": 2,
        "volume": 1024,
    }
    return row | changes


def test_an_investigation_is_told_as_mxcube_needs_it() -> None:
    assert investigation_answer(a_row(), PARIS) | {"instrument": None, "type": None} == {
        "id": 4711,
        "name": "MX-1111",
        "startDate": "2026-11-30T12:00:00+01:00",
        "endDate": "2026-12-01T12:00:00+01:00",
        "title": "Small G proteins",
        "visitId": "4711",
        "type": None,
        "instrument": None,
        "investigationUsers": [],
        "parameters": {"Id": "4711", "__datasetCount": "3", "__sampleCount": "2", "__volume": "1024"},
        "canAccessDatasets": True,
    }
    session = session_of(investigation_answer(a_row(), PARIS), NOON)
    assert (session.code, session.number, session.beamline) == ("MX", "1111", "ID30A-3")
    assert (session.is_now, session.is_rescheduled, session.counts) == (True, False, ("1024", "2", "3"))


def test_one_without_title_end_and_announcement_is_told_as_well() -> None:
    row = a_row(name="mx1111", title=None, ended=None, facility_id=None, placeholder=True, number=10**12)
    session = session_of(investigation_answer(row, PARIS), NOON)
    assert (session.title, session.is_now, session.proposal) == ("", False, "mx1111")


@pytest.mark.parametrize("hour", [*range(24)])
def test_one_that_was_rescheduled_is_now_at_every_hour_of_the_day(hour: int) -> None:
    at = datetime(2026, 7, 1, hour, 30, tzinfo=PARIS)
    row = a_row(actual_started=at, actual_ended=at + timedelta(hours=8))
    answer = investigation_answer(row, PARIS)
    session = session_of(answer, at)
    assert (session.is_now, session.is_rescheduled) == (True, True)
    assert answer["startDate"] == "2026-11-30T12:00:00+01:00"
    assert answer["parameters"]["__actualStartDate"] == answer["parameters"]["actualStartDate"]
    assert measured_answer(row, PARIS)["startDate"] == at.isoformat()


@pytest.mark.parametrize(
    ("name", "code", "number"),
    [
        ("MX-1111", "MX", "1111"),
        ("mx1111", "mx", "1111"),
        ("IH-LS-0042", "IH-LS", "0042"),
        ("ihls0042", "ihls", "0042"),
        ("BLC-17317", "BLC", "17317"),
        ("Mx_1111", "Mx", "_1111"),
        ("20210123", "", "20210123"),
        ("2021A1234", "", "2021A1234"),
        ("TEST", "TEST", ""),
        ("A1A2", "A1", "A2"),
        ("Ärzte-12", "Ärzte", "12"),
    ],
)
def test_a_proposal_has_a_code_and_a_number(name: str, code: str, number: str) -> None:
    assert (type_name(name), number_of(name, type_name(name))) == (code, number)


PROPOSALS = st.one_of(
    st.from_regex(r"[A-Za-z]{0,4}([-_. ]?[A-Za-z]{1,3}){0,2}[-_. ]?[0-9]{0,6}", fullmatch=True),
    st.from_regex(r"([A-Ca-c][0-3]?[-_. /]?){1,8}", fullmatch=True),
    st.text(max_size=20),
).filter(proposal_key)


@given(
    name=PROPOSALS,
    beamline=st.text(min_size=1, max_size=20),
    title=st.none() | st.text(max_size=20),
    start=st.datetimes(datetime(1900, 1, 2), datetime(9998, 1, 1)),  # noqa: DTZ001  # hypothesis adds the zone
    length=st.none() | st.timedeltas(timedelta(0), timedelta(days=300)),
    actual=st.none() | st.timedeltas(timedelta(0), timedelta(days=300)),
    number=st.integers(0, 2**53),
)
def test_whatever_is_in_the_read_model_is_told_so_that_mxcube_can_read_it(  # noqa: PLR0913, PLR0917
    name: str,
    beamline: str,
    title: str | None,
    start: datetime,
    length: timedelta | None,
    actual: timedelta | None,
    number: int,
) -> None:
    start = start.replace(tzinfo=UTC)
    row = a_row(
        number=number,
        name=name,
        beamline=beamline,
        title=title,
        started=start,
        ended=None if length is None else start + length,
        actual_started=None if actual is None else start + actual,
        actual_ended=None if actual is None else start + actual + DAY,
    )
    for answer in (investigation_answer(row, PARIS), measured_answer(row, PARIS)):
        session = session_of(answer, NOON)
        assert proposal_key(session.proposal) == proposal_key(name)
        assert session.is_rescheduled == (actual is not None)

"""Times as programs write them: what is certain is read, everything else is refused."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients.importers.dates import DateUnclear, iso_times

PARIS = ZoneInfo("Europe/Paris")


def read(text: str, zone: str = "Europe/Paris") -> str | None:
    return iso_times(text, None, ZoneInfo(zone))[0]


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        # ISO 8601 and its relatives
        ("2024-11-30T09:00:00+01:00", "2024-11-30T09:00:00+01:00"),
        ("2024-11-30T09:00:00Z", "2024-11-30T09:00:00Z"),
        ("2024-11-30 09:00:00", "2024-11-30T09:00:00"),
        ("2024-11-30 09:00", "2024-11-30T09:00:00"),
        ("20241130T090000", "2024-11-30T09:00:00"),
        ("2024/11/30 09:00:00", "2024-11-30T09:00:00"),
        ("2024-11-30 09:00:00 CET", "2024-11-30T09:00:00+01:00"),
        ("2024-11-30 09:00:00 +01", "2024-11-30T09:00:00+01:00"),
        ("2024-11-30T09:00:00 CET", "2024-11-30T09:00:00+01:00"),
        ("2024-11-30 09:00:00,25", "2024-11-30T09:00:00.250000"),
        # `date` and ctime, in English
        ("Sat Nov 30 09:00:00 CET 2024", "2024-11-30T09:00:00+01:00"),
        ("Sat Nov  2 09:00:00 CET 2024", "2024-11-02T09:00:00+01:00"),
        ("Sat Nov 30 09:00:00 2024", "2024-11-30T09:00:00"),
        ("Sat Nov 30 09:00:00 UTC 2024", "2024-11-30T09:00:00Z"),
        ("Sat Nov 30 09:00:00 GMT 2024", "2024-11-30T09:00:00Z"),
        ("Sun Jun 30 09:00:00 CEST 2024", "2024-06-30T09:00:00+02:00"),
        ("Sat Nov 30 09:00:00 -03 2024", "2024-11-30T09:00:00-03:00"),
        ("Sat Nov 30 09:00:00 +03 2024", "2024-11-30T09:00:00+03:00"),
        ("Sat Nov 30 09:00:00 +0100 2024", "2024-11-30T09:00:00+01:00"),
        ("Sat Nov 30 09:00:00 +0545 2024", "2024-11-30T09:00:00+05:45"),
        ("Sat Nov 30 09:00:00 AM CET 2024", "2024-11-30T09:00:00+01:00"),
        ("Sat 30 Nov 2024 09:00:00 PM CET", "2024-11-30T21:00:00+01:00"),
        ("Sat 30 Nov 2024 12:00:00 AM CET", "2024-11-30T00:00:00+01:00"),
        ("Sat 30 Nov 2024 12:00:00 PM CET", "2024-11-30T12:00:00+01:00"),
        ("Sat 30 Nov 09:00:00 GMT 2024", "2024-11-30T09:00:00Z"),
        ("Sat, 30 Nov 2024 09:00:00 +0100", "2024-11-30T09:00:00+01:00"),
        ("Nov 30, 2024 9:00:00 a.m.", "2024-11-30T09:00:00"),
        ("November 30, 2024 21:00", "2024-11-30T21:00:00"),
        ("Sat Nov 30 2024 09:00:00 GMT+0100 (CET)", "2024-11-30T09:00:00+01:00"),
        ("30-Nov-2024 09:00:00", "2024-11-30T09:00:00"),
        ("30/Nov/2024 09:00:00 +0100", "2024-11-30T09:00:00+01:00"),
        # in French
        ("sam. 30 nov. 2024 09:00:00 CET", "2024-11-30T09:00:00+01:00"),
        ("samedi 30 novembre 2024, 09:00:00 (UTC+0100)", "2024-11-30T09:00:00+01:00"),
        ("sam. nov. 30 09:00:00 CET 2024", "2024-11-30T09:00:00+01:00"),
        ("mar. 3 déc. 2024 09:00:00 CET", "2024-12-03T09:00:00+01:00"),
        ("mar. 5 mars 2024 09:00:00 CET", "2024-03-05T09:00:00+01:00"),
        ("jeu. 15 août 2024 09:00:00 CEST", "2024-08-15T09:00:00+02:00"),
        ("jeu. 15 aou\u0302t 2024 09:00:00 CEST", "2024-08-15T09:00:00+02:00"),
        ("ven. 2 févr. 2024 09:00:00 CET", "2024-02-02T09:00:00+01:00"),
        ("1er mai 2024 à 09:00:00", "2024-05-01T09:00:00"),
        # in German
        ("Sa 30. Nov 09:00:00 CET 2024", "2024-11-30T09:00:00+01:00"),
        ("Samstag, 30. November 2024, 09:00:00 Uhr MEZ", "2024-11-30T09:00:00+01:00"),
        ("Di 5. Mär 09:00:00 CET 2024", "2024-03-05T09:00:00+01:00"),
        ("Mi 1. Mai 09:00:00 CEST 2024", "2024-05-01T09:00:00+02:00"),
        ("Do 3. Okt 2024 09:00:00 MESZ", "2024-10-03T09:00:00+02:00"),
        ("Di 3. Dez 09:00:00 2024", "2024-12-03T09:00:00"),
        # digits alone, where only one order is possible
        ("30/11/2024 09:00:00", "2024-11-30T09:00:00"),
        ("11/30/2024 09:00:00 PM", "2024-11-30T21:00:00"),
        ("30.11.2024 09:00", "2024-11-30T09:00:00"),
        ("04/04/2024 09:00", "2024-04-04T09:00:00"),
        # an abbreviation that means the same everywhere in the world
        ("Mon Jun 14 15:09:27 PDT 2021", "2021-06-14T15:09:27-07:00"),
        ("Mon Jun 14 15:09:27 JST 2021", "2021-06-14T15:09:27+09:00"),
    ],
)
def test_a_time_that_is_certain_is_read(said: str, meant: str) -> None:
    assert read(said) == meant


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("03/04/2024 09:00:00", "as day and month, and as month and day"),
        ("03.04.2024 09:00:00", "as day and month, and as month and day"),
        ("03-04-2024 09:00:00", "as day and month, and as month and day"),
        ("30/11/24 09:00", "year has not four digits"),
        ("Mon Jun 14 15:09:27 CST 2021", "several places"),
        ("Mon Jun 14 15:09:27 IST 2021", "several places"),
        ("Mon Jun 14 15:09:27 XYZT 2021", "nothing that is understood"),
        ("Sat Nov 30 09:00:00 CET UTC 2024", "two time zones"),
        ("Sat Nov 30 09:00:00 +99 2024", "no offset"),
        ("Sat Nov 31 09:00:00 2024", "no such time"),
        ("Sat Nov 30 25:00:00 2024", "no such time"),
        ("Sat Nov 30 13:00:00 PM 2024", "am and pm"),
        ("Sat Nov 30 09:00:00", "one year of four digits"),
        ("Nov Dec 30 2024 09:00:00", "one month"),
        ("2024-11-30", "no time of day"),
        ("yesterday", "no time of day"),
        ("1701334800", "no time of day"),
        ("", "no time of day"),
        ("x" * 1000, "too long"),
        ("2024-03-31 02:30:00", "went forward"),
        ("2024-11-30 09:00:00 - 10:00:00", "nothing that is understood"),
    ],
)
def test_what_is_not_certain_is_refused_with_the_reason(said: str, why: str) -> None:
    with pytest.raises(DateUnclear, match=why):
        read(said)


@pytest.mark.parametrize(
    ("zone", "said", "meant"),
    [
        ("Asia/Shanghai", "Mon Jun 14 15:09:27 CST 2021", "2021-06-14T15:09:27+08:00"),
        ("America/Chicago", "Mon Jan 11 15:09:27 CST 2021", "2021-01-11T15:09:27-06:00"),
        ("America/Chicago", "Mon Jun 14 15:09:27 CDT 2021", "2021-06-14T15:09:27-05:00"),
        ("Asia/Kolkata", "Mon Jun 14 15:09:27 IST 2021", "2021-06-14T15:09:27+05:30"),
        ("Europe/London", "Mon Jun 14 15:09:27 BST 2021", "2021-06-14T15:09:27+01:00"),
        ("America/Sao_Paulo", "Mon Jun 14 15:09:27 -03 2021", "2021-06-14T15:09:27-03:00"),
        ("Australia/Melbourne", "Thu Jan 14 15:09:27 AEDT 2021", "2021-01-14T15:09:27+11:00"),
    ],
)
def test_an_abbreviation_of_the_facility_means_what_it_means_there(zone: str, said: str, meant: str) -> None:
    assert read(said, zone) == meant


@pytest.mark.parametrize(
    ("start", "end", "meant"),
    [
        ("2024-10-27 02:50:00", "2024-10-27 02:10:00", ("2024-10-27T02:50:00+02:00", "2024-10-27T02:10:00+01:00")),
        ("2024-10-27 02:10:00", "2024-10-27 02:50:00", ("2024-10-27T02:10:00+02:00", "2024-10-27T02:50:00+02:00")),
        ("2024-10-27 01:50:00", "2024-10-27 03:10:00", ("2024-10-27T01:50:00", "2024-10-27T03:10:00")),
        (
            "Sun Oct 27 02:50:00 CEST 2024",
            "Sun Oct 27 02:10:00 CET 2024",
            ("2024-10-27T02:50:00+02:00", "2024-10-27T02:10:00+01:00"),
        ),
        (
            "Sun Oct 27 02:50:00 CEST 2024",
            "2024-10-27 02:10:00",
            ("2024-10-27T02:50:00+02:00", "2024-10-27T02:10:00+01:00"),
        ),
        (
            "2024-10-27 02:50:00",
            "Sun Oct 27 02:55:00 CET 2024",
            ("2024-10-27T02:50:00+02:00", "2024-10-27T02:55:00+01:00"),
        ),
    ],
)
def test_in_the_night_when_clocks_go_back_the_abbreviation_or_the_order_decides(
    start: str, end: str, meant: tuple[str, str]
) -> None:
    assert iso_times(start, end, PARIS) == meant


@given(
    st.integers(min_value=0, max_value=6 * 3600),
    st.integers(min_value=0, max_value=7200),
    st.sampled_from(["%a %b %d %H:%M:%S %Z %Y", "%Y-%m-%d %H:%M:%S"]),
)
def test_no_run_through_the_autumn_night_ends_before_it_starts(begun: int, seconds: int, pattern: str) -> None:
    start = datetime(2024, 10, 26, 22, tzinfo=UTC) + timedelta(seconds=begun)
    clocks = [time.astimezone(PARIS) for time in (start, start + timedelta(seconds=seconds))]
    texts = iso_times(clocks[0].strftime(pattern), clocks[1].strftime(pattern), PARIS)
    read = [datetime.fromisoformat(str(text)) for text in texts]
    first, last = ((time if time.tzinfo else time.replace(tzinfo=PARIS)).timestamp() for time in read)
    assert first <= last
    assert "%Z" not in pattern or [first, last] == [time.timestamp() for time in clocks]

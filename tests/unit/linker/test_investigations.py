from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from types import SimpleNamespace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.linker.plan.investigations import NEAR, Calendar
from services.linker.plan.slots import FIRST_OWN_NUMBER, Slot, office_number
from tests.builders.linker.records import IDENTITIES, NOON, slot

HOUR = timedelta(hours=1)


def at(hours: float) -> datetime:
    return NOON + hours * HOUR


MORNING = slot("morning", at(-4), at(0), number=1)
MIDDAY = slot("midday", at(-1), at(1), number=2)
OPEN = slot("open", at(-3), number=3)
NEWER_OPEN = slot("newer open", at(-2), number=4)
FAR = slot("far", at(80), at(88), number=5)
OLDER_MIDDAY = replace(MIDDAY, number=0)
OPENED = replace(slot("opened", at(-3), number=FIRST_OWN_NUMBER), facility_id=None, placeholder=True)
NAMED_ONLY = replace(slot("named", at(-3), number=6), placeholder=True)


@pytest.mark.parametrize(
    ("slots", "moment", "chosen"),
    [
        ([], 0, None),
        ([MORNING], -2, MORNING),
        ([MORNING], -4, MORNING),  # the start belongs to the slot,
        ([MORNING], 0, MORNING),  # the end is near it
        ([MORNING, FAR, slot("next", at(0), at(4))], 0, slot("next", at(0), at(4))),  # and may be another's start
        ([MORNING, MIDDAY], -0.5, MIDDAY),  # of the closed ones that hold it the last created
        ([MIDDAY, MORNING], -0.5, MIDDAY),  # in whatever order they are known
        ([MORNING, OLDER_MIDDAY], -0.5, MORNING),  # and whatever starts first
        ([MORNING, NEWER_OPEN], -1, MORNING),  # closed before open
        ([OPEN, NEWER_OPEN], 5, NEWER_OPEN),  # the last open one
        ([OPEN, NEWER_OPEN], -2.5, OPEN),  # that holds it
        ([OPEN, MIDDAY], 30, MIDDAY),  # an open one ends where the next begins
        ([OPEN, MIDDAY], 50, None),
        ([MORNING], 48, MORNING),  # up to 48 hours after
        ([MORNING], 48.1, None),
        ([MORNING], -52, MORNING),  # and before
        ([MORNING], -52.1, None),
        ([MORNING, FAR], 41, FAR),  # the nearest edge
        ([MORNING, FAR], 39, MORNING),
        ([MORNING, FAR], 40, FAR),  # as near: the later created
        ([OPEN], -40, OPEN),  # before an open one
        ([OPENED], 1000, OPENED),  # what beamcat opened takes what comes
        ([OPENED, MORNING], 20, MORNING),  # but not from what is announced, be it only near
        ([OPENED, FAR], 100, FAR),
        ([OPENED, FAR], 1000, None),  # and until the next begins
        ([NAMED_ONLY], 0, None),  # of one that datasets named nobody knows the time
    ],
)
def test_the_investigation_of_a_moment(slots: list[Slot], moment: float, chosen: Slot | None) -> None:
    assert Calendar(slots).at(at(moment)) == chosen


hours = st.integers(-200, 200)
slots = st.lists(
    st.builds(
        lambda n, start, length: slot(f"{n}", at(start), None if length is None else at(start + length), n),
        st.integers(0, 9),
        hours,
        st.none() | st.integers(1, 72),
    ),
    max_size=6,
    unique_by=lambda each: each.facility_id,
)


def as_icat_picks(known: list[Slot], moment: datetime) -> Slot:
    """The answer of the client's own mirror of the rule."""
    from pyicat_plus.client._internal.investigation import _select_investigation

    investigations = [
        SimpleNamespace(
            id=each.number, start_date=each.start.isoformat(), end_date=each.end.isoformat() if each.end else None
        )
        for each in known
    ]
    picked = _select_investigation(investigations, moment)
    return next(each for each in known if each.number == picked.id)


def gap(known: list[Slot], one: Slot, moment: datetime) -> timedelta:
    """How far a moment lies from a slot that does not hold it; an open one ends where the next begins."""
    following = [each.start for each in known if (each.start, each.age) > (one.start, one.age)]
    edges = (one.start, one.end or min(following, default=None))
    return min(abs(moment - edge) for edge in edges if edge is not None)


def holds(known: list[Slot], one: Slot, moment: datetime) -> bool:
    following = [each.start for each in known if (each.start, each.age) > (one.start, one.age)]
    end = one.end or min(following, default=None)
    return one.start <= moment and (end is None or moment < end)


@given(slots, hours)
@example([slot(str(age), at(start), None, age) for age, start in enumerate([0, 3, 0, 3, 0, 0])], 2)
def test_the_choice_is_icats_but_for_what_is_far_and_what_is_as_near(known: list[Slot], hour: int) -> None:
    """The differences, and why.

    - Beyond 48 hours from every slot nothing is chosen: there the ingester opens one, of which the client only reads.
    - Of two as near the one created last is taken, as ICAT's documentation says; the client takes the first of two
      that begin, or of two that end, equally near.
    - Of several that begin together the one created last is taken; the client takes one that ends where it begins.
    - What beamcat opened stands back behind what is announced, which the client cannot tell apart (not made here).
    """
    moment, chosen = at(hour), Calendar(known).at(at(hour))
    if chosen is None:
        assert not any(holds(known, each, moment) or gap(known, each, moment) <= NEAR for each in known)
        return
    picked = as_icat_picks(known, moment)
    if not holds(known, picked, moment) and picked != chosen:
        assert picked.start == chosen.start or gap(known, picked, moment) == gap(known, chosen, moment)
        assert chosen.age > picked.age
        return
    assert picked == chosen


@given(slots, hours, st.randoms())
def test_the_choice_does_not_depend_on_the_order_of_announcement(known: list[Slot], hour: int, chance: Random) -> None:
    shuffled = known.copy()
    chance.shuffle(shuffled)
    assert Calendar(shuffled).at(at(hour)) == Calendar(known).at(at(hour))


@pytest.mark.parametrize(
    ("facility_id", "number"),
    [
        ("4711", 4711),
        ("0", 0),
        ("999999999999", 999_999_999_999),
        ("1000000000000", None),  # beamcat's own begin there
        ("04711", None),  # or it would share its number with another
        ("mx-1111", None),
        ("٤٧١١", None),
        ("", None),
    ],
)
def test_the_user_offices_id_is_the_number_where_it_is_one(facility_id: str, number: int | None) -> None:
    assert office_number(facility_id) == number


def test_an_opened_investigation_has_one_identity_whatever_the_zone_of_its_start() -> None:
    elsewhere = NOON.astimezone(tz=datetime.fromisoformat("2026-01-01T00:00+05:00").tzinfo)
    assert IDENTITIES.opened("mx1111", "id30a-3", NOON) == IDENTITIES.opened("mx1111", "id30a-3", elsewhere)

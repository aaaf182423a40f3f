from datetime import datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.linker.investigations import NEAR, Slot, choose
from tests.unit.linker.builders import NOON, slot

HOUR = timedelta(hours=1)


def at(hours: float) -> datetime:
    return NOON + hours * HOUR


MORNING = slot("morning", at(-4), at(0))
MIDDAY = slot("midday", at(-1), at(1))
OPEN = slot("open", at(-3))
NEWER_OPEN = slot("newer open", at(-2))
FAR = slot("far", at(80), at(88))


@pytest.mark.parametrize(
    ("slots", "moment", "chosen"),
    [
        ([], 0, None),
        ([MORNING], -2, MORNING),
        ([MORNING], -4, MORNING),  # the edges belong to the slot
        ([MORNING], 0, MORNING),
        ([MORNING, MIDDAY], -0.5, MIDDAY),  # the last closed one that holds it
        ([MIDDAY, MORNING], -0.5, MIDDAY),  # in whatever order they are known
        ([MORNING, NEWER_OPEN], -1, MORNING),  # closed before open
        ([OPEN, NEWER_OPEN], 5, NEWER_OPEN),  # the last open one
        ([OPEN, NEWER_OPEN], -2.5, OPEN),  # that holds it
        ([MORNING], 48, MORNING),  # up to 48 hours after
        ([MORNING], 48.1, None),
        ([MORNING], -52, MORNING),  # and before
        ([MORNING], -52.1, None),
        ([MORNING, FAR], 41, FAR),  # the nearest edge
        ([MORNING, FAR], 39, MORNING),
        ([MORNING, FAR], 40, FAR),  # as near: the later one
        ([OPEN], -40, OPEN),  # before an open one
    ],
)
def test_the_investigation_of_a_moment(slots: list[Slot], moment: float, chosen: Slot | None) -> None:
    assert choose(slots, at(moment)) == chosen


hours = st.integers(-200, 200)
slots = st.lists(
    st.builds(
        lambda n, start, length: slot(f"{n}", at(start), None if length is None else at(start + length)),
        st.integers(0, 9),
        hours,
        st.none() | st.integers(0, 72),
    ),
    max_size=6,
    unique_by=lambda each: each.facility_id,
)


@given(slots, hours)
def test_a_slot_is_chosen_if_and_only_if_one_is_within_48_hours(known: list[Slot], hour: int) -> None:
    moment = at(hour)
    chosen = choose(known, moment)
    assert (chosen is not None) == any(each.holds(moment) or each.distance(moment) <= NEAR for each in known)


@given(slots, hours, st.randoms())
def test_the_choice_does_not_depend_on_the_order_of_announcement(known: list[Slot], hour: int, chance: Random) -> None:
    shuffled = known.copy()
    chance.shuffle(shuffled)
    assert choose(shuffled, at(hour)) == choose(known, at(hour))


@given(slots, hours)
def test_one_that_holds_the_moment_is_preferred_to_any_that_is_only_near(known: list[Slot], hour: int) -> None:
    chosen = choose(known, at(hour))
    if chosen is not None and not chosen.holds(at(hour)):
        assert not any(each.holds(at(hour)) for each in known)

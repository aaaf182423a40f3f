"""The one visit that a happening belongs to."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.linker.plan.investigations import Calendar
from services.linker.plan.slots import Slot
from services.sample_tracking.samples import Sample, SampleHome
from services.sample_tracking.visits import Visits, histories
from shared.events.investigation import InvestigationRef
from shared.events.sample import SampleHappening
from tests.builders.sample_tracking import BEAMLINE, IDENTITIES, NOW, PROPOSAL, visited

OTHER_BEAMLINE = "id23-1"
KINDS = ("registered", "shipped", "received", "mounted", "unmounted", "returned", "disposed")


def happening(kind: str, days: float, beamline: str = BEAMLINE, named: str | None = None) -> SampleHappening:
    return SampleHappening.model_validate(
        {
            "happening": kind,
            "sample": "x1",
            "proposal": PROPOSAL,
            "beamline": beamline,
            "at": NOW + timedelta(days=days),
            "investigation_id": named,
        }
    )


def homes(visits: Sequence[InvestigationRef]) -> list[SampleHome]:
    return [SampleHome(PROPOSAL, "x1", visit.investigation_id) for visit in visits]


def chosen(visits: Sequence[InvestigationRef], happened: SampleHappening) -> InvestigationRef | None:
    """The visit, where each of them knows the sample."""
    found = Visits(visits, homes(visits)).of(happened)
    return next((visit for visit in visits if visit.investigation_id == found), None)


JANUARY, MARCH, THERE = visited("S1", 0), visited("S2", 60), visited("S3", 30, beamline=OTHER_BEAMLINE)
OPENED = visited(None, 20, None)
UNDATED = visited("S4", None)


@pytest.mark.parametrize(
    ("visits", "happened", "expected"),
    [
        ([JANUARY, MARCH], happening("registered", -365), JANUARY),
        ([JANUARY, MARCH, THERE], happening("shipped", 10), MARCH),
        ([JANUARY, MARCH, THERE], happening("shipped", 10, OTHER_BEAMLINE), THERE),
        ([JANUARY, MARCH], happening("shipped", 10, OTHER_BEAMLINE), MARCH),
        ([JANUARY, MARCH], happening("mounted", 1, OTHER_BEAMLINE), None),
        ([JANUARY, MARCH], happening("shipped", 100), None),
        ([JANUARY, MARCH], happening("mounted", 100), None),
        ([JANUARY, MARCH], happening("unmounted", 5), JANUARY),
        ([JANUARY, MARCH], happening("disposed", 1000), MARCH),
        ([JANUARY, MARCH], happening("returned", -10), JANUARY),
        ([JANUARY, MARCH], happening("shipped", 10, named="S1"), JANUARY),
        ([JANUARY, MARCH], happening("mounted", 1, named="S9"), None),
        ([JANUARY, OPENED, MARCH], happening("mounted", 1), JANUARY),
        ([JANUARY, OPENED, MARCH], happening("mounted", 40), OPENED),
        ([JANUARY, OPENED, MARCH], happening("shipped", 10), OPENED),
        ([OPENED, visited("S5", 19)], happening("shipped", 10), visited("S5", 19)),
        ([JANUARY, UNDATED], happening("mounted", 1), JANUARY),
        ([UNDATED], happening("mounted", 1), UNDATED),
        ([UNDATED, visited("S6", None)], happening("mounted", 1), None),
        ([], happening("mounted", 1), None),
    ],
    ids=lambda value: f"{value.happening} {value.at:%m-%d}" if isinstance(value, SampleHappening) else None,
)
def test_a_happening_belongs_to_the_visit_of_its_beamline_and_time(
    visits: list[InvestigationRef], happened: SampleHappening, expected: InvestigationRef | None
) -> None:
    assert chosen(visits, happened) == expected


def test_what_is_sent_belongs_to_the_next_visit_that_knows_the_sample() -> None:
    visits = Visits([JANUARY, MARCH], homes([MARCH]))
    assert visits.of(happening("received", 1)) == MARCH.investigation_id
    assert visits.of(happening("mounted", 1)) == JANUARY.investigation_id


days = st.one_of(st.none(), st.integers(-40, 40))
some_visits = st.lists(
    st.tuples(days, st.sampled_from([None, 0, 1, 5, 30]), st.booleans(), st.sampled_from([BEAMLINE, OTHER_BEAMLINE])),
    max_size=5,
)
happenings = st.builds(
    happening,
    st.sampled_from(KINDS),
    st.integers(-50, 50),
    st.sampled_from([BEAMLINE, OTHER_BEAMLINE]),
    st.sampled_from([None, None, "S0", "S1", "1002", "elsewhere"]),
)


def visits_of(said: Sequence[tuple[int | None, int | None, bool, str]]) -> list[InvestigationRef]:
    """Each with a number; a placeholder has no id of the user office's."""
    return [
        visited(None if opened and day is not None else f"S{n}", day, length, beamline=beamline, number=1000 + n)
        for n, (day, length, opened, beamline) in enumerate(said)
    ]


@given(said=some_visits, happened=st.lists(happenings, max_size=6), data=st.data())
def test_a_happening_is_told_in_one_visit_at_most_in_whatever_order_visits_are_known(
    said: list[tuple[int | None, int | None, bool, str]], happened: list[SampleHappening], data: st.DataObject
) -> None:
    visits = list({visit.investigation_id: visit for visit in visits_of(said)}.values())
    known = [visit for visit in visits if data.draw(st.booleans())]
    samples = [sample_in(visit) for visit in known]
    told = histories(samples, happened, Visits(visits, homes(known)))
    times_told = [sum(history.count(each) for history in told.values()) for each in happened]
    assert all(times <= happened.count(each) for times, each in zip(times_told, happened, strict=True))
    shuffled = Visits(data.draw(st.permutations(visits)), data.draw(st.permutations(homes(known))))
    assert histories(samples, happened, shuffled) == told


def sample_in(visit: InvestigationRef) -> Sample:
    return Sample(
        sample_id=IDENTITIES.sample(visit.investigation_id, "x1"),
        investigation_id=visit.investigation_id,
        facility_id=visit.facility_id,
        proposal=PROPOSAL,
        beamline=visit.beamline,
        name="x1",
    )


@given(said=some_visits, day=st.integers(-50, 50))
def test_a_sample_is_mounted_in_the_visit_that_a_dataset_of_that_moment_lies_in(
    said: list[tuple[int | None, int | None, bool, str]], day: int
) -> None:
    visits = [visit for visit in visits_of(said) if visit.start is not None and visit.beamline == BEAMLINE]
    visits = list({visit.investigation_id: visit for visit in visits}.values())
    slot = Calendar(map(slot_of, visits)).at(NOW + timedelta(days=day))
    found = Visits(visits, []).of(happening("mounted", day))
    assert found == (None if slot is None else slot.investigation_id)


def slot_of(visit: InvestigationRef) -> Slot:
    assert visit.start is not None
    return Slot(
        investigation_id=UUID(str(visit.investigation_id)),
        facility_id=visit.facility_id,
        number=visit.number,
        proposal=visit.proposal,
        beamline=visit.beamline,
        start=visit.start,
        end=visit.end,
        placeholder=visit.placeholder,
    )

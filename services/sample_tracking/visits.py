"""Finds the visit of a sample's event: one investigation, or none yet. Pure.

An event at the beamline belongs to the visit to which a dataset of the same time would belong. An event elsewhere, such
as shipping, belongs to a visit that has the sample: the present visit, else the next, else none yet. On the way home,
the last visit precedes the next. An event that names its investigation belongs to that investigation.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate, zip_longest
from uuid import UUID

from services.sample_tracking.samples import Sample, SampleHome, names_of
from shared.events.identity import sample_key
from shared.events.investigation import InvestigationRef
from shared.events.sample import SampleHappening

NEAR = timedelta(hours=48)
"""The tolerance for sessions that start early or end late, as for datasets."""

NEVER = datetime.max.replace(tzinfo=UTC)

AT_BEAMLINE = frozenset({"mounted", "unmounted"})
HOMEWARD = frozenset({"unmounted", "returned", "disposed"})
NOT_NUMBERED = 10**24
"""The sort key of a visit without a number: it sorts as the one created last."""


def histories(
    samples: Iterable[Sample], happened: Iterable[SampleHappening], visits: "Visits"
) -> dict[UUID, list[SampleHappening]]:
    """The history of each sample: an event goes to the sample of its name in its visit. The order is kept."""
    of_home = defaultdict(list)
    for happening in happened:
        for key in names_of(happening):
            of_home[happening.proposal, key, visits.of(happening)].append(happening)
    return {
        sample.sample_id: of_home.get((sample.proposal, sample_key(sample.name), sample.investigation_id), [])
        for sample in samples
    }


class Visits:
    """The visits of some proposals, with the samples of each."""

    def __init__(self, visits: Iterable[InvestigationRef], homes: Iterable[SampleHome]) -> None:
        in_order = sorted(visits, key=_age)
        self._visits = {visit.investigation_id: visit for visit in in_order}
        names = [(name, visit) for visit in in_order for name in (visit.number, visit.facility_id) if name is not None]
        self._named = {str(name): visit.investigation_id for name, visit in names}
        at_beamline = defaultdict(list)
        for visit in in_order:
            at_beamline[visit.proposal, visit.beamline].append(visit)
        self._calendars = {home: _Calendar(group) for home, group in at_beamline.items()}
        self._of_names: dict[tuple[frozenset[tuple[str, str]], str | None], _Calendar] = {}
        self._homes = defaultdict(set)
        for home in homes:
            self._homes[home.proposal, home.key].add(home.investigation_id)

    def of(self, happening: SampleHappening) -> UUID | None:
        """The investigation that an event belongs to."""
        if happening.investigation_id is not None:
            return self._named.get(happening.investigation_id)
        visit = self._of_its_time(happening)
        return None if visit is None else visit.investigation_id

    def _of_its_time(self, happening: SampleHappening) -> InvestigationRef | None:
        at, beamline = happening.at, happening.beamline
        names = frozenset((happening.proposal, key) for key in names_of(happening))
        there = self._knowing(names, beamline)
        if happening.happening in AT_BEAMLINE:
            return self._calendars.get((happening.proposal, beamline), there).at(at) or there.beside(happening)
        anywhere = self._knowing(names, None)
        return there.at(at) or there.beside(happening) or anywhere.at(at) or anywhere.beside(happening)

    def _knowing(self, names: frozenset[tuple[str, str]], beamline: str | None) -> "_Calendar":
        """The visits, on one beamline or on any, that have a sample with one of these names."""
        if (names, beamline) not in self._of_names:
            homes = sorted({home for name in names for home in self._homes.get(name, ())})
            visits = [self._visits[home] for home in homes if home in self._visits]
            chosen = _Calendar([visit for visit in visits if beamline in (None, visit.beamline)])
            self._of_names[names, beamline] = chosen
        return self._of_names[names, beamline]


@dataclass(frozen=True, slots=True)
class _Span:
    """A visit with its effective end: an open visit ends when the next one begins, if there is one."""

    visit: InvestigationRef
    start: datetime
    end: datetime | None

    def holds(self, moment: datetime) -> bool:
        """Whether it includes a moment. The end itself is not included."""
        return self.start <= moment and (self.end is None or moment < self.end)

    def distance(self, moment: datetime) -> timedelta:
        """The distance of a moment from the nearer end."""
        return min(abs(moment - edge) for edge in (self.start, self.end) if edge is not None)


def _spans(visits: Iterable[InvestigationRef]) -> list[_Span]:
    """The spans of the visits with known dates, in order."""
    dated = [(visit.start, _age(visit), visit) for visit in visits if visit.start is not None]
    in_order = sorted(dated, key=lambda each: each[:2])
    ends = [start for start, _, _ in in_order[1:]]
    return [_Span(visit, start, visit.end or following) for (start, _, visit), following in zip_longest(in_order, ends)]


class _Line:
    """Spans in order of time. A proposal may have hundreds, of which only a few are near a moment."""

    def __init__(self, spans: Iterable[_Span]) -> None:
        self.spans = list(spans)
        self._starts = [span.start for span in self.spans]
        self._last_ends = list(accumulate((span.end or NEVER for span in self.spans), max))

    def at(self, moment: datetime) -> InvestigationRef | None:
        """The closed visit created last that includes the moment, else the open one created last, else the nearest."""
        spans = list(self._around(moment))
        if held := [span.visit for span in spans if span.holds(moment)]:
            return max(held, key=lambda visit: (visit.end is not None, _age(visit)))
        near = [span for span in spans if span.distance(moment) <= NEAR]
        return max(near, key=lambda span: (-span.distance(moment), _age(span.visit))).visit if near else None

    def _around(self, moment: datetime) -> Iterator[_Span]:
        place = bisect_right(self._starts, moment + NEAR)
        while place and self._last_ends[place - 1] >= moment - NEAR:
            place -= 1
            yield self.spans[place]


class _Calendar:
    """Visits in order of time. Visits that the user office announced precede those that beamcat opened."""

    def __init__(self, visits: Sequence[InvestigationRef]) -> None:
        self._undated = [visit for visit in visits if visit.start is None]
        self._all = _spans(visits)
        self._announced = _Line(_spans(visit for visit in visits if not visit.placeholder))
        self._opened = _Line(span for span in self._all if span.visit.placeholder)

    def at(self, moment: datetime) -> InvestigationRef | None:
        """The visit of a moment, as the linker chooses it for a dataset."""
        return self._announced.at(moment) or self._opened.at(moment)

    def beside(self, happening: SampleHappening) -> InvestigationRef | None:
        """The next visit, or on the way home the last one, else the next. Else the only visit without dates.

        A placeholder counts only if the user office has not announced a visit that covers its beginning.
        """
        standing = [span for span in self._all if not (span.visit.placeholder and self._announced.at(span.start))]
        before = [span.visit for span in standing if span.start <= happening.at]
        after = [span.visit for span in standing if span.start > happening.at]
        in_order = [*reversed(before), *after] if happening.happening in HOMEWARD else after
        undated = self._undated if len(self._undated) == 1 else []
        return next(iter([*in_order, *undated]), None)


def _age(visit: InvestigationRef) -> tuple[int, UUID]:
    """The order of creation. ICAT's clients also treat a higher number as created later."""
    return NOT_NUMBERED if visit.number is None else visit.number, visit.investigation_id

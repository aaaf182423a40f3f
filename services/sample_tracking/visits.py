"""The visit that a happening belongs to: one investigation, or none yet. Pure.

What happens at the beamline belongs to the visit that a dataset of that moment would lie in. What happens elsewhere,
such as shipping, belongs to a visit that knows the sample: the one in which it happens, else the next, else none yet;
on the way home the last goes before the next. An event that names its investigation belongs to that one.
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
"""Sessions start early and end late, as for datasets."""

NEVER = datetime.max.replace(tzinfo=UTC)

AT_BEAMLINE = frozenset({"mounted", "unmounted"})
HOMEWARD = frozenset({"unmounted", "returned", "disposed"})
NOT_NUMBERED = 10**24
"""Where a visit without a number stands: it would be created last."""


def histories(
    samples: Iterable[Sample], happened: Iterable[SampleHappening], visits: "Visits"
) -> dict[UUID, list[SampleHappening]]:
    """What happened to each sample, in the order given: to the one of that name in the visit that it belongs to."""
    of_home = defaultdict(list)
    for happening in happened:
        for key in names_of(happening):
            of_home[happening.proposal, key, visits.of(happening)].append(happening)
    return {
        sample.sample_id: of_home.get((sample.proposal, sample_key(sample.name), sample.investigation_id), [])
        for sample in samples
    }


class Visits:
    """The visits of some proposals, and which of them know which samples."""

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
        """The one investigation that it belongs to."""
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
        """The visits, on a beamline or anywhere, that know a sample by one of its names."""
        if (names, beamline) not in self._of_names:
            homes = sorted({home for name in names for home in self._homes.get(name, ())})
            visits = [self._visits[home] for home in homes if home in self._visits]
            chosen = _Calendar([visit for visit in visits if beamline in (None, visit.beamline)])
            self._of_names[names, beamline] = chosen
        return self._of_names[names, beamline]


@dataclass(frozen=True, slots=True)
class _Span:
    """A visit, and where it ends in practice: an open one where the next begins, if any does."""

    visit: InvestigationRef
    start: datetime
    end: datetime | None

    def holds(self, moment: datetime) -> bool:
        """The end is the first moment that is not in it."""
        return self.start <= moment and (self.end is None or moment < self.end)

    def distance(self, moment: datetime) -> timedelta:
        """How far the moment is from the nearer edge."""
        return min(abs(moment - edge) for edge in (self.start, self.end) if edge is not None)


def _spans(visits: Iterable[InvestigationRef]) -> list[_Span]:
    """Those whose dates are known, in their order."""
    dated = [(visit.start, _age(visit), visit) for visit in visits if visit.start is not None]
    in_order = sorted(dated, key=lambda each: each[:2])
    ends = [start for start, _, _ in in_order[1:]]
    return [_Span(visit, start, visit.end or following) for (start, _, visit), following in zip_longest(in_order, ends)]


class _Line:
    """Spans in the order of time; a proposal may have hundreds, of which few are near a moment."""

    def __init__(self, spans: Iterable[_Span]) -> None:
        self.spans = list(spans)
        self._starts = [span.start for span in self.spans]
        self._last_ends = list(accumulate((span.end or NEVER for span in self.spans), max))

    def at(self, moment: datetime) -> InvestigationRef | None:
        """The closed one created last that holds it, else the open one created last that does, else the nearest."""
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
    """Some visits in the order of time. What the user office announced goes before what beamcat opened."""

    def __init__(self, visits: Sequence[InvestigationRef]) -> None:
        self._undated = [visit for visit in visits if visit.start is None]
        self._all = _spans(visits)
        self._announced = _Line(_spans(visit for visit in visits if not visit.placeholder))
        self._opened = _Line(span for span in self._all if span.visit.placeholder)

    def at(self, moment: datetime) -> InvestigationRef | None:
        """The visit of a moment, as the linker chooses it for a dataset."""
        return self._announced.at(moment) or self._opened.at(moment)

    def beside(self, happening: SampleHappening) -> InvestigationRef | None:
        """The next visit, else none; on the way home the last one, else the next. Else the only one without dates.

        A placeholder counts only where the user office has announced nothing since that covers its beginning.
        """
        standing = [span for span in self._all if not (span.visit.placeholder and self._announced.at(span.start))]
        before = [span.visit for span in standing if span.start <= happening.at]
        after = [span.visit for span in standing if span.start > happening.at]
        in_order = [*reversed(before), *after] if happening.happening in HOMEWARD else after
        undated = self._undated if len(self._undated) == 1 else []
        return next(iter([*in_order, *undated]), None)


def _age(visit: InvestigationRef) -> tuple[int, UUID]:
    """ICAT's clients, too, take the one with the higher number for the later created."""
    return NOT_NUMBERED if visit.number is None else visit.number, visit.investigation_id

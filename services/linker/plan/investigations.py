"""Which investigation a dataset belongs to, by the user office's plan and the time of measurement: pure."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from uuid import UUID

from services.linker.plan.slots import Home, Located, Slot, home_of, opening, reference
from shared.events.dataset import DatasetFacts
from shared.events.identity import Identities
from shared.events.investigation import InvestigationRef
from shared.events.sections import Finding

NEAR = timedelta(hours=48)
"""How far outside a slot a dataset still belongs to it, as at the ESRF: sessions start early and end late."""

UNKNOWN = "investigation_unknown"


@dataclass(frozen=True, slots=True)
class _Span:
    """A time at which a slot is measured, planned or actual. An open slot ends where the next one begins, if any."""

    slot: Slot
    start: datetime
    end: datetime | None
    is_actual: bool = False

    @property
    def rank(self) -> tuple[bool, bool, int]:
        """The highest rank wins: rescheduled spans first, then slots with an end, then those created last."""
        return self.is_actual, self.slot.end is not None, self.slot.age

    def holds(self, moment: datetime) -> bool:
        """Whether the moment is in the span. The end is not."""
        return self.start <= moment and (self.end is None or moment < self.end)

    def distance(self, moment: datetime) -> timedelta:
        """How far the moment is from the nearer edge."""
        return min(abs(moment - edge) for edge in (self.start, self.end) if edge is not None)


class Calendar:
    """The slots of one proposal on one beamline."""

    def __init__(self, slots: Iterable[Slot]) -> None:
        eligible = [slot for slot in slots if slot.is_opened or not slot.placeholder]
        self._announced = _spans(slot for slot in eligible if not slot.placeholder)
        self._opened = [span for span in _spans(eligible) if span.slot.is_opened]

    def at(self, moment: datetime) -> Slot | None:
        """The slot of a dataset that started at this moment.

        It is the slot that was rescheduled to the moment; otherwise the closed slot created last that contains it;
        otherwise the open slot created last that contains it; otherwise the nearest slot within 48 hours; otherwise
        None. Announced slots are preferred to those that beamcat opened.
        """
        return _choose(self._announced, moment) or _choose(self._opened, moment)


def _spans(slots: Iterable[Slot]) -> list[_Span]:
    """The spans of some slots, those of the highest rank first."""
    in_order = sorted(slots, key=lambda slot: (slot.start, slot.age))
    spans = [_Span(slot, slot.start, slot.end or following.start) for slot, following in pairwise(in_order)]
    spans += [_Span(slot, slot.start, slot.end) for slot in in_order[-1:]]
    spans += [_Span(slot, *window, is_actual=True) for slot in in_order for window in slot.actual]
    return sorted(spans, key=lambda span: span.rank, reverse=True)


def _choose(spans: Sequence[_Span], moment: datetime) -> Slot | None:
    for span in spans:
        if span.holds(moment):
            return span.slot
    near = [(span.distance(moment), -span.slot.age, span.slot) for span in spans if span.distance(moment) <= NEAR]
    return min(near, key=lambda each: each[:2])[2] if near else None


class Plan:
    """The investigations that some datasets may belong to: announced by the user office, or opened by beamcat."""

    def __init__(self, slots: Iterable[Slot] = ()) -> None:
        self._slots: dict[UUID, Slot] = {}
        self._of_home: defaultdict[Home, dict[UUID, Slot]] = defaultdict(dict)
        self._calendars: dict[Home, Calendar] = {}
        self._named: dict[str, Slot] = {}
        self._references: dict[tuple[UUID, str | None], InvestigationRef] = {}
        for slot in slots:
            self.add(slot)

    def add(self, slot: Slot) -> None:
        """Add an investigation, or replace it by its newest state."""
        before = self._slots.get(slot.investigation_id, slot)
        self._of_home[before.home].pop(slot.investigation_id, None)
        for home in (before.home, slot.home):
            self._calendars.pop(home, None)
        self._slots[slot.investigation_id] = self._of_home[slot.home][slot.investigation_id] = slot
        self._named |= {str(name): slot for name in (slot.number, slot.facility_id) if name is not None}
        self._references.clear()

    def reference(self, slot: Slot, named: str | None) -> InvestigationRef:
        """One of its investigations as other services see it. All datasets of an investigation get the same object."""
        key = slot.investigation_id, named
        if key not in self._references:
            self._references[key] = reference(slot, named)
        return self._references[key]

    def known(self, investigation_id: UUID) -> Slot | None:
        """The investigation with this id."""
        return self._slots.get(investigation_id)

    def named(self, name: str) -> Slot | None:
        """The investigation whose id at the user office, or whose number, this is."""
        return self._named.get(name)

    def at(self, home: Home, moment: datetime) -> Slot | None:
        """The investigation of a proposal on a beamline at a moment."""
        calendar = self._calendars.get(home)
        if calendar is None:
            calendar = self._calendars[home] = Calendar(self._of_home.get(home, {}).values())
        return calendar.at(moment)

    def of(self, dataset: Located) -> Slot | None:
        """The investigation that the dataset names, otherwise the one of its time.

        A producer who names an investigation that beamcat opened means the session, not the stand-in. So an announced
        investigation of that time is preferred.
        """
        named = None if dataset.investigation_id is None else self.named(dataset.investigation_id)
        if dataset.investigation_id is not None and (named is None or not named.is_opened):
            return named
        of_its_time = self.at(home_of(dataset), dataset.start)
        if named is not None and (of_its_time is None or of_its_time.placeholder):
            return named
        return of_its_time

    def announced(self, dataset: Located) -> Slot | None:
        """The investigation of the dataset, if the user office announced it."""
        slot = self.of(dataset)
        return None if slot is None or slot.placeholder else slot


def open_for(
    datasets: Iterable[DatasetFacts], plan: Plan, identities: Identities, numbers: Iterable[int]
) -> list[Slot]:
    """Open the investigations that some datasets lack, and add them to the plan.

    The datasets are taken in order: one may belong to the investigation that was opened for the one before it.
    `numbers` holds at least one number for each dataset; not all of them are used.
    """
    new: list[Slot] = []
    for dataset, number in zip(datasets, numbers, strict=False):
        if plan.of(dataset) is None:
            new.append(opening(dataset, identities, number))
            plan.add(new[-1])
    return new


def investigation_of(
    dataset: DatasetFacts, plan: Plan, identities: Identities
) -> tuple[InvestigationRef, list[Finding]]:
    """The dataset's investigation, with a warning if the user office has not announced one that fits."""
    slot = plan.of(dataset)
    if slot is None:
        return reference(opening(dataset, identities), dataset.investigation_id), [_unknown(dataset)]
    return plan.reference(slot, dataset.investigation_id), [_unknown(dataset)] if slot.placeholder else []


def _unknown(dataset: DatasetFacts) -> Finding:
    what = f"an investigation of {dataset.proposal} on {dataset.beamline} around {dataset.start.isoformat()}"
    said = "proposal, beamline and start"
    if dataset.investigation_id is not None:
        what, said = f"the investigation {dataset.investigation_id}", "investigation_id"
    message = f"the user office has not announced {what}; the dataset moves there by itself when it does"
    return Finding.warning(UNKNOWN, message, f"check {said}", value=dataset.investigation_id)

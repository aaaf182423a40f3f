"""Which investigation a dataset belongs to: the user office's plan, read against the time of measurement."""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise
from uuid import UUID

from shared.events.dataset import DatasetFacts
from shared.events.identity import Identities
from shared.events.investigation import InvestigationRef
from shared.events.sections import Finding

NEAR = timedelta(hours=48)
"""Sessions start early and end late: so far outside a slot a dataset still belongs to it, as at the ESRF."""

RESCHEDULED = timedelta(days=1)
"""How long a rescheduled investigation is measured of which no length was planned."""

UNKNOWN = "investigation_unknown"

FIRST_OWN_NUMBER = 10**12
"""The numbers that beamcat gives itself start here: above any user office's, below what a double holds exactly."""

NOT_NUMBERED = FIRST_OWN_NUMBER**2
"""Where one without a number would stand: it would be created last."""

Home = tuple[str, str]
"""Proposal, as its key, and beamline."""

Window = tuple[datetime, datetime]
"""From a moment until just before another."""


@dataclass(frozen=True, slots=True)
class Slot:
    """One investigation. `end` is empty while it is open; `number` where it was only thought of, in a dry run.

    A placeholder was not announced: it was opened for a dataset or by a beamline, or a dataset named it. `actual` are
    the times to which it was rescheduled, the last one last. The user office writes the proposal as `proposal_name`.
    """

    investigation_id: UUID
    facility_id: str | None
    number: int | None
    proposal: str
    beamline: str
    start: datetime
    end: datetime | None
    title: str | None = None
    placeholder: bool = False
    proposal_name: str | None = None
    actual: tuple[Window, ...] = ()

    @property
    def home(self) -> Home:
        """Whose datasets it takes."""
        return self.proposal, self.beamline

    @property
    def is_opened(self) -> bool:
        """Beamcat opened it where the plan had nothing; it takes what comes until the plan has."""
        return self.placeholder and self.facility_id is None

    @property
    def age(self) -> int:
        """The number: ICAT's clients, too, take the one with the higher number for the later created."""
        return NOT_NUMBERED if self.number is None else self.number

    def rescheduled(self, at: datetime) -> "Slot":
        """The slot after it was rescheduled at a moment: measured from then on, for as long as was planned.

        A moment within the plan reschedules it to where it is: the session moved to another beamline.
        """
        planned = self.end if self.end is not None and self.end > self.start else None
        if planned is not None and self.start <= at < planned:
            return self.measured((self.start, planned))
        return self.measured((at, at + (planned - self.start if planned else RESCHEDULED)))

    def measured(self, window: Window) -> "Slot":
        """The slot with one more time at which it is measured; it prolongs one that is not over by then.

        Said again, in whatever order, it adds nothing.
        """
        actual: list[Window] = []
        for start, end in sorted((*self.actual, window)):
            if actual and start <= actual[-1][1]:
                actual[-1] = actual[-1][0], max(actual[-1][1], end)
            else:
                actual.append((start, end))
        return replace(self, actual=tuple(actual))


def own_number(name: str) -> int | None:
    """The number that beamcat gave an investigation, if a name may be one."""
    if re.fullmatch(r"[1-9]\d{12,15}", name, re.ASCII):
        return int(name)
    return None


def office_number(facility_id: str) -> int | None:
    """The user office's id as the number that ICAT clients know; None for one that is no such number."""
    if re.fullmatch(r"0|[1-9]\d{0,11}", facility_id, re.ASCII):
        return int(facility_id)
    return None


@dataclass(frozen=True, slots=True)
class _Span:
    """When a slot is measured, by the plan or instead of it. An open one ends where the next begins, if any does."""

    slot: Slot
    start: datetime
    end: datetime | None
    is_actual: bool = False

    @property
    def rank(self) -> tuple[bool, bool, int]:
        """The highest goes first: what was rescheduled, then what has an end of its own, then what was created last."""
        return self.is_actual, self.slot.end is not None, self.slot.age

    def holds(self, moment: datetime) -> bool:
        """The end is the first moment that is not in it."""
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

        The slot that was rescheduled to it; else the closed one created last that holds it; else the open one created
        last that does; else the nearest within 48 hours; else none. What the user office announced goes before what
        beamcat opened.
        """
        return _choose(self._announced, moment) or _choose(self._opened, moment)


def _spans(slots: Iterable[Slot]) -> list[_Span]:
    """The one that is preferred goes first."""
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
    """The investigations that some datasets may belong to: what the user office planned, and what was opened."""

    def __init__(self, slots: Iterable[Slot] = ()) -> None:
        self._slots: dict[UUID, Slot] = {}
        self._of_home: defaultdict[Home, dict[UUID, Slot]] = defaultdict(dict)
        self._calendars: dict[Home, Calendar] = {}
        self._named: dict[str, Slot] = {}
        for slot in slots:
            self.add(slot)

    def add(self, slot: Slot) -> None:
        """A later word on an investigation replaces the earlier one."""
        before = self._slots.get(slot.investigation_id, slot)
        self._of_home[before.home].pop(slot.investigation_id, None)
        for home in (before.home, slot.home):
            self._calendars.pop(home, None)
        self._slots[slot.investigation_id] = self._of_home[slot.home][slot.investigation_id] = slot
        self._named |= {str(name): slot for name in (slot.number, slot.facility_id) if name is not None}

    def known(self, investigation_id: UUID) -> Slot | None:
        """The investigation of that id."""
        return self._slots.get(investigation_id)

    def named(self, name: str) -> Slot | None:
        """The investigation that has this id of the user office's, or this number."""
        return self._named.get(name)

    def at(self, home: Home, moment: datetime) -> Slot | None:
        """The investigation of a proposal on a beamline at a moment."""
        calendar = self._calendars.get(home)
        if calendar is None:
            calendar = self._calendars[home] = Calendar(self._of_home.get(home, {}).values())
        return calendar.at(moment)

    def of(self, dataset: DatasetFacts) -> Slot | None:
        """The investigation that the dataset names, else the one of its time.

        Who names one that beamcat opened means the session, not the stand-in: what is announced then goes first.
        """
        named = None if dataset.investigation_id is None else self.named(dataset.investigation_id)
        if dataset.investigation_id is not None and (named is None or not named.is_opened):
            return named
        of_its_time = self.at(home_of(dataset), dataset.start)
        if named is not None and (of_its_time is None or of_its_time.placeholder):
            return named
        return of_its_time

    def announced(self, dataset: DatasetFacts) -> Slot | None:
        """As `of`, if the user office announced it."""
        slot = self.of(dataset)
        return None if slot is None or slot.placeholder else slot


def home_of(dataset: DatasetFacts) -> Home:
    """Whose investigations may take it."""
    return dataset.proposal, dataset.beamline


def opening(dataset: DatasetFacts, identities: Identities, number: int | None = None) -> Slot:
    """The investigation to be opened for a dataset that the plan has no place for: open-ended, from its start on.

    An id of the user office's that was not announced yet is believed: the placeholder has the real one's future id.
    """
    named = dataset.investigation_id
    if named is None:
        return opened(home_of(dataset), dataset.start, identities, number)
    of_office = office_number(named)
    return Slot(
        investigation_id=identities.investigation(named),
        facility_id=named,
        number=number if of_office is None else of_office,
        proposal=dataset.proposal,
        beamline=dataset.beamline,
        start=dataset.start,
        end=None,
        placeholder=True,
    )


def opened(home: Home, start: datetime, identities: Identities, number: int | None) -> Slot:
    """An open-ended investigation of a proposal on a beamline."""
    return Slot(
        investigation_id=identities.opened(*home, start),
        facility_id=None,
        number=number,
        proposal=home[0],
        beamline=home[1],
        start=start,
        end=None,
        placeholder=True,
    )


def open_for(
    datasets: Iterable[DatasetFacts], plan: Plan, identities: Identities, numbers: Iterable[int]
) -> list[Slot]:
    """Add to the plan what some datasets have no place without, in their order: each may lie in the one before's.

    `numbers`: at least one a dataset, used or not.
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
    """The dataset's investigation, with a warning where the user office has announced none that fits."""
    slot = plan.of(dataset) or opening(dataset, identities)
    return reference(slot, dataset.investigation_id), [_unknown(dataset)] if slot.placeholder else []


def reference(slot: Slot, named: str | None = None) -> InvestigationRef:
    """The slot as other services see it; `named`: how the producer of a dataset asked for it."""
    return InvestigationRef(
        investigation_id=slot.investigation_id,
        number=slot.number,
        facility_id=slot.facility_id,
        proposal=slot.proposal,
        proposal_name=slot.proposal_name,
        beamline=slot.beamline,
        start=slot.start,
        end=slot.end,
        actual_start=slot.actual[-1][0] if slot.actual else None,
        actual_end=slot.actual[-1][1] if slot.actual else None,
        title=slot.title,
        placeholder=slot.placeholder,
        named=named,
    )


def _unknown(dataset: DatasetFacts) -> Finding:
    what = f"an investigation of {dataset.proposal} on {dataset.beamline} around {dataset.start.isoformat()}"
    said = "proposal, beamline and start"
    if dataset.investigation_id is not None:
        what, said = f"the investigation {dataset.investigation_id}", "investigation_id"
    message = f"the user office has not announced {what}; the dataset moves there by itself when it does"
    return Finding.warning(UNKNOWN, message, f"check {said}", value=dataset.investigation_id)

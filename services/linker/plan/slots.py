"""One investigation as the linker plans with it, and the investigations that beamcat opens itself: pure."""

import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from shared.events.identity import Identities
from shared.events.investigation import InvestigationRef

RESCHEDULED = timedelta(days=1)
"""How long a rescheduled investigation is measured if no length was planned."""

FIRST_OWN_NUMBER = 10**12
"""The first number that beamcat gives itself.

It is higher than any number of a user office, and a double still holds it exactly.
"""

NOT_NUMBERED = FIRST_OWN_NUMBER**2
"""The age of an investigation without a number: it would be created last."""

Home = tuple[str, str]
"""A proposal, as its key, and a beamline."""

Window = tuple[datetime, datetime]
"""A span of time. Its end is not part of it."""


@dataclass(frozen=True, slots=True)
class Slot:
    """One investigation in the plan.

    `end` is None while the investigation is open. `number` is None in a dry run, which opens nothing. A `placeholder`
    was not announced: it was opened for a dataset or by a beamline, or a dataset named it. `actual` are the times to
    which the investigation was rescheduled, in order. `proposal_name` is the proposal as the user office writes it.
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
        """The proposal and beamline whose datasets it takes."""
        return self.proposal, self.beamline

    @property
    def is_opened(self) -> bool:
        """Whether beamcat opened it where the plan had nothing. It takes datasets until the plan covers them."""
        return self.placeholder and self.facility_id is None

    @property
    def age(self) -> int:
        """The number. As for ICAT's clients, the higher number was created later."""
        return NOT_NUMBERED if self.number is None else self.number

    def rescheduled(self, at: datetime) -> "Slot":
        """The slot after it was rescheduled: measured from this moment on, for as long as was planned.

        If the plan contains the moment already, the actual dates are the planned ones: the session moved to another
        beamline.
        """
        planned = self.end if self.end is not None and self.end > self.start else None
        if planned is not None and self.start <= at < planned:
            return self.measured((self.start, planned))
        return self.measured((at, at + (planned - self.start if planned else RESCHEDULED)))

    def measured(self, window: Window) -> "Slot":
        """The slot with one more actual time. Times that overlap become one.

        Adding the same time again changes nothing, in whatever order the times are added.
        """
        actual: list[Window] = []
        for start, end in sorted((*self.actual, window)):
            if actual and start <= actual[-1][1]:
                actual[-1] = actual[-1][0], max(actual[-1][1], end)
            else:
                actual.append((start, end))
        return replace(self, actual=tuple(actual))


def own_number(name: str) -> int | None:
    """The number in a name that may be a number of beamcat's own."""
    if re.fullmatch(r"[1-9]\d{12,15}", name, re.ASCII):
        return int(name)
    return None


def office_number(facility_id: str) -> int | None:
    """The user office's id as the number that ICAT clients know, or None if it is not such a number."""
    if re.fullmatch(r"0|[1-9]\d{0,11}", facility_id, re.ASCII):
        return int(facility_id)
    return None


class Located(Protocol):
    """The part of a dataset that says which investigation it belongs to."""

    @property
    def proposal(self) -> str:
        """The proposal, as its key."""

    @property
    def beamline(self) -> str:
        """The beamline."""

    @property
    def start(self) -> datetime:
        """When it was measured."""

    @property
    def investigation_id(self) -> str | None:
        """The investigation that its producer names."""


def home_of(dataset: Located) -> Home:
    """The proposal and beamline whose investigations may take the dataset."""
    return dataset.proposal, dataset.beamline


def opening(dataset: Located, identities: Identities, number: int | None = None) -> Slot:
    """The open-ended investigation to open at the start of a dataset that the plan has no place for.

    If the dataset names an id that the user office has not announced yet, the placeholder already has the identity of
    the real investigation.
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


def reference(slot: Slot, named: str | None = None) -> InvestigationRef:
    """The slot as other services see it. `named` is the id by which the producer of a dataset asked for it."""
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

"""Which investigation a dataset belongs to: the user office's plan, read against the time of measurement."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from shared.events import DatasetFacts, Finding, InvestigationRef
from shared.identity import Identities

NEAR = timedelta(hours=48)
"""Sessions start early and end late: so far outside a slot a dataset still belongs to it, as at the ESRF."""

UNKNOWN = "investigation_unknown"


@dataclass(frozen=True, slots=True)
class Slot:
    """One announced investigation. `end` is empty while it is open."""

    investigation_id: UUID
    facility_id: str
    proposal: str
    beamline: str
    start: datetime
    end: datetime | None
    title: str | None = None

    def holds(self, moment: datetime) -> bool:
        """The moment lies in the slot, its edges included."""
        return self.start <= moment and (self.end is None or moment <= self.end)

    def distance(self, moment: datetime) -> timedelta:
        """How far the moment is from the slot's nearer edge."""
        return min(abs(moment - edge) for edge in (self.start, self.end) if edge is not None)


def choose(slots: Iterable[Slot], moment: datetime) -> Slot | None:
    """The slot of a dataset that started at this moment, among those of its proposal and beamline.

    The last closed slot that holds it; else the last open one that does; else the nearest within 48 hours; else none.
    """
    in_order = sorted(slots, key=lambda slot: (slot.start, slot.facility_id))
    holding = [slot for slot in in_order if slot.holds(moment)]
    closed = [slot for slot in holding if slot.end is not None]
    if holding:
        return (closed or holding)[-1]
    near = [slot for slot in in_order if slot.distance(moment) <= NEAR]
    return min(reversed(near), key=lambda slot: slot.distance(moment), default=None)


def investigation_of(
    dataset: DatasetFacts, slots: Iterable[Slot], identities: Identities
) -> tuple[InvestigationRef, list[Finding]]:
    """The dataset's investigation; a placeholder and a warning where the user office has announced none that fits.

    An id of the user office's that was not announced yet is believed: the placeholder has the real one's future id.
    """
    named = dataset.investigation_id
    if named is None:
        own = (slot for slot in slots if (slot.proposal, slot.beamline) == (dataset.proposal, dataset.beamline))
        slot = choose(own, dataset.start)
    else:
        slot = next((slot for slot in slots if slot.facility_id == named), None)
    if slot is not None:
        return reference(slot), []
    placeholder = InvestigationRef(
        investigation_id=home(dataset, identities),
        facility_id=named,
        proposal=dataset.proposal,
        beamline=dataset.beamline,
        start=None,
        end=None,
        title=None,
        placeholder=True,
    )
    return placeholder, [_unknown(dataset)]


def home(dataset: DatasetFacts, identities: Identities) -> UUID:
    """The id of the placeholder that takes a dataset whose investigation is unknown."""
    if dataset.investigation_id is not None:
        return identities.investigation(dataset.investigation_id)
    return identities.placeholder(dataset.proposal, dataset.beamline)


def reference(slot: Slot) -> InvestigationRef:
    """The slot as other services see it."""
    return InvestigationRef(
        investigation_id=slot.investigation_id,
        facility_id=slot.facility_id,
        proposal=slot.proposal,
        beamline=slot.beamline,
        start=slot.start,
        end=slot.end,
        title=slot.title,
        placeholder=False,
    )


def _unknown(dataset: DatasetFacts) -> Finding:
    what = (
        f"the investigation {dataset.investigation_id}"
        if dataset.investigation_id is not None
        else f"an investigation of {dataset.proposal} on {dataset.beamline} around {dataset.start.isoformat()}"
    )
    return Finding.warning(
        UNKNOWN,
        f"the user office has not announced {what}; the dataset moves there by itself when it does",
        value=dataset.investigation_id,
    )

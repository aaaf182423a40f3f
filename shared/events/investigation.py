"""Events about investigations: sessions of a proposal on a beamline."""

from typing import Literal
from uuid import UUID

from pydantic import AwareDatetime, Field

from shared.events.sections import Moment, Name, Producer, ProposalKey, Section


class InvestigationRef(Section):
    """The investigation that a dataset belongs to; a placeholder until the user office announces the real one."""

    investigation_id: UUID
    number: int | None = Field(
        default=None, description="the integer by which ICAT clients know it; a later one has a higher number"
    )
    facility_id: str | None
    proposal: ProposalKey
    proposal_name: str | None = Field(default=None, description="the proposal as the user office writes it: MX-1111")
    beamline: str
    start: AwareDatetime | None
    end: AwareDatetime | None
    actual_start: AwareDatetime | None = Field(
        default=None, description="when it was really measured, if it was rescheduled to another time"
    )
    actual_end: AwareDatetime | None = None
    title: str | None
    placeholder: bool
    named: str | None = Field(
        default=None,
        description="the id by which the producer of the dataset named it; new dates do not move such a dataset",
    )


class Investigation(Section):
    """One session of a proposal on a beamline, as the user office planned it. `end` is empty while it is open."""

    happening: Literal["announced"] = "announced"
    facility_id: Name
    proposal: Name
    beamline: Name
    start: Moment
    end: Moment | None = None
    title: str | None = None


class StartedInvestigation(Section):
    """A beamline began to measure for a proposal, planned or not."""

    happening: Literal["started"]
    proposal: Name
    beamline: Name
    start: Moment
    end: Moment | None = None
    producer: Producer = Producer()


class RescheduledInvestigation(Section):
    """An investigation is measured now, whatever was planned; its datasets are assigned anew."""

    happening: Literal["rescheduled"]
    facility_id: Name = Field(description="the user office's id, or the number by which ICAT's clients know it")
    at: Moment | None = Field(
        default=None,
        description="time of the request: it is measured from then on, for as long as was planned; without it,"
        " only datasets are assigned anew",
    )
    producer: Producer = Producer()


class InvestigationAnnounced(Section):
    """The user office planned, changed, closed or rescheduled an investigation, or a beamline started one."""

    investigation: Investigation | StartedInvestigation | RescheduledInvestigation


class InvestigationRegistered(Section):
    """An investigation has its time and its number. Published again whenever it changes."""

    investigation: InvestigationRef

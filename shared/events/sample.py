"""Events about samples: what happened to one, where and when."""

from typing import Literal
from uuid import UUID

from pydantic import Field

from shared.events.sections import Moment, Name, Section


class Container(Section):
    """Where the sample travelled (ICAT SampleTrackingContainer_*, SampleTrackingParcel_*)."""

    id: str | None = None
    name: str | None = None
    type: str | None = None
    capacity: int | None = None
    position: str | None = None
    changer_location: int | None = Field(
        default=None, description="the container's place in the sample changer, counted from 1 through all cells"
    )
    parcel_id: str | None = None
    parcel_name: str | None = None


class SampleRef(Section):
    """A sample within its investigation."""

    sample_id: UUID
    name: str
    inherited: bool = Field(default=False, description="true: taken from the inputs, which agree")


class SampleHappening(Section):
    """Something that happened to a sample, at a place and a time."""

    happening: Literal["registered", "shipped", "received", "mounted", "unmounted", "returned", "disposed"]
    sample: Name
    proposal: Name
    beamline: Name
    at: Moment
    place: str | None = None
    investigation_id: str | None = Field(
        default=None, description="the user office's id; without it, proposal and beamline decide"
    )
    acronym: str | None = None
    container: Container | None = None
    sample_changer_position: str | None = None


class SampleMoved(Section):
    """A sample was registered, moved or disposed of."""

    sample: SampleHappening

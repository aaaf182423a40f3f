"""The words of sample tracking: samples, what was decided about datasets, and what happened to samples."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

from pydantic import AwareDatetime, Field

from shared.absence import says_no_text
from shared.events import Container, Finding, Links, Mode, SampleHappening, SampleRef, Section
from shared.stage import Learned


class Said(Section):
    """A parameter, of which tracking reads the producer's own words: an identifier such as "007" is no number."""

    original: str


class SampleParameters(Section):
    """The few of a dataset's parameters that say which sample it is of and where that sample sat."""

    acronym: Said | None = Field(default=None, alias="SampleProtein_acronym")
    changer_position: Said | None = Field(default=None, alias="SampleChanger_position")
    container_id: Said | None = Field(default=None, alias="SampleTrackingContainer_id")
    container_name: Said | None = Field(default=None, alias="SampleTrackingContainer_name")
    container_type: Said | None = Field(default=None, alias="SampleTrackingContainer_type")
    container_capacity: Said | None = Field(default=None, alias="SampleTrackingContainer_capacity")
    container_position: Said | None = Field(default=None, alias="SampleTrackingContainer_position")
    parcel_id: Said | None = Field(default=None, alias="SampleTrackingParcel_id")
    parcel_name: Said | None = Field(default=None, alias="SampleTrackingParcel_name")


class SampledDataset(Section):
    """The facts of a dataset on which its sample depends."""

    dataset_id: UUID
    sample_name: str | None
    mode: Mode

    @property
    def keeps_sample(self) -> bool:
        """Without a word on its sample it stays of the one that it is of."""
        return self.mode in ("merge", "update")


class TrackingView(Section):
    """What tracking reads of a linked dataset."""

    dataset: SampledDataset
    links: Links
    parameters: SampleParameters


class Sample(Section):
    """A sample within one investigation; `facility_id` is that investigation's, absent while it is a placeholder."""

    sample_id: UUID
    investigation_id: UUID
    facility_id: str | None
    proposal: str
    beamline: str
    name: str
    acronym: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What was decided about one submission; `proposal` is the sample's, which may not be the dataset's."""

    sample: SampleRef | None
    proposal: str | None
    findings: Sequence[Finding] = ()


@dataclass(frozen=True)
class Known:
    """What a batch has to know: answers given before, by dataset and receipt, and each dataset's newest answer."""

    answers: Mapping[tuple[UUID, str], Answer] = field(default_factory=dict)
    datasets: Mapping[UUID, Answer] = field(default_factory=dict)


@dataclass(frozen=True)
class Happened(Learned):
    """A happening to remember under its event's source and id, and the sample that it makes known."""

    source: str
    event_id: str
    happening: SampleHappening
    sample: Sample | None


class HistoryEntry(Section):
    """One thing that happened to a sample."""

    happening: str
    at: AwareDatetime
    place: str | None
    beamline: str
    container: Container | None
    sample_changer_position: str | None


class SampleEntry(Sample):
    """A sample, how many datasets it has now, and the last thing that happened to it."""

    datasets: int
    last: HistoryEntry | None


class SampleHistory(SampleEntry):
    """A sample and everything that happened to it, oldest first."""

    history: list[HistoryEntry]


class Register(Protocol):
    """What can be asked about samples."""

    async def find(self, proposal: str | None, text: str | None, most: int) -> Sequence[SampleEntry]:
        """Samples by proposal and by a part of their name or acronym, ordered by proposal and name.

        A placeholder's sample without datasets is left out: the real investigation took them over.
        """

    async def sample(self, sample_id: UUID) -> SampleHistory | None:
        """One sample with its history."""


def prefixed_name(happening: SampleHappening) -> str | None:
    """The name that MXCuBE gives the sample of a happening: `<acronym>-<sample>`."""
    return f"{happening.acronym}-{happening.sample}" if happening.acronym else None


def queried(event: TrackingView) -> Sequence[UUID]:
    """The datasets whose newest answer may decide this event's sample."""
    if event.dataset.sample_name:
        return ()
    inputs = [entry.dataset_id for entry in event.links.inputs]
    return [event.dataset.dataset_id, *inputs] if event.dataset.keeps_sample else inputs


def registration(event: TrackingView, sample: SampleRef | None) -> Sample | None:
    """The sample that this event makes known; an inherited one is known already."""
    if sample is None or sample.inherited:
        return None
    investigation = event.links.investigation
    return Sample(
        sample_id=sample.sample_id,
        investigation_id=investigation.investigation_id,
        facility_id=investigation.facility_id,
        proposal=investigation.proposal,
        beamline=investigation.beamline,
        name=sample.name,
        acronym=text_of(event.parameters.acronym),
    )


def text_of(said: Said | None) -> str | None:
    """What the producer wrote, without surrounding blanks; a word for nothing names nothing."""
    return said.original.strip() if said and not says_no_text(said.original) else None

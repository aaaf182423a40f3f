"""The types of sample tracking: samples, decisions about datasets, and events of samples."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol
from uuid import UUID

from pydantic import AwareDatetime, Field

from shared.events.dataset import Links
from shared.events.identity import sample_key
from shared.events.investigation import InvestigationRef
from shared.events.sample import Container, SampleHappening, SampleRef
from shared.events.sections import Finding, Mode, Section
from shared.events.structs import PlainView
from shared.events.wire import Received, SubmissionId
from shared.stages.outcomes import Learned
from shared.vocabulary.absence import says_no_text


class OriginalParameter(Section):
    """A parameter, read in the producer's original text: an identifier such as "007" is not a number."""

    original: str


class SampleParameters(Section):
    """The parameters of a dataset that name its sample and say where that sample was."""

    acronym: OriginalParameter | None = Field(default=None, alias="SampleProtein_acronym")
    changer_position: OriginalParameter | None = Field(default=None, alias="SampleChanger_position")
    container_id: OriginalParameter | None = Field(default=None, alias="SampleTrackingContainer_id")
    container_name: OriginalParameter | None = Field(default=None, alias="SampleTrackingContainer_name")
    container_type: OriginalParameter | None = Field(default=None, alias="SampleTrackingContainer_type")
    container_capacity: OriginalParameter | None = Field(default=None, alias="SampleTrackingContainer_capacity")
    container_position: OriginalParameter | None = Field(default=None, alias="SampleTrackingContainer_position")
    parcel_id: OriginalParameter | None = Field(default=None, alias="SampleTrackingParcel_id")
    parcel_name: OriginalParameter | None = Field(default=None, alias="SampleTrackingParcel_name")


class SampledDataset(Section):
    """The facts of a dataset that decide its sample."""

    dataset_id: UUID
    sample_name: str | None
    mode: Mode
    start: AwareDatetime
    revision: int | None = None

    @property
    def keeps_sample(self) -> bool:
        """Whether a dataset that names no sample keeps its present one."""
        return self.mode in ("merge", "update")


class TrackingView(PlainView):
    """The part of a linked dataset that sample tracking reads."""

    dataset: SampledDataset
    links: Links
    parameters: SampleParameters

    @property
    def keeps_sample(self) -> bool:
        """Whether a dataset that names no sample keeps its present one, even if its inputs have another by now."""
        return self.dataset.keeps_sample or self.has_outdated_inputs

    @property
    def has_outdated_inputs(self) -> bool:
        """Whether it was made from data of its inputs that have been replaced since."""
        return any(entry.replaced for entry in self.links.inputs)


class Sample(Section):
    """A sample within one investigation. `facility_id` is the investigation's; a placeholder has none."""

    sample_id: UUID
    investigation_id: UUID
    facility_id: str | None
    proposal: str
    beamline: str
    name: str
    acronym: str | None = None


@dataclass(frozen=True, slots=True)
class TrackingAnswer:
    """The decision about one submission. `proposal` is that of the sample, which may differ from the dataset's."""

    sample: SampleRef | None
    proposal: str | None
    findings: Sequence[Finding] = ()


@dataclass(frozen=True)
class TrackingState:
    """The state that a batch needs: earlier answers by submission, and each dataset's newest answer."""

    answers: Mapping[SubmissionId, TrackingAnswer] = field(default_factory=dict)
    datasets: Mapping[UUID, TrackingAnswer] = field(default_factory=dict)


@dataclass(frozen=True)
class Happened(Learned):
    """An event of a sample, kept under its source, id and content, and the sample that it registers."""

    source: str
    event_id: str
    content: str
    """The fingerprint of the content. Other content under the same id is another event."""
    happening: SampleHappening
    sample: Sample | None


@dataclass(frozen=True)
class Visited(Learned):
    """An investigation as the linker registered it. A higher `word` is a later registration."""

    visit: InvestigationRef
    word: int


FROM_DATASETS = -1
"""The `word` of a visit that is known only from a dataset or from a sample's event."""


@dataclass(frozen=True, slots=True)
class SampleHome:
    """An investigation that has a sample of this name. `key` is the name in the form that is compared."""

    proposal: str
    key: str
    investigation_id: UUID


class HistoryEntry(Section):
    """One event in the history of a sample."""

    happening: str
    at: AwareDatetime
    place: str | None
    beamline: str
    container: Container | None
    sample_changer_position: str | None


@dataclass(frozen=True, slots=True)
class SamplePlace:
    """Where a sample was, from the last dataset or event that named its container."""

    at: datetime
    container: Container
    sample_changer_position: str | None


class SampleEntry(Sample):
    """A sample, its present number of datasets, the last event of its history, and its last known place."""

    datasets: int
    last: HistoryEntry | None
    container: Container | None = None
    sample_changer_position: str | None = None


class SampleHistory(SampleEntry):
    """A sample and its history, oldest first."""

    history: list[HistoryEntry]
    earlier: int = 0
    """The number of earlier events, for which one answer has no room."""


@dataclass(frozen=True, slots=True)
class KnownSample:
    """A sample, its present number of datasets, its history, oldest first, and its place according to datasets."""

    sample: Sample
    datasets: int
    happened: Sequence[SampleHappening]
    measured: SamplePlace | None = None

    def entry(self) -> SampleEntry:
        """The sample without its history."""
        last = _entry(self.happened[-1]) if self.happened else None
        where = self._whereabouts()
        return SampleEntry(
            **self.sample.model_dump(),
            datasets=self.datasets,
            last=last,
            container=where.container if where else None,
            sample_changer_position=where.sample_changer_position if where else None,
        )

    def _whereabouts(self) -> SamplePlace | None:
        """The last known place. Data without a container, such as an XRF spectrum, do not tell the place."""
        said = [
            SamplePlace(each.at, each.container, each.sample_changer_position)
            for each in self.happened
            if each.container is not None
        ]
        return max([*said, *([self.measured] if self.measured else [])], key=lambda each: each.at, default=None)

    def history(self) -> SampleHistory:
        """The sample with its history."""
        return SampleHistory(**self.entry().model_dump(), history=[_entry(each) for each in self.happened])


def _entry(happening: SampleHappening) -> HistoryEntry:
    return HistoryEntry.model_validate(happening.model_dump())


class Register(Protocol):
    """Answers queries about samples."""

    async def find(self, proposal: str | None, text: str | None, most: int) -> Sequence[SampleEntry]:
        """Samples by proposal and by a part of their name or acronym, ordered by proposal and name.

        A sample of a placeholder without datasets is left out: the real investigation has taken over its datasets.
        """

    async def sample(self, sample_id: UUID) -> SampleHistory | None:
        """One sample with its history."""


def prefixed_name(happening: SampleHappening) -> str | None:
    """The name that MXCuBE gives the sample of a happening: `<acronym>-<sample>`."""
    return f"{happening.acronym}-{happening.sample}" if happening.acronym else None


def names_of(happening: SampleHappening) -> set[str]:
    """The names of the sample of an event, in the form that is compared."""
    return {sample_key(name) for name in (happening.sample, prefixed_name(happening)) if name is not None}


def visit_of(sample: Sample) -> InvestigationRef:
    """The investigation that a sample's event names, while its dates are unknown."""
    return InvestigationRef(
        investigation_id=sample.investigation_id,
        facility_id=sample.facility_id,
        proposal=sample.proposal,
        beamline=sample.beamline,
        start=None,
        end=None,
        title=None,
        placeholder=True,
    )


def submissions_of(events: Iterable[Received[TrackingView]]) -> list[SubmissionId]:
    """The submissions of a batch."""
    return [received.submission(received.event.dataset.dataset_id) for received in events]


def queried(event: TrackingView) -> Sequence[UUID]:
    """The datasets whose newest answers may decide the sample of this event."""
    if event.dataset.sample_name and event.dataset.revision is None:
        return ()
    inputs = [entry.dataset_id for entry in event.links.inputs]
    return [event.dataset.dataset_id, *inputs] if event.keeps_sample else inputs


def registration(event: TrackingView, sample: SampleRef | None) -> Sample | None:
    """The sample that this event registers. An inherited one is already registered."""
    if sample is None or (sample.inherited and event.dataset.sample_name is None):
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


def text_of(said: OriginalParameter | None) -> str | None:
    """What a parameter means, as `meant` says."""
    return None if said is None else meant(said.original)


def meant(original: str | None) -> str | None:
    """The producer's text without surrounding blanks, or None if it is a word for "no value"."""
    return None if original is None or says_no_text(original) else original.strip()

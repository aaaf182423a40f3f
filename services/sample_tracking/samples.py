"""The words of sample tracking: samples, what was decided about datasets, and what happened to samples."""

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
from shared.events.wire import Received, SubmissionId
from shared.stages.outcomes import Learned
from shared.vocabulary.absence import says_no_text


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
    start: AwareDatetime
    revision: int | None = None

    @property
    def keeps_sample(self) -> bool:
        """Without a word on its sample it stays of the one that it is of."""
        return self.mode in ("merge", "update")


class TrackingView(Section):
    """What tracking reads of a linked dataset."""

    dataset: SampledDataset
    links: Links
    parameters: SampleParameters

    @property
    def keeps_sample(self) -> bool:
        """Without a word on its sample it stays of the one that it is of, whatever its inputs are of by now."""
        return self.dataset.keeps_sample or self.has_outdated_inputs

    @property
    def has_outdated_inputs(self) -> bool:
        """It was made from other data than are there now."""
        return any(entry.replaced for entry in self.links.inputs)


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
class TrackingAnswer:
    """What was decided about one submission; `proposal` is the sample's, which may not be the dataset's."""

    sample: SampleRef | None
    proposal: str | None
    findings: Sequence[Finding] = ()


@dataclass(frozen=True)
class TrackingState:
    """What a batch has to know: earlier answers, by submission, and each dataset's newest answer."""

    answers: Mapping[SubmissionId, TrackingAnswer] = field(default_factory=dict)
    datasets: Mapping[UUID, TrackingAnswer] = field(default_factory=dict)


@dataclass(frozen=True)
class Happened(Learned):
    """A happening to remember under its event's source, id and words, and the sample that it makes known."""

    source: str
    event_id: str
    content: str
    """The fingerprint of the words: others under the same id are another happening."""
    happening: SampleHappening
    sample: Sample | None


@dataclass(frozen=True)
class Visited(Learned):
    """An investigation as the linker registered it; a higher `word` is said later."""

    visit: InvestigationRef
    word: int


FROM_DATASETS = -1
"""The word on a visit of which only a dataset or a sample's event has told."""


@dataclass(frozen=True, slots=True)
class SampleHome:
    """An investigation that knows a sample of that name; `key` is the name as names are compared."""

    proposal: str
    key: str
    investigation_id: UUID


class HistoryEntry(Section):
    """One thing that happened to a sample."""

    happening: str
    at: AwareDatetime
    place: str | None
    beamline: str
    container: Container | None
    sample_changer_position: str | None


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Where a sample was, as the last dataset or event said that named its container."""

    at: datetime
    container: Container
    sample_changer_position: str | None


class SampleEntry(Sample):
    """A sample, how many datasets it has now, the last thing that happened to it, and where it was last known to be."""

    datasets: int
    last: HistoryEntry | None
    container: Container | None = None
    sample_changer_position: str | None = None


class SampleHistory(SampleEntry):
    """A sample and everything that happened to it, oldest first."""

    history: list[HistoryEntry]
    earlier: int = 0
    """How much happened before, for which one answer has no room."""


@dataclass(frozen=True, slots=True)
class Told:
    """A sample, how many datasets it has now, what happened to it, oldest first, and where datasets say that it was."""

    sample: Sample
    datasets: int
    happened: Sequence[SampleHappening]
    measured: Whereabouts | None = None

    def entry(self) -> SampleEntry:
        """Without the history."""
        last = _entry(self.happened[-1]) if self.happened else None
        where = self._whereabouts()
        return SampleEntry(
            **self.sample.model_dump(),
            datasets=self.datasets,
            last=last,
            container=where.container if where else None,
            sample_changer_position=where.sample_changer_position if where else None,
        )

    def _whereabouts(self) -> Whereabouts | None:
        """What names no container, such as an XRF spectrum, says nothing of where the sample is."""
        said = [
            Whereabouts(each.at, each.container, each.sample_changer_position)
            for each in self.happened
            if each.container is not None
        ]
        return max([*said, *([self.measured] if self.measured else [])], key=lambda each: each.at, default=None)

    def history(self) -> SampleHistory:
        """With the history."""
        return SampleHistory(**self.entry().model_dump(), history=[_entry(each) for each in self.happened])


def _entry(happening: SampleHappening) -> HistoryEntry:
    return HistoryEntry.model_validate(happening.model_dump())


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


def names_of(happening: SampleHappening) -> set[str]:
    """The names, as they are compared, of the sample that it happened to."""
    return {sample_key(name) for name in (happening.sample, prefixed_name(happening)) if name is not None}


def visit_of(sample: Sample) -> InvestigationRef:
    """What a sample's event says of the investigation that it names, before anybody has told its dates."""
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
    """Which submissions a batch is about."""
    return [received.submission(received.event.dataset.dataset_id) for received in events]


def queried(event: TrackingView) -> Sequence[UUID]:
    """The datasets whose newest answer may decide this event's sample."""
    if event.dataset.sample_name and event.dataset.revision is None:
        return ()
    inputs = [entry.dataset_id for entry in event.links.inputs]
    return [event.dataset.dataset_id, *inputs] if event.keeps_sample else inputs


def registration(event: TrackingView, sample: SampleRef | None) -> Sample | None:
    """The sample that this event makes known; an inherited one is known already."""
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


def text_of(said: Said | None) -> str | None:
    """What the producer wrote, without surrounding blanks; a word for nothing names nothing."""
    return said.original.strip() if said and not says_no_text(said.original) else None

"""The twin of the PostgreSQL store without a database, held to the same suite."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from uuid import UUID

from services.sample_tracking.samples import (
    Answer,
    Happened,
    HistoryEntry,
    Known,
    Sample,
    SampleEntry,
    SampleHistory,
    TrackingView,
    prefixed_name,
    queried,
    registration,
)
from shared.events import SampleMoved, Tracking
from shared.stage import Outcome, Passed
from shared.wire import Received


class Memory:
    """Everything that sample tracking remembers."""

    def __init__(self) -> None:
        self.samples: dict[UUID, Sample] = {}
        self.tracked: dict[tuple[UUID, str], Answer] = {}
        self.happened: dict[tuple[str, str], Happened] = {}

    def newest(self) -> dict[UUID, Answer]:
        """Each dataset's last answer, in the order of arrival."""
        return {dataset_id: answer for (dataset_id, _), answer in self.tracked.items()}


class MemoryTracking:
    """The sample of every dataset."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator["MemoryTracking"]:
        """Each save stands by itself."""
        yield self

    async def load(self, events: Sequence[Received[TrackingView]]) -> Known:
        """Answers given before, and the newest answers of inputs and of what is merged into."""
        keys = [(received.event.dataset.dataset_id, received.receipt_id) for received in events]
        wanted = {dataset_id for received in events for dataset_id in queried(received.event)}
        return Known(
            {key: self._memory.tracked[key] for key in keys if key in self._memory.tracked},
            {dataset_id: answer for dataset_id, answer in self._memory.newest().items() if dataset_id in wanted},
        )

    async def save(self, events: Sequence[Received[TrackingView]], outcomes: Sequence[Outcome]) -> None:
        """Register samples not seen before and keep each submission's answer."""
        for received, outcome in zip(events, outcomes, strict=True):
            assert isinstance(outcome, Passed)
            tracking = outcome.sections["tracking"]
            assert isinstance(tracking, Tracking)
            sample = registration(received.event, tracking.sample)
            if sample:
                self._memory.samples.setdefault(sample.sample_id, sample)
            proposal = self._memory.samples[tracking.sample.sample_id].proposal if tracking.sample else None
            answer = Answer(tracking.sample, proposal, tracking.findings)
            self._memory.tracked.setdefault((received.event.dataset.dataset_id, received.receipt_id), answer)


class MemoryHappenings:
    """What happened to samples."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator["MemoryHappenings"]:
        """Each save stands by itself."""
        yield self

    async def load(self, events: Sequence[Received[SampleMoved]]) -> None:
        """An event speaks for itself."""

    async def save(self, _events: Sequence[Received[SampleMoved]], outcomes: Sequence[Outcome]) -> None:
        """Keep each happening once, and register samples whose investigation is named."""
        for outcome in outcomes:
            assert isinstance(outcome, Happened)
            if outcome.sample:
                self._memory.samples.setdefault(outcome.sample.sample_id, outcome.sample)
            self._memory.happened.setdefault((outcome.source, outcome.event_id), outcome)


class MemoryRegister:
    """Samples and their histories."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    async def find(self, proposal: str | None, text: str | None, most: int) -> Sequence[SampleEntry]:
        """Samples by proposal and by a part of their name or acronym."""
        entries = [await self._history(sample) for sample in self._memory.samples.values()]
        found = [
            SampleEntry.model_validate(entry.model_dump(exclude={"history"}))
            for entry in entries
            if proposal in (None, entry.proposal)
            and (text is None or any(text.lower() in (said or "").lower() for said in (entry.name, entry.acronym)))
            and (entry.facility_id is not None or entry.datasets)
        ]
        return sorted(found, key=lambda entry: (entry.proposal, entry.name, entry.sample_id))[:most]

    async def sample(self, sample_id: UUID) -> SampleHistory | None:
        """One sample with its history."""
        sample = self._memory.samples.get(sample_id)
        return None if sample is None else await self._history(sample)

    async def _history(self, sample: Sample) -> SampleHistory:
        happened = [entry for entry in self._memory.happened.values() if _belongs(entry, sample)]
        happened.sort(key=lambda entry: (entry.happening.at, entry.source, entry.event_id))
        history = [HistoryEntry.model_validate(entry.happening.model_dump()) for entry in happened]
        datasets = [
            answer
            for answer in self._memory.newest().values()
            if answer.sample and answer.sample.sample_id == sample.sample_id
        ]
        last = history[-1] if history else None
        return SampleHistory(**sample.model_dump(), datasets=len(datasets), last=last, history=history)


def _belongs(entry: Happened, sample: Sample) -> bool:
    said = entry.happening
    return (
        said.proposal == sample.proposal
        and sample.name in (said.sample, prefixed_name(said))
        and (not said.investigation_id or not sample.facility_id or said.investigation_id == sample.facility_id)
    )

"""The memory twin of the PostgreSQL store. Both pass the same test suite."""

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from operator import itemgetter
from uuid import UUID

from services.sample_tracking.samples import (
    FROM_DATASETS,
    Happened,
    KnownSample,
    Sample,
    SampleEntry,
    SampleHistory,
    SampleHome,
    SamplePlace,
    Tracked,
    TrackingAnswer,
    TrackingState,
    TrackingView,
    Visited,
    queried,
    registration,
    submissions_of,
    visit_of,
)
from services.sample_tracking.visits import Visits, histories
from shared.events.identity import sample_key
from shared.events.investigation import InvestigationRegistered
from shared.events.sample import SampleMoved
from shared.events.wire import Received, SubmissionId
from shared.stages.outcomes import Outcome


class Memory:
    """Everything that sample tracking remembers."""

    def __init__(self) -> None:
        self.samples: dict[UUID, Sample] = {}
        self.tracked: dict[SubmissionId, TrackingAnswer] = {}
        self.measured: dict[UUID, tuple[tuple[datetime, UUID, int], SamplePlace]] = {}
        self.happened: dict[tuple[str, str, str], Happened] = {}
        self.visits: dict[UUID, Visited] = {}

    def newest(self) -> dict[UUID, TrackingAnswer]:
        """Each dataset's newest answer, by order of arrival."""
        return {each.dataset_id: answer for each, answer in self.tracked.items() if each.dataset_id}

    def measure(self, dataset_id: UUID, tracked: Tracked) -> None:
        """Store where a dataset's sample was, if the dataset names a container."""
        sample, place = tracked.answer.sample, tracked.place
        if sample is None or place is None:
            return
        said = (place.at, dataset_id, len(self.tracked)), place
        known = self.measured.get(sample.sample_id, said)
        self.measured[sample.sample_id] = max(known, said, key=itemgetter(0))

    def visit(self, said: Visited) -> None:
        """Store a visit. A later word replaces an earlier one."""
        before = self.visits.get(said.visit.investigation_id)
        dated = before is not None and (before.visit.start is not None or said.visit.start is None)
        if before is None or said.word > before.word or not dated:
            self.visits[said.visit.investigation_id] = said


class MemoryTracking:
    """The sample of every dataset."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator["MemoryTracking"]:
        """Each save stands by itself."""
        yield self

    async def load(self, events: Sequence[Received[TrackingView]]) -> TrackingState:
        """Earlier answers, and the newest answers of the inputs and of merged datasets."""
        keys = submissions_of(events)
        wanted = {dataset_id for received in events for dataset_id in queried(received.event)}
        return TrackingState(
            {key: self._memory.tracked[key] for key in keys if key in self._memory.tracked},
            {dataset_id: answer for dataset_id, answer in self._memory.newest().items() if dataset_id in wanted},
        )

    async def save(self, events: Sequence[Received[TrackingView]], outcomes: Sequence[Outcome]) -> None:
        """Register new samples and visits, and keep each submission's answer."""
        for received, submission, outcome in zip(events, submissions_of(events), outcomes, strict=True):
            assert isinstance(outcome, Tracked)
            answer = outcome.answer
            self._memory.visit(Visited(received.event.links.investigation, FROM_DATASETS))
            sample = registration(received.event, answer.sample)
            if sample:
                self._memory.samples.setdefault(sample.sample_id, sample)
            proposal = self._memory.samples[answer.sample.sample_id].proposal if answer.sample else None
            if submission not in self._memory.tracked:
                self._memory.measure(received.event.dataset.dataset_id, outcome)
            self._memory.tracked.setdefault(submission, replace(answer, proposal=proposal))


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
                self._memory.visit(Visited(visit_of(outcome.sample), FROM_DATASETS))
            self._memory.happened.setdefault((outcome.source, outcome.event_id, outcome.content), outcome)


class MemoryVisits:
    """The store of the investigations that the linker registered."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator["MemoryVisits"]:
        """Each save stands by itself."""
        yield self

    async def load(self, events: Sequence[Received[InvestigationRegistered]]) -> None:
        """An event speaks for itself."""

    async def save(self, events: Sequence[Received[InvestigationRegistered]], outcomes: Sequence[Outcome]) -> None:
        """Keep the latest word on each."""
        del events
        for outcome in outcomes:
            assert isinstance(outcome, Visited)
            self._memory.visit(outcome)


class MemoryRegister:
    """Samples and their histories."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    async def find(self, proposal: str | None, text: str | None, most: int) -> Sequence[SampleEntry]:
        """Samples by proposal and by a part of their name or acronym."""
        found = [
            entry
            for entry in (told.entry() for told in self._known_samples())
            if proposal in (None, entry.proposal)
            and (text is None or any(text.lower() in (said or "").lower() for said in (entry.name, entry.acronym)))
            and (entry.facility_id is not None or entry.datasets)
        ]
        return sorted(found, key=lambda entry: (entry.proposal, entry.name, entry.sample_id))[:most]

    async def sample(self, sample_id: UUID) -> SampleHistory | None:
        """One sample with its history."""
        return next((told.history() for told in self._known_samples() if told.sample.sample_id == sample_id), None)

    def _known_samples(self) -> list[KnownSample]:
        memory = self._memory
        samples = memory.samples.values()
        happened = sorted(memory.happened.values(), key=lambda each: (each.happening.at, each.source, each.event_id))
        homes = [SampleHome(each.proposal, sample_key(each.name), each.investigation_id) for each in samples]
        visits = Visits([each.visit for each in memory.visits.values()], homes)
        by_sample = histories(samples, [each.happening for each in happened], visits)
        datasets = Counter(answer.sample.sample_id for answer in memory.newest().values() if answer.sample)
        measured = {sample_id: where for sample_id, (_, where) in memory.measured.items()}
        return [
            KnownSample(each, datasets[each.sample_id], by_sample[each.sample_id], measured.get(each.sample_id))
            for each in samples
        ]

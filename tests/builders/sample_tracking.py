"""Records and a small world for the tests of sample tracking."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Literal
from uuid import UUID, uuid5

from services.sample_tracking.handler import remember, track, visit
from services.sample_tracking.samples import Happened, Register, TrackingState, TrackingView, Visited
from shared.events.dataset import (
    DatasetFacts,
    DatasetLinked,
    DatasetTracked,
    InputRef,
    LinkedInput,
    Links,
    Submission,
    Tracking,
)
from shared.events.headers import headers_of
from shared.events.identity import Identities
from shared.events.investigation import InvestigationRef, InvestigationRegistered
from shared.events.record import Record
from shared.events.sample import Container, SampleHappening, SampleMoved
from shared.events.sections import Mode, Producer
from shared.events.topics import LINKED, REGISTERED, SAMPLES, TRACKED, Topic
from shared.kafka.publisher import MemoryPublisher
from shared.runtime.backoff import Backoff
from shared.stages.halt import HaltRule
from shared.stages.stage import Stage, StageRunner, Store

IDENTITIES = Identities("facility.example")
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
PROPOSAL, BEAMLINE = "mx1111", "id30a-3"


def dataset_id(path: str) -> UUID:
    return IDENTITIES.dataset(path)


def sample_id(name: str, session: str | None = "S1", proposal: str = PROPOSAL) -> UUID:
    return IDENTITIES.sample(investigation(session, proposal).investigation_id, name)


def investigation(session: str | None = "S1", proposal: str = PROPOSAL) -> InvestigationRef:
    """The session of the user office with this id, or the placeholder."""
    return InvestigationRef(
        investigation_id=IDENTITIES.investigation(session) if session else IDENTITIES.opened(proposal, BEAMLINE, NOW),
        facility_id=session,
        proposal=proposal,
        beamline=BEAMLINE,
        start=None,
        end=None,
        title=None,
        placeholder=session is None,
    )


def visited(  # a builder: each test names only what matters to it
    session: str | None,
    day: int | None,
    days: int | None = 2,
    *,
    beamline: str = BEAMLINE,
    proposal: str = PROPOSAL,
    number: int | None = None,
) -> InvestigationRef:
    """A visit that begins some days after NOW and lasts some days. Without a session, beamcat opened it."""
    start = None if day is None else NOW + timedelta(days=day)
    opened = IDENTITIES.opened(proposal, beamline, start or NOW)
    return InvestigationRef(
        investigation_id=IDENTITIES.investigation(session) if session else opened,
        number=number,
        facility_id=session,
        proposal=proposal,
        beamline=beamline,
        start=start,
        end=start + timedelta(days=days) if start and days is not None else None,
        title=None,
        placeholder=session is None,
    )


def registered(visit: InvestigationRef, offset: int = 0) -> Record:
    """An `investigation.registered` record."""
    event = InvestigationRegistered(investigation=visit)
    told = record(REGISTERED, str(visit.investigation_id), event.model_dump_json(), f"word {offset}")
    return replace(told, offset=offset)


def linked(  # noqa: PLR0913  # a builder: each test names only what matters to it
    path: str,
    *,
    sample: str | None = None,
    inputs: Sequence[str] = (),
    session: str | None = "S1",
    visit: InvestigationRef | None = None,
    proposal: str = PROPOSAL,
    mode: Mode = "replace",
    receipt: str | None = None,
    parameters: dict[str, str] | None = None,
    revision: int | None = None,
    outdated: bool = False,
    start: datetime = NOW,
    producer: str = "",
    content: str = "",
) -> Record:
    """A `dataset.linked` record. By default, its receipt is its path.

    With a `revision`, beamcat sends it again. `outdated` means that it was made before its inputs were measured again.
    """
    facts = DatasetFacts(
        dataset_id=dataset_id(path),
        receipt_id=receipt or path,
        path=path,
        name="run_01",
        proposal=proposal,
        beamline=BEAMLINE,
        sample_name=sample,
        type="processed" if inputs else "raw",
        technique="MX",
        technique_pid=None,
        kind="mx.raw.datacollection",
        start=start,
        end=None,
        inputs=[InputRef(path=entry, dataset_id=dataset_id(entry)) for entry in inputs],
        files=[],
        file_count=None,
        volume_bytes=None,
        mode=mode,
        complete=True,
        sequence_index=None,
        investigation_id=None,
        producer=Producer(),
        submitted_at=NOW,
        findings=[],
        revision=revision,
    )
    event = DatasetLinked(
        submission=Submission(name="run_01", path=path, proposal=proposal),
        dataset=facts,
        parameters={name: {"value": text, "original": text} for name, text in (parameters or {}).items()},
        links=Links(
            investigation=visit or investigation(session, proposal),
            inputs=[
                LinkedInput(path=entry, dataset_id=dataset_id(entry), kind="mx.raw", replaced=outdated)
                for entry in inputs
            ],
        ),
    )
    it = record(LINKED, str(facts.dataset_id), event.model_dump_json(), receipt or path)
    if not producer:
        return it
    headers = headers_of(
        LINKED,
        receipt_id=receipt or path,
        source="/beamcat/linker",
        time=NOW.isoformat(),
        producer=producer.encode(),
        content=content,
    )
    return replace(it, headers=headers)


def moved(  # noqa: PLR0913  # as linked
    happening: Literal["registered", "shipped", "received", "mounted", "unmounted", "returned", "disposed"],
    sample: str,
    hour: int = 0,
    *,
    day: int = 0,
    beamline: str = BEAMLINE,
    place: str | None = None,
    session: str | None = None,
    proposal: str = PROPOSAL,
    acronym: str | None = None,
    event_id: str | None = None,
    container: Container | None = None,
) -> Record:
    """A `sample.events` record at an hour of the day that is some days after that of NOW."""
    event = SampleMoved(
        sample=SampleHappening(
            happening=happening,
            sample=sample,
            proposal=proposal,
            beamline=beamline,
            at=NOW.replace(hour=hour) + timedelta(days=day),
            place=place,
            investigation_id=session,
            acronym=acronym,
            container=container,
        )
    )
    said = ascii(f"{happening} {sample} {day} {hour}")  # a header takes only printable characters
    return record(SAMPLES, f"{proposal}/{sample}", event.model_dump_json(), event_id or said)


def record(topic: Topic, key: str, payload: str, event_id: str) -> Record:
    headers = headers_of(topic, receipt_id=event_id, source="/test", time=NOW.isoformat())
    return Record(topic.name, 0, 0, 0, key.encode(), payload.encode(), headers)


@dataclass(frozen=True)
class World:
    """Sample tracking over a pair of stores, as the service runs it, with a publisher that keeps its messages."""

    tracking: Store[TrackingView, TrackingState]
    happenings: Store[SampleMoved, None]
    visits: Store[InvestigationRegistered, None]
    register: Register

    async def track(self, *records: Record) -> list[Tracking]:
        """Settle one batch, and return the sections that were added."""
        publisher = MemoryPublisher()
        handle = partial(track, IDENTITIES)
        stage = Stage("sample_tracking", LINKED, TrackingView, handle, self.tracking, produces=TRACKED)
        await run(stage, publisher, records)
        assert [message.topic for message in publisher.messages] == [TRACKED.name] * len(records)
        return [DatasetTracked.model_validate_json(message.value).tracking for message in publisher.messages]

    async def hear(self, *records: Record) -> None:
        """Settle one batch of sample events, which publishes nothing."""
        publisher = MemoryPublisher()
        handle: Callable[..., Sequence[Happened]] = partial(remember, IDENTITIES)
        await run(Stage("sample-events", SAMPLES, SampleMoved, handle, self.happenings), publisher, records)
        assert publisher.messages == []

    async def learn(self, *records: Record) -> None:
        """Settle one batch of registered investigations, which publishes nothing."""
        publisher = MemoryPublisher()
        handle: Callable[..., Sequence[Visited]] = visit
        stage = Stage("sample-visits", REGISTERED, InvestigationRegistered, handle, self.visits)
        await run(stage, publisher, records)
        assert publisher.messages == []

    async def names(self, proposal: str | None = PROPOSAL, text: str | None = None) -> list[str]:
        return [entry.name for entry in await self.register.find(proposal, text, 100)]

    async def history(self, sample: UUID) -> list[str]:
        found = await self.register.sample(sample)
        assert found is not None
        return [entry.happening for entry in found.history]

    async def datasets(self, sample: UUID) -> int:
        found = await self.register.sample(sample)
        return 0 if found is None else found.datasets


async def run(stage: Stage[Any, Any], publisher: MemoryPublisher, records: Sequence[Record]) -> None:
    await StageRunner(stage, publisher, lambda: NOW, HaltRule(), Backoff(), IDENTITIES).run(records)


def derived(number: int) -> str:
    """A receipt as from the gateway, the same in every run."""
    return str(uuid5(UUID(int=0), str(number)))

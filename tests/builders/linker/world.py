"""The linker over a store: its stages, relay and timer, with a clock to set and all its messages to read."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from services.linker.app import stages_of
from services.linker.handler import Linker
from services.linker.held.deadlines import Deadlines
from services.linker.held.ports import LinkStore
from services.linker.held.release import ReleaseOutbox
from services.linker.held.repeated_searches import RepeatedSearchOutbox
from shared.events.dataset import DatasetFacts
from shared.events.dataset import Links as LinksSection
from shared.events.investigation import InvestigationRef, InvestigationRegistered
from shared.events.pending import DatasetPending, Pending
from shared.events.record import Message, Record
from shared.events.rejection import DatasetRejected, Rejection
from shared.events.sections import Section
from shared.events.topics import LINKED, PENDING, REGISTERED, REJECTED
from shared.kafka.publisher import MemoryPublisher
from shared.runtime.backoff import Backoff
from shared.stages.halt import HaltRule
from shared.stages.relay import Relay
from shared.stages.stage import Stage, StageRunner
from tests.builders.described import TECHNIQUES
from tests.builders.linker.records import IDENTITIES, NOON, facts, validated

DEMANDS = TECHNIQUES.input_demands


class LinkedDataset(Section):
    dataset: DatasetFacts
    links: LinksSection


class World:
    def __init__(self, links: LinkStore, publisher: MemoryPublisher | None = None) -> None:
        self.links = links
        self.now = NOON
        self.publisher = publisher or MemoryPublisher()
        self.linker = Linker(TECHNIQUES, IDENTITIES)
        self.relay = Relay("linker-relay", ReleaseOutbox(links, self.linker, self.clock), self.publisher, Backoff())
        self.looks = Relay("linker-looks", RepeatedSearchOutbox(links, self.clock), self.publisher, Backoff())
        self.deadlines = Deadlines(links, self.relay, Backoff(), self.clock)
        self.times_woken = 0
        stages = stages_of(links, self.linker, self._wake)
        self._linking, self._commits, self._office, self._rejections = map(self._runner, stages)

    def _wake(self) -> None:
        self.times_woken += 1

    def clock(self) -> datetime:
        return self.now

    def _runner(self, stage: Stage) -> StageRunner:  # type: ignore[type-arg]
        return StageRunner(stage, self.publisher, self.clock, HaltRule(halts=False), Backoff(), IDENTITIES)

    async def submit(self, *datasets: DatasetFacts) -> None:
        """Let one batch arrive."""
        await self.read(*(validated(dataset, offset) for offset, dataset in enumerate(datasets)))

    async def read(self, *records: Record) -> None:
        """Let one batch arrive, as it is in Kafka."""
        await self._linking.run(records)

    async def submit_of(self, source: str, *datasets: DatasetFacts) -> None:
        """Let one batch of a source arrive."""
        batch = []
        for offset, dataset in enumerate(datasets):
            record = validated(dataset, offset)
            headers = dict(record.headers) | {"ce_source": source.encode()}
            batch.append(replace(record, headers=tuple(headers.items())))
        await self.read(*batch)

    async def commit(self, *records: Record) -> None:
        """Report commits. The relay sends what they release."""
        await self.learn(*records)
        await self.send()

    async def learn(self, *records: Record) -> None:
        """Report commits, without running the relay."""
        await self._commits.run(records)

    async def reject(self, *records: Record) -> None:
        """Report rejections by another stage. The relay sends what they end."""
        await self._rejections.run(records)
        await self.send()

    async def announce(self, *records: Record) -> None:
        """Announce investigations. The relay sends what they move."""
        await self._office.run(records)
        await self.send()

    async def send(self) -> None:
        """Run the relay."""
        await self.relay.drain_once()

    async def wait(self, time: timedelta) -> None:
        """Let time pass. The timer checks, and the relay sends what it gives up."""
        self.now += time
        await self.deadlines.tick()
        await self.send()
        await self.looks.drain_once()

    @property
    def linked(self) -> list[LinkedDataset]:
        return [LinkedDataset.model_validate_json(message.value) for message in self.publisher.of(LINKED.name)]

    @property
    def linked_receipts(self) -> list[str]:
        return [receipt_of(message) for message in self.publisher.of(LINKED.name)]

    @property
    def registered(self) -> list[InvestigationRef]:
        said = self.publisher.of(REGISTERED.name)
        return [InvestigationRegistered.model_validate_json(message.value).investigation for message in said]

    @property
    def pending(self) -> list[Pending]:
        return [DatasetPending.model_validate_json(each.value).pending for each in self.publisher.of(PENDING.name)]

    @property
    def rejections(self) -> list[Rejection]:
        return [DatasetRejected.model_validate_json(each.value).rejection for each in self.publisher.of(REJECTED.name)]

    @property
    def reasons(self) -> list[str]:
        return [f"{rejection.receipt_id}: {rejection.code}" for rejection in self.rejections]

    async def held(self) -> list[str]:
        return [held.id.receipt_id for held in await self.links.pending(1000)]


def receipt_of(message: Message) -> str:
    if message.topic == REJECTED.name:
        return DatasetRejected.model_validate_json(message.value).rejection.receipt_id or ""
    return dict(message.headers)["ce_id"].decode()


def series(path: str, *inputs: Sequence[str]) -> list[DatasetFacts]:
    """Successive submissions of one dataset, each with other inputs."""
    return [facts(path, each, receipt=f"{path} {n}") for n, each in enumerate(inputs, start=1)]

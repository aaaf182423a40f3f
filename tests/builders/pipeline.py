"""The services over one broker in memory, without Kafka and PostgreSQL."""

import json
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

from services.catalog_writer.documents import CatalogView
from services.catalog_writer.handler import CatalogState, commit
from services.catalog_writer.memory import MemoryCatalog
from services.linker.app import stages_of as linker_stages
from services.linker.handler import Linker
from services.linker.held.ports import LinkStore
from services.linker.held.release import ReleaseOutbox
from services.linker.storage.memory.store import MemoryLinks
from services.sample_tracking.handler import remember, track, visit
from services.sample_tracking.memory import Memory, MemoryHappenings, MemoryTracking, MemoryVisits
from services.sample_tracking.samples import TrackingState, TrackingView
from services.search.app import stages_of as search_stages
from services.search.memory import MemoryReadModel
from services.validator.checker import Checker
from services.validator.handler import validating
from shared.events.dataset import DatasetSubmitted
from shared.events.investigation import InvestigationRegistered
from shared.events.record import Message, Record
from shared.events.sample import SampleMoved
from shared.events.topics import (
    BETWEEN_STAGES,
    COMMITTED,
    LINKED,
    REGISTERED,
    SAMPLES,
    SUBMITTED,
    TRACKED,
    VALIDATED,
)
from shared.kafka.publisher import MemoryPublisher
from shared.runtime.backoff import Backoff
from shared.stages.halt import HaltRule
from shared.stages.handover import Follower, Handover
from shared.stages.relay import Outbox, Relay
from shared.stages.stage import Stage, StageRunner, Stateless, Store
from shared.vocabulary.techniques import TechniqueBook
from tests.builders.described import COMBINING, TECHNIQUES, VOCABULARY
from tests.builders.submissions import IDENTITIES
from tests.builders.validator import ZONE

AWAIT_SECONDS = 3600.0


class Broker(MemoryPublisher):
    """A broker that adds the time at which it took each message."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        super().__init__()
        self._clock = clock
        self._taken: defaultdict[str, list[int]] = defaultdict(list)

    async def publish(self, messages: Sequence[Message]) -> None:
        """Keep the messages with the time."""
        await super().publish(messages)
        for message in messages:
            self._taken[message.topic].append(int(self._clock().timestamp() * 1000))

    def records(self, topic: str, start: int) -> list[Record]:
        """The records of a topic, starting at an offset."""
        taken = enumerate(zip(self.of(topic), self._taken[topic], strict=True))
        return [
            Record(topic, 0, offset, at, message.key, message.value, message.headers)
            for offset, (message, at) in taken
            if offset >= start
        ]


@dataclass(frozen=True)
class Stores:
    """The stores of the services."""

    links: LinkStore
    tracking: Store[TrackingView, TrackingState]
    happenings: Store[SampleMoved, None]
    visits: Store[InvestigationRegistered, None]
    catalog: Store[CatalogView, CatalogState]
    outbox: Outbox
    found: Any

    @classmethod
    def in_memory(cls, techniques: TechniqueBook) -> "Stores":
        """The memory twins."""
        samples, catalog = Memory(), MemoryCatalog()
        tracking, happenings, visits = MemoryTracking(samples), MemoryHappenings(samples), MemoryVisits(samples)
        links = MemoryLinks(IDENTITIES, techniques.input_demands)
        return cls(links, tracking, happenings, visits, catalog, catalog, MemoryReadModel())


class World:
    """The services over one broker in memory. The time only changes when a test changes it."""

    together = False
    """Whether the services of the pipeline run in one process, which hands over in memory."""

    def __init__(self, techniques: TechniqueBook | None = None, stores: Stores | None = None) -> None:
        techniques = techniques or TECHNIQUES
        checker = Checker(VOCABULARY, techniques, IDENTITIES, ["/data"], ZONE)
        self.now = datetime(2026, 11, 24, tzinfo=UTC)
        self.broker = Broker(lambda: self.now)
        self.stores = stores or Stores.in_memory(techniques)
        self.links = self.stores.links
        self.found: MemoryReadModel = self.stores.found
        linker = Linker(techniques, IDENTITIES, AWAIT_SECONDS)
        released = ReleaseOutbox(self.links, linker, lambda: self.now)
        self._followers: dict[str, Follower] = {}
        self._publisher = Handover(self.broker, self._followers)
        self.relays = [
            Relay(name, box, self._publisher, Backoff())
            for name, box in (("linker-relay", released), ("catalog-relay", self.stores.outbox))
        ]
        self.runners = [
            self._runner(stage)
            for stage in (
                Stage("validator", SUBMITTED, DatasetSubmitted, validating(checker), Stateless(), VALIDATED),
                *linker_stages(self.links, linker),
                *self._tracking(),
                Stage("catalog_writer", TRACKED, CatalogView, partial(commit, COMBINING), self.stores.catalog),
                *search_stages(self.found, IDENTITIES),
            )
        ]
        if self.together:
            between = (runner for runner in self.runners if runner.stage.consumes in BETWEEN_STAGES)
            self._followers.update((runner.stage.consumes.name, Follower(runner.stage, runner)) for runner in between)
        self.read = dict.fromkeys((runner.stage.name for runner in self.runners), 0)

    def _tracking(self) -> Sequence[Stage[Any, Any]]:
        by_dataset, by_event = partial(track, IDENTITIES), partial(remember, IDENTITIES)
        stores = self.stores
        return (
            Stage("sample_tracking", LINKED, TrackingView, by_dataset, stores.tracking, TRACKED),
            Stage("sample-events", SAMPLES, SampleMoved, by_event, stores.happenings),
            Stage("sample-visits", REGISTERED, InvestigationRegistered, visit, stores.visits),
        )

    def _runner(self, stage: Stage[Any, Any]) -> StageRunner[Any, Any]:
        return StageRunner(stage, self._publisher, lambda: self.now, HaltRule(), Backoff(), IDENTITIES)

    def rewind(self, group: str, to: int = 0) -> None:
        """Reset the group of a stage to an earlier offset, as an operator may."""
        self.read[group] = min(self.read[group], to)

    async def send(self, *messages: Message) -> None:
        """Publish messages, and run everything until nothing is left to do."""
        await self.broker.publish(messages)
        await self.flow()

    async def flow(self) -> None:
        """Run every stage and relay until there is nothing to read or to relay."""
        moved = True
        while moved:
            moved = False
            for runner in self.runners:
                records = self._unread(runner)
                if records:
                    moved = True
                    await runner.run(records)
            for relay in self.relays:
                moved = bool(await relay.drain_once()) or moved

    def _unread(self, runner: StageRunner[Any, Any]) -> list[Record]:
        name = runner.stage.name
        records = self.broker.records(runner.stage.consumes.name, self.read[name])
        self.read[name] += len(records)
        return records

    def said(self, topic: str) -> list[dict[str, Any]]:
        """The payloads of a topic."""
        return [json.loads(message.value) for message in self.broker.of(topic)]

    def committed(self) -> list[tuple[str, int]]:
        """Path and revision of every commit, in order."""
        return [(payload["commit"]["path"], payload["commit"]["revision"]) for payload in self.said(COMMITTED.name)]

"""The services over one memory broker, without broker and database."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

from services.catalog_writer.documents import CatalogView
from services.catalog_writer.handler import commit
from services.catalog_writer.memory import MemoryCatalog
from services.linker.handler import Linker, LinkerView
from services.linker.learning import CommittedView, RejectedView, learn_commits, learn_rejections
from services.linker.memory import MemoryLinks
from services.linker.ports import Links, ReleaseOutbox
from services.sample_tracking.handler import track
from services.sample_tracking.memory import Memory, MemoryTracking
from services.sample_tracking.samples import TrackingView
from services.search.app import stages_of
from services.search.memory import MemoryReadModel
from services.validator.checking import Checker
from services.validator.handler import validating
from shared.backoff import Patience
from shared.events import DatasetSubmitted
from shared.publisher import MemoryPublisher
from shared.rejection_limit import RejectionLimit
from shared.relay import Outbox, Relay
from shared.stage import Stage, StageRunner, Stateless
from shared.techniques import TechniqueBook
from shared.topics import COMMITTED, LINKED, REJECTED, SUBMITTED, TRACKED, VALIDATED
from shared.wire import Message, Record
from tests.builders.submissions import IDENTITIES
from tests.described import COMBINING, TECHNIQUES, VOCABULARY
from tests.unit.validator.builders import ZONE

AWAIT_SECONDS = 3600.0


@dataclass(frozen=True)
class Stores:
    """What the services remember."""

    links: Links
    tracking: Any
    catalog: Any
    outbox: Outbox
    found: MemoryReadModel

    @classmethod
    def in_memory(cls, techniques: TechniqueBook) -> "Stores":
        catalog = MemoryCatalog()
        links = MemoryLinks(IDENTITIES, techniques.input_demands)
        return cls(links, MemoryTracking(Memory()), catalog, catalog, MemoryReadModel())


class World:
    """The services over one memory broker; time stands still unless a test moves it."""

    def __init__(self, techniques: TechniqueBook | None = None, stores: Stores | None = None) -> None:
        techniques = techniques or TECHNIQUES
        stores = stores or Stores.in_memory(techniques)
        checker = Checker(VOCABULARY, techniques, IDENTITIES, ["/data"], ZONE)
        self.now = datetime(2026, 11, 24, tzinfo=UTC)
        self.broker = MemoryPublisher()
        self.links = stores.links
        self.found = stores.found
        linker = Linker(techniques, IDENTITIES, AWAIT_SECONDS)
        released = ReleaseOutbox(self.links, linker, lambda: self.now)
        self.relays = [
            Relay(name, box, self.broker, Patience())
            for name, box in (("linker-relay", released), ("catalog-relay", stores.outbox))
        ]
        stages: tuple[Stage[Any, Any], ...] = (
            Stage(
                "validator",
                SUBMITTED,
                DatasetSubmitted,
                validating(checker),
                Stateless[DatasetSubmitted](),
                VALIDATED,
            ),
            Stage("linker", VALIDATED, LinkerView, linker.link, self.links.linking, LINKED),
            Stage(
                "sample_tracking",
                LINKED,
                TrackingView,
                partial(track, IDENTITIES),
                stores.tracking,
                TRACKED,
            ),
            Stage("catalog_writer", TRACKED, CatalogView, partial(commit, COMBINING), stores.catalog),
            Stage("linker-commits", COMMITTED, CommittedView, learn_commits, self.links.commits),
            Stage(
                "linker-rejections",
                REJECTED,
                RejectedView,
                learn_rejections,
                self.links.rejections,
                onlooker=True,
            ),
            *stages_of(self.found, IDENTITIES)[:4],
        )
        self.runners = [self._runner(stage) for stage in stages]
        self.read = dict.fromkeys((runner.stage.name for runner in self.runners), 0)

    def _runner(self, stage: Stage[Any, Any]) -> StageRunner[Any, Any]:
        return StageRunner(stage, self.broker, lambda: self.now, RejectionLimit(), Patience())

    async def send(self, *messages: Message) -> None:
        """Publish, and let everything flow until nothing moves."""
        await self.broker.publish(messages)
        await self.flow()

    async def flow(self) -> None:
        """Run every stage and relay until nothing is left to read or to relay."""
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
        topic = runner.stage.consumes.name
        messages = self.broker.of(topic)
        start, self.read[runner.stage.name] = self.read[runner.stage.name], len(messages)
        return [
            Record(topic, 0, offset, 0, message.key, message.value, message.headers)
            for offset, message in enumerate(messages[start:], start)
        ]

    def said(self, topic: str) -> list[dict[str, Any]]:
        """The payloads of a topic."""
        return [json.loads(message.value) for message in self.broker.of(topic)]

    def committed(self) -> list[tuple[str, int]]:
        """Path and revision of every commit, in order."""
        return [(payload["commit"]["path"], payload["commit"]["revision"]) for payload in self.said(COMMITTED.name)]

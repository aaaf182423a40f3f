"""A catalogue to try things on: its stage and its relay around a store, publishing into memory."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import partial

from services.catalog_writer.documents import CatalogView
from services.catalog_writer.handler import CatalogState, commit
from services.catalog_writer.memory import MemoryCatalog
from shared.events.record import Message
from shared.events.rejection import DatasetRejected
from shared.events.topics import COMMITTED, REJECTED, TRACKED
from shared.kafka.publisher import MemoryPublisher
from shared.runtime.backoff import Backoff
from shared.stages.halt import HaltRule
from shared.stages.relay import Outbox, Relay
from shared.stages.stage import Stage, StageRunner, Store
from tests.builders.catalog_writer import NOW, Tracked, committed
from tests.builders.described import COMBINING
from tests.builders.submissions import IDENTITIES


def clock() -> datetime:
    return NOW


class Catalogue:
    """One writer and one relay of it."""

    def __init__(self, store: Store[CatalogView, CatalogState], outbox: Outbox) -> None:
        self.store = store
        self.outbox = outbox
        self.publisher = MemoryPublisher()
        backoff = Backoff(chance=lambda: 0.0)
        stage = Stage("catalog_writer", TRACKED, CatalogView, partial(commit, COMBINING), store)
        self.runner = StageRunner(stage, self.publisher, clock, HaltRule(), backoff, IDENTITIES)
        self.relay = Relay("catalog-relay", outbox, self.publisher, backoff)

    @classmethod
    def in_memory(cls) -> "Catalogue":
        catalog = MemoryCatalog()
        return cls(catalog, catalog)

    async def submit(self, *batch: Tracked) -> None:
        await self.runner.run([each.record(offset) for offset, each in enumerate(batch)])

    async def answers(self) -> list[str]:
        """Relay what there is; how each message of this call answers its receipt."""
        before = len(self.published)
        await self.relay.drain_once()
        return words(self.published[before:])

    @property
    def published(self) -> Sequence[Message]:
        return self.publisher.of(COMMITTED.name)

    @property
    def numbers(self) -> list[tuple[str, int | None]]:
        """The number that each message told of its dataset, by the name of its folder."""
        commits = [committed(message).commit for message in self.published]
        return [(commit.path.rpartition("/")[2], commit.number) for commit in commits]

    @property
    def refusals(self) -> list[str]:
        events = (DatasetRejected.model_validate_json(each.value) for each in self.publisher.of(REJECTED.name))
        return [f"{each.rejection.receipt_id}: {each.rejection.code}" for each in events]


def words(messages: Iterable[Message]) -> list[str]:
    commits = (committed(message).commit for message in messages)
    return [f"{each.receipt_id}: {each.outcome} {each.revision}" for each in commits]

"""The memory twin of the catalogue, under the same test suite. It has one writer at a time, so no batch is retried."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count
from uuid import UUID

from services.catalog_writer.documents import CatalogView, message_of
from services.catalog_writer.handler import Answered, CatalogState, CurrentRevision, Revised
from shared.events.codes import Refusal
from shared.events.headers import trace_of
from shared.events.record import Message
from shared.events.wire import Received, SubmissionId
from shared.stages.outcomes import Outcome


class MemoryCatalog:
    """The store and the outbox together."""

    def __init__(self) -> None:
        self._datasets: dict[UUID, MemoryDataset] = {}
        self._answered: dict[SubmissionId, Refusal | None] = {}
        self._outbox: list[Message] = []
        self._numbers = count(1)
        self._writing = asyncio.Lock()
        self._relaying = asyncio.Lock()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator["MemoryTransaction"]:
        """A transaction whose changes are kept if the block ends without an error."""
        async with self._writing:
            transaction = MemoryTransaction(self._datasets, self._answered, self._numbers)
            yield transaction
            self._datasets.update(transaction.datasets)
            self._answered.update(transaction.answered)
            self._outbox.extend(transaction.messages)

    @asynccontextmanager
    async def take(self, most: int) -> AsyncIterator[Sequence[Message]]:
        """The oldest messages, or none while another caller holds them."""
        if self._relaying.locked():
            yield ()
            return
        async with self._relaying:
            lot = self._outbox[:most]
            yield lot
            del self._outbox[: len(lot)]


@dataclass(frozen=True, slots=True)
class MemoryDataset:
    """A dataset's number and its current revision."""

    number: int
    current: CurrentRevision


class MemoryTransaction:
    """One batch."""

    def __init__(
        self,
        datasets: dict[UUID, MemoryDataset],
        answered: dict[SubmissionId, Refusal | None],
        numbers: Iterator[int],
    ) -> None:
        self._datasets = datasets
        self._answered = answered
        self._numbers = numbers
        self.datasets: dict[UUID, MemoryDataset] = {}
        self.answered: dict[SubmissionId, Refusal | None] = {}
        self.messages: list[Message] = []

    async def load(self, events: Sequence[Received[CatalogView]]) -> CatalogState:
        """The state of these datasets and submissions. Numbers that a batch reserves but does not use are lost."""
        submissions = [event.submission(event.event.dataset.dataset_id) for event in events]
        asked = {event.event.dataset.dataset_id for event in events}
        held = {dataset_id: self._datasets[dataset_id] for dataset_id in asked if dataset_id in self._datasets}
        return CatalogState(
            {dataset_id: dataset.current for dataset_id, dataset in held.items()},
            {each: self._answered[each] for each in submissions if each in self._answered},
            {each: held[each].number if each in held else next(self._numbers) for each in asked},
        )

    async def save(self, events: Sequence[Received[CatalogView]], outcomes: Sequence[Outcome]) -> None:
        """Keep the outcomes until the transaction ends."""
        for event, outcome in zip(events, outcomes, strict=True):
            dataset_id = event.event.dataset.dataset_id
            submission = event.submission(dataset_id)
            if isinstance(outcome, Refusal):
                self.answered[submission] = outcome
            elif isinstance(outcome, Answered):
                self.answered[submission] = None
                self.messages.append(
                    message_of(submission, outcome.commit.committed_at, trace_of(event.record), outcome.payload)
                )
                if isinstance(outcome, Revised):
                    number = outcome.commit.number
                    assert number is not None
                    self.datasets[dataset_id] = MemoryDataset(
                        number, CurrentRevision(outcome.commit.revision, outcome.document)
                    )

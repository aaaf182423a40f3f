"""A stage between two topics, and its runner: one pure decision, and everything around it, written once.

    read -> load state -> handle (pure) -> save -> publish -> commit offsets

Load and save share one database transaction. The caller commits offsets only after `run` has returned, when everything
is durable. After a failure before that, the batch is processed again, which changes nothing: every step is idempotent.
"""

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Generic, Protocol, TypeVar

from pydantic import BaseModel

from shared.events import notes
from shared.events.codes import Code, Poison, Refusal
from shared.events.headers import derived_headers, producer_of, trace_of
from shared.events.identity import Identities
from shared.events.members import Member
from shared.events.pending import DatasetPending
from shared.events.record import Headers, Message, Record
from shared.events.rejection_message import rejection_message
from shared.events.subject import check_key, subject_of
from shared.events.topics import PENDING, Topic
from shared.events.wire import Received, examine, read, splice
from shared.kafka.publisher import Publisher
from shared.postgres.database import fresh_connections
from shared.runtime.backoff import Backoff, delay_seconds
from shared.runtime.error_kinds import Defect, ErrorKind, error_kind, may_be_race
from shared.runtime.failpoints import failpoint
from shared.runtime.metrics import HALTED, Timer, observe_batch
from shared.runtime.retries import retried, until_done
from shared.stages.halt import Halted, HaltRule
from shared.stages.outcomes import Outcome, Passed, Published, Waiting

logger = logging.getLogger(__name__)

BEYOND = re.compile(r"^invalid input for query argument .* out of (int\d+ )?range\)$")
"""The driver's error for a number or a time that no column of its type can hold."""

LONGEST_HALT_SECONDS = 5.0
"""The longest pause between two attempts of a halted stage, so that it continues soon after the cause is fixed."""

E = TypeVar("E", bound=BaseModel)
K = TypeVar("K", covariant=True)


class Transaction(Protocol[E, K]):
    """One database transaction of a stage."""

    async def load(self, events: Sequence[Received[E]]) -> K:
        """The state that the handler needs for these events, in as few round trips as possible."""

    async def save(self, events: Sequence[Received[E]], outcomes: Sequence[Outcome]) -> None:
        """Make the outcomes durable. Doing it twice for one receipt changes nothing."""


class Store(Protocol[E, K]):
    """The memory of a stage."""

    def transaction(self) -> AbstractAsyncContextManager[Transaction[E, K]]:
        """A transaction that commits on leaving, and rolls back on an error."""


class Stateless(Generic[E]):
    """The store of a stage without memory."""

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator["Stateless[E]"]:
        """Do nothing."""
        yield self

    async def load(self, events: Sequence[Received[E]]) -> None:
        """Load nothing."""

    async def save(self, events: Sequence[Received[E]], outcomes: Sequence[Outcome]) -> None:
        """Save nothing."""


RACE_ATTEMPTS = 6
"""How often an event that violates a constraint between rows is tried alone: for some seconds, with usual pauses."""

Handler = Callable[[Sequence[Received[E]], K, datetime], Sequence[Outcome]]
"""The pure core: it turns events, state and the present time into one outcome for each event."""


@dataclass(frozen=True)
class Stage(Generic[E, K]):
    """The declaration of a stage.

    `reads` is the consumed topic's event class, or a projection of it with fewer sections.
    """

    name: str
    consumes: Topic
    reads: type[E]
    handle: Handler[E, K]
    store: Store[E, K]
    produces: Topic | None = None
    saved: Callable[[], None] = lambda: None
    """Called after each durable batch, for instance to wake a relay."""
    publishes_rejections: bool = True
    """False if another stage judges the events of this topic: refusals here are only counted."""

    @property
    def group(self) -> str:
        """The Kafka consumer group."""
        return f"beamcat.{self.name}"


class StageRunner(Generic[E, K]):
    """Runs the batches of one stage: it gets records from any consumer, and returns when all are settled."""

    def __init__(
        self,
        stage: Stage[E, K],
        publisher: Publisher,
        clock: Callable[[], datetime],
        halt_rule: HaltRule,
        backoff: Backoff,
        identities: Identities,
    ) -> None:
        self.stage = stage
        self._identities = identities
        self._publisher = publisher
        self._clock = clock
        self._halt_rule = halt_rule
        self._backoff = backoff
        self._turn = asyncio.Lock()
        self.halted: str | None = None
        """Why nothing is settled, and what helps; None unless the stage is halted."""
        HALTED.labels(stage.name).set(0)

    async def run(self, records: Sequence[Record]) -> None:
        """Settle a batch, after all earlier ones. On return every record's outcome is durable and published.

        Raises:
            Stopping: the service stops while the batch waits for Kafka, for PostgreSQL or for the end of a halt.
            Exception: an error that no retry can fix, such as a missing migration.
        """
        async with self._turn:
            await until_done(self.stage.name, partial(self._wait_out_halts, records), self._backoff)

    async def _wait_out_halts(self, records: Sequence[Record]) -> None:
        await retried(partial(self._settle, records), self._wait_while_halted)
        self._say_whether_halted(None)

    async def _wait_while_halted(self, attempt: int, error: Exception) -> None:
        if not isinstance(error, Halted):
            raise error
        self._say_whether_halted(str(error))
        await self._backoff.sleep(min(LONGEST_HALT_SECONDS, delay_seconds(attempt, 1.0)))

    def remembered(self) -> list[str]:
        """The sources that were healthy here recently, as short hashes, for the next process."""
        return self._halt_rule.remembered()

    def recall(self, sources: Collection[str]) -> None:
        """Take the sources of an earlier process: a bad deployment includes a restart, and must still be detected."""
        self._halt_rule.recall(sources)

    def _say_whether_halted(self, why: str | None) -> None:
        if why is not None and self.halted is None:
            logger.critical("%s is halted: %s", self.stage.name, why)
        if why is None and self.halted is not None:
            logger.warning("%s is no longer halted", self.stage.name)
        self.halted = why
        HALTED.labels(self.stage.name).set(why is not None)

    async def _settle(self, records: Sequence[Record]) -> None:
        with Timer() as timer:
            outcomes: dict[int, Outcome] = {}
            received: list[tuple[int, Received[E]]] = []
            for index, record in enumerate(records):
                try:
                    received.append((index, self._read(record)))
                except Poison as poison:
                    outcomes[index] = poison.refusal
            decided = await self._decide([event for _, event in received])
            outcomes.update(zip((index for index, _ in received), decided, strict=True))
            now = self._clock()
            events = dict(received)
            sources = [
                events[index].source if index in events else (producer_of(record) or b"").decode(errors="replace")
                for index, record in enumerate(records)
            ]
            standings = self._halt_rule.judge(sources, [outcomes[index] for index in range(len(records))], now)
            failpoint(self.stage.name, "after_save")
            await self._publisher.publish(
                [
                    message
                    for index, record in enumerate(records)
                    for message in self._messages(record, events.get(index), outcomes[index], now)
                ]
            )
            failpoint(self.stage.name, "after_publish")
        self._halt_rule.record(standings)
        observe_batch(self.stage.name, list(outcomes.values()), timer.seconds)
        self.stage.saved()

    def _read(self, record: Record) -> Received[E]:
        event = read(record, self.stage.consumes, self.stage.reads)
        check_key(event, self.stage.consumes)
        return event

    async def _decide(self, events: Sequence[Received[E]]) -> Sequence[Outcome]:
        """One outcome for each event. Halving finds an event at which store or handler fails, so the others pass."""
        if not events:
            return ()
        try:
            return await self._attempt(events)
        except Exception as error:
            if error_kind(error) is not ErrorKind.EVENT:
                raise
            if len(events) == 1:
                return await self._decide_alone(events, error)
            middle = len(events) // 2
            return (*await self._decide(events[:middle]), *await self._decide(events[middle:]))

    async def _decide_alone(self, events: Sequence[Received[E]], error: Exception) -> Sequence[Outcome]:
        """Reject the event only if the error occurs again on a fresh connection, and a race cannot be the cause."""
        attempt = 1
        while True:
            if may_be_race(error):
                await self._backoff.wait(attempt, self.stage.name, error)
            try:
                with fresh_connections():
                    return await self._attempt(events)
            except Exception as again:
                if error_kind(again) is not ErrorKind.EVENT:
                    raise
                attempt += 1
                if not may_be_race(again) or attempt >= RACE_ATTEMPTS:
                    return (_blame(again, events[0].record, self.stage.consumes),)
                error = again

    async def _attempt(self, events: Sequence[Received[E]]) -> Sequence[Outcome]:
        async with self.stage.store.transaction() as transaction:
            known = await transaction.load(events)
            try:
                outcomes = self.stage.handle(events, known, self._clock())
            except MemoryError:
                raise
            except Exception as error:  # the handler is pure, so its errors follow from its input
                raise Defect from error
            await transaction.save(events, outcomes)
            failpoint(self.stage.name, "before_commit")
            return outcomes

    def _messages(
        self, record: Record, event: Received[E] | None, outcome: Outcome, now: datetime
    ) -> Iterator[Message]:
        match outcome:
            case Refusal() if self.stage.publishes_rejections:
                yield self._rejection(record, outcome, now)
            case Published(said, key) if event is not None and self.stage.produces is not None:
                headers = self._headers(event, self.stage.produces, now)
                yield Message(self.stage.produces.name, key, said.model_dump_json().encode(), headers)
            case Waiting(pending) if event is not None:
                payload = DatasetPending(pending=pending).model_dump_json().encode()
                headers = self._headers(event, PENDING, now)
                note = notes.pending(pending, event.source, trace_of(record))
                yield Message(PENDING.name, str(pending.dataset_id).encode(), payload, headers, note)
            case Passed(sections, key) if event is not None and self.stage.produces is not None:
                topic = self.stage.produces
                spliced = splice(record, sections)
                if len(spliced.value) <= topic.max_bytes:
                    yield Message(
                        topic.name, key or record.key, spliced.value, self._headers(event, topic, now, spliced.members)
                    )
                    return
                size = len(spliced.value)
                words = f"with its canonical values it has {size} bytes, {topic.name} takes up to {topic.max_bytes}"
                yield self._rejection(record, Refusal(Code.TOO_LARGE, words), now)

    def _rejection(self, record: Record, refusal: Refusal, now: datetime) -> Message:
        return rejection_message(self.stage.name, record, refusal, now, subject_of(record, self._identities))

    def _headers(self, event: Received[E], topic: Topic, now: datetime, members: Iterable[Member] = ()) -> Headers:
        return derived_headers(topic, event.record, event.receipt_id, self.stage.name, now, members)


def _blame(error: Exception, record: Record, topic: Topic) -> Refusal:
    """Why a record at which handler or store failed is refused. A fault of the record precedes a fault of beamcat."""
    if isinstance(error, Defect) and isinstance(error.__cause__, Exception):
        error = error.__cause__
    if isinstance(error, Poison):
        return error.refusal
    try:
        examine(record, topic)
    except Poison as poison:
        return poison.refusal
    words = " ".join(str(error).split())[:500]
    if BEYOND.search(words):
        return Refusal(Code.SHAPE_INVALID, f"a value is beyond what can be stored: {words}")
    if type(error).__module__.startswith("asyncpg"):
        return Refusal(Code.CANNOT_STORE, f"the database refused it: {type(error).__name__}: {words}")
    return Refusal(Code.INTERNAL_ERROR, f"a defect in this stage: {type(error).__name__}: {words}")

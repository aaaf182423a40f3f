"""The consumer of a stage: it connects FastStream to the stage runner. Beside `stream.py`, no module uses FastStream.

FastStream is used in the one way that loses nothing: whole batches of raw records, no acknowledgement by FastStream,
one batch at a time, and a commit of nothing but positions before which everything is durable.
Its own parser would fail at a header that is not UTF-8, and its models would lose or repeat a bad event. Only records
of committed transactions are read, and only from positions that match the log (`group_positions.py`).
"""

import asyncio
import logging
import time
from collections.abc import Callable, Collection, Sequence
from functools import partial
from itertools import chain
from typing import Any, Protocol

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.abc import ConsumerRebalanceListener
from aiokafka.errors import ConsumerStoppedError, KafkaError
from faststream import AckPolicy, StreamMessage
from faststream.kafka import KafkaBroker

from shared.events.record import Record
from shared.events.topics import MEBIBYTE, Topic
from shared.kafka.connection import ONLY_COMMITTED
from shared.kafka.group_positions import MemberPositions
from shared.kafka.records import bytes_at_most, record_of
from shared.kafka.settings import KafkaSettings
from shared.kafka.unread import unread
from shared.runtime.backoff import Stopping
from shared.runtime.error_kinds import ErrorKind, error_kind
from shared.runtime.failpoints import failpoint
from shared.runtime.metrics import LAG, LAST_PROGRESS, REBALANCES, observe_retry
from shared.runtime.retries import retried
from shared.stages.handover import Follower
from shared.stages.lots import lots_of
from shared.stages.settings import StageSettings

logger = logging.getLogger(__name__)

POLL_MILLISECONDS = 500
"""How long a poll waits for the first record. It ends as soon as there is one."""
BATCH_BYTES = 4 * MEBIBYTE
"""The size of a full batch. A parsed event takes several times its size in memory."""
FETCH_BYTES = 8 * MEBIBYTE
"""The most bytes of one answer of Kafka, except for a larger record."""
PARTITION_FETCH_BYTES = MEBIBYTE
"""The most bytes of one partition in one answer."""
COMMIT_SECONDS = 0.5
"""How often positions are committed while events flow. What was settled since comes again after a crash."""
RETRY_SECONDS = 1.0
"""The pause between attempts to read the positions of the group."""
LONGEST_BATCH_MS = 15 * 60 * 1000
"""How long a batch may be retried before Kafka gives its partitions to another replica."""


class Runner(Protocol):
    """Settles batches, as `shared.stages.stage.StageRunner` does."""

    @property
    def halted(self) -> str | None:
        """Why it settles nothing at present, and what helps. It tries again on its own."""

    async def run(self, records: Sequence[Record]) -> None:
        """Settle the records. Return when all outcomes are durable."""

    def remembered(self) -> list[str]:
        """The recently healthy sources: at most 100 hashes of 8 hexadecimal digits, committed with positions."""

    def recall(self, sources: Collection[str]) -> None:
        """Take the sources from the positions of newly assigned partitions. Repeating it is harmless."""


class Subscription:
    """The consumer of one stage: it feeds the runner, commits afterwards, and measures its lag."""

    def __init__(
        self,
        name: str,
        topic: Topic,
        group: str,
        runner: Runner,
        failed: Callable[[Exception], None],
        follower: Follower | None = None,
    ) -> None:
        self.name = name
        self.topic = topic
        self.group = group
        self._follower = follower
        self._trouble: str | None = None
        self.settled = 0
        self._full_batch = 0
        self._is_full = False
        self._rest_seconds = 0.0
        self._commit_due = 0.0
        self._runner = runner
        self._failed = failed
        self._subscriber: Any = None
        self.standing: MemberPositions
        self.has_joined = False
        self.assigned = False
        """Whether it has joined its group, and trusts the positions of its partitions."""

    @property
    def trouble(self) -> str | None:
        """Why it does not consume: an error that ended it, or a halt."""
        return self._trouble or self._runner.halted

    def attach(self, broker: KafkaBroker, kafka: KafkaSettings, stages: StageSettings) -> None:
        """Declare the subscriber to FastStream."""
        self.standing = MemberPositions(self.name, kafka)
        self._kafka = kafka
        self._full_batch = stages.batch_events
        self._rest_seconds = stages.batch_milliseconds / 1000
        self._subscriber = broker.subscriber(
            self.topic.name,
            batch=True,
            group_id=self.group,
            auto_offset_reset="earliest",
            ack_policy=AckPolicy.MANUAL,
            isolation_level=ONLY_COMMITTED,
            parser=_parse_batch,
            decoder=_keep_raw,
            max_records=stages.batch_events,
            batch_timeout_ms=POLL_MILLISECONDS,
            fetch_max_bytes=FETCH_BYTES,
            max_partition_fetch_bytes=PARTITION_FETCH_BYTES,
            max_poll_interval_ms=LONGEST_BATCH_MS,
            session_timeout_ms=kafka.session_timeout_ms,
            heartbeat_interval_ms=kafka.session_timeout_ms // 3,
            listener=_Listener(self),
            title=self.name,
        )
        self._subscriber.get_msg = self._fetch
        self._subscriber(self._settle)

    async def _fetch(self, consumer: AIOKafkaConsumer) -> Sequence[ConsumerRecord[bytes, bytes]]:
        """Fetch a batch from the client, in place of FastStream's method, which has no limit in bytes.

        An error ends consumption: the client then drops records that it already took from other partitions, and the
        next commit would skip them. FastStream would poll again silently.
        """
        try:
            if self.has_joined and not self.standing.is_trusted:
                await self._trust(consumer)
            records = await self._take(consumer)
        except ConsumerStoppedError:
            raise
        except Exception as error:  # noqa: BLE001  no commit may go past any error
            self._subscriber.running = False
            self._stop_because(error)
            return ()
        if not self.standing.is_trusted:
            return ()  # the group has rebalanced, or not yet joined: these come again
        if not records:  # the client may have passed records that are not events, such as the end of a transaction
            self.standing.settle(consumer, ())
            await self.commit()
        return records

    async def _trust(self, consumer: AIOKafkaConsumer) -> None:
        """Check the positions of the group, and repeat this while the group rebalances or Kafka is away."""
        while not self.standing.is_trusted:
            await retried(partial(self.standing.trust, consumer), self._wait_for_positions)
        self._runner.recall(self.standing.sources)
        if self._follower is not None:
            await self._wait_for(self._follower)
        self.assigned = True

    async def _wait_for(self, follower: Follower) -> None:
        """Wait until the follower has settled what it has to read from Kafka, so that nothing overtakes it."""
        stage = follower.stage
        look = partial(unread, self._kafka, stage.consumes.name, stage.group)
        while self._subscriber.running and (count := await retried(look, self._wait_for_positions)):
            self._trouble = f"waits until {stage.name} has settled {count} records of {stage.consumes.name}"
            await asyncio.sleep(RETRY_SECONDS)
        self._trouble = None

    async def _wait_for_positions(self, _attempt: int, error: Exception) -> None:
        if isinstance(error, ConsumerStoppedError) or error_kind(error) is ErrorKind.FATAL:
            raise error
        observe_retry(self.name, error)
        logger.warning("%s: the positions are not known yet: %s: %s", self.name, type(error).__name__, error)
        await asyncio.sleep(RETRY_SECONDS)

    async def _take(self, consumer: AIOKafkaConsumer) -> Sequence[ConsumerRecord[bytes, bytes]]:
        """The next batch. It is limited in records and in bytes, because one event may be as large as a thousand."""
        records: list[ConsumerRecord[bytes, bytes]] = []
        self._is_full = True
        with bytes_at_most(BATCH_BYTES) as room:
            while len(records) < self._full_batch and room.left > 0:
                most = self._full_batch - len(records)
                found = await consumer.getmany(timeout_ms=0 if records else POLL_MILLISECONDS, max_records=most)
                if not found:
                    self._is_full = False
                    break
                records += chain.from_iterable(found.values())
        return tuple(records)

    async def _settle(self, raw_records: Sequence[ConsumerRecord[bytes, bytes]]) -> None:
        """Settle one batch. An exit without a commit also ends consumption: the next commit would skip this batch.

        FastStream's own `StopConsume` would cancel the closing of the consumer, so its loop is asked to end instead.
        """
        began = time.monotonic()
        records = [record_of(raw) for raw in raw_records]
        failpoint(self.name, "after_poll")
        try:
            for lot in lots_of(records):
                await self._runner.run(lot)
        except Stopping:
            self._subscriber.running = False
            return
        except Exception as error:  # noqa: BLE001  no commit may go past any error
            self._subscriber.running = False
            self._stop_because(error)
            return
        self.settled += len(records)
        self.standing.settle(self._subscriber.consumer, records)
        if time.monotonic() >= self._commit_due or not self._subscriber.running:
            await self.commit()
        if not self._is_full:  # no lag
            await self._rest(time.monotonic() - began)

    async def _rest(self, worked_seconds: float) -> None:
        """Let the next batch grow, and fetch nothing meanwhile: Kafka would answer once for each event.

        The events of a stage that follows another one come in batches already.
        """
        consumer = self._subscriber.consumer
        follows = self.topic.keyed_by is not None
        consumer.pause(*consumer.assignment())
        try:
            await asyncio.sleep(min(worked_seconds, self._rest_seconds) if follows else self._rest_seconds)
        finally:
            consumer.resume(*consumer.assignment())

    async def end(self) -> None:
        """Begin no other batch, and commit what is settled. An open batch is finished, and commits as it ends."""
        self._subscriber.running = False
        if self._subscriber.consumer is not None:
            await self.commit()

    async def commit(self) -> None:
        """Commit the positions of what is settled."""
        try:
            await self.standing.commit(self._subscriber.consumer, self._runner.remembered)
        except KafkaError as error:
            logger.warning(
                "%s: the offsets are not committed, so events come again and change nothing: %s", self.name, error
            )
        self._commit_due = time.monotonic() + COMMIT_SECONDS

    def _stop_because(self, error: Exception) -> None:
        self._trouble = f"{type(error).__name__}: {error}"
        self._failed(error)

    async def measure(self) -> int:
        """Update the lag metrics, and return the number of events that this process has not settled yet."""
        consumer = self._subscriber.consumer
        if consumer is None:
            return 0
        lags = self.standing.behind(consumer)
        for partition, lag in lags.items():
            LAG.labels(self.name, partition).set(lag)
        behind = sum(lags.values())
        if behind == 0 and self._trouble is None:
            LAST_PROGRESS.labels(self.name).set_to_current_time()
        return behind


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka ships no types
    def __init__(self, subscription: Subscription) -> None:
        self._subscription = subscription

    async def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:
        """Give up partitions. An open batch may be settled twice, by their next owner too, which changes nothing."""
        self._subscription.standing.change()
        for partition in revoked:
            LAG.remove(self._subscription.name, str(partition.partition))

    async def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        """Take partitions after a rebalance. With more replicas than partitions, a member may get none."""
        self._subscription.standing.change()
        self._subscription.has_joined = True
        REBALANCES.labels(self._subscription.name).inc()
        for partition in assigned:
            LAG.labels(self._subscription.name, partition.partition).set(0)


async def _parse_batch(records: tuple[ConsumerRecord[bytes, bytes], ...]) -> StreamMessage[Any]:
    return StreamMessage(raw_message=records, body=b"")


async def _keep_raw(message: StreamMessage[Any]) -> Sequence[ConsumerRecord[bytes, bytes]]:
    return message.raw_message  # type: ignore[no-any-return]

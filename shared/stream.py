"""Where FastStream meets the stage runner: the only module that knows FastStream.

FastStream is used in the one way that loses nothing: whole batches of raw records (its own parser would break on a
header that is not UTF-8, and its own models would lose or loop on one bad event), no acknowledgement by the frame, one
batch at a time, and one commit after everything is durable, because a commit covers every position of the consumer.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from itertools import chain
from typing import Any, Protocol

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.abc import ConsumerRebalanceListener
from aiokafka.errors import ConsumerStoppedError, KafkaError
from faststream import AckPolicy, StreamMessage
from faststream.kafka import KafkaBroker
from faststream.security import BaseSecurity, SASLPlaintext, SASLScram256, SASLScram512

from shared.backoff import Stopping
from shared.failpoints import failpoint
from shared.kafka_access import farewell, kafka_access
from shared.kafka_records import record_of
from shared.lots import lots_of
from shared.metrics import HALTED, LAG, LAST_PROGRESS, REBALANCES
from shared.rejection_limit import Halted
from shared.settings import Settings
from shared.topics import MEBIBYTE, Topic
from shared.wire import Record

logger = logging.getLogger(__name__)

STOP_SECONDS = 10.0
"""For the batches under way and the farewell to Kafka. What is not settled by then comes again, and changes nothing."""
POLL_MILLISECONDS = 50
"""How long FastStream asks the client for records and, if there were none, sleeps before it asks again."""
BATCH_BYTES = 16 * MEBIBYTE
"""After so much a batch is full. What is made of an event takes several times its size in memory."""
SLICE_RECORDS = 25
SIGNING_IN = {"PLAIN": SASLPlaintext, "SCRAM-SHA-256": SASLScram256, "SCRAM-SHA-512": SASLScram512}
LONGEST_BATCH_MS = 15 * 60 * 1000
"""How long a batch may be retried before Kafka gives its partitions to another replica."""


class Runner(Protocol):
    """Settles batches; `shared.stage.StageRunner` is the one."""

    async def run(self, records: Sequence[Record]) -> None:
        """Return when everything about the records is durable."""


class Subscription:
    """One stage's consumer: feeds the runner, commits after it, and knows how far behind it is."""

    def __init__(
        self, name: str, topic: Topic, group: str, runner: Runner, failed: Callable[[Exception], None]
    ) -> None:
        self.name = name
        self.topic = topic
        self.group = group
        self.trouble: str | None = None
        self.settled = 0
        self._full_batch = 0
        self._is_full = False
        self._rest_seconds = 0.0
        self._runner = runner
        self._failed = failed
        self._subscriber: Any = None
        self.assigned = False

    def attach(self, broker: KafkaBroker, settings: Settings) -> None:
        """Declare the subscriber to FastStream."""
        self._full_batch = settings.batch_events
        self._rest_seconds = settings.batch_milliseconds / 1000
        self._subscriber = broker.subscriber(
            self.topic.name,
            batch=True,
            group_id=self.group,
            auto_offset_reset="earliest",
            ack_policy=AckPolicy.MANUAL,
            parser=_parse_batch,
            decoder=_keep_raw,
            max_records=settings.batch_events,
            batch_timeout_ms=POLL_MILLISECONDS,
            max_partition_fetch_bytes=4 * 1024 * 1024,
            max_poll_interval_ms=LONGEST_BATCH_MS,
            session_timeout_ms=settings.kafka_session_timeout_ms,
            heartbeat_interval_ms=settings.kafka_session_timeout_ms // 3,
            listener=_Listener(self),
            title=self.name,
        )
        self._subscriber.get_msg = self._fetch
        self._subscriber(self._settle)

    async def _fetch(self, consumer: AIOKafkaConsumer) -> Sequence[ConsumerRecord[bytes, bytes]]:
        """What the client has for us, instead of FastStream's way, which knows no bound in bytes.

        An error ends consumption: with it the client drops what it had already taken from other partitions, and the
        next commit would go past that. FastStream would ask again, and say nothing.
        """
        try:
            records = await self._take(consumer)
        except ConsumerStoppedError:
            raise
        except Exception as error:  # noqa: BLE001  whatever it is, it must not be committed past
            self._subscriber.running = False
            self._stop_because(error)
            return ()
        if not records:
            await asyncio.sleep(POLL_MILLISECONDS / 1000)
        return records

    async def _take(self, consumer: AIOKafkaConsumer) -> Sequence[ConsumerRecord[bytes, bytes]]:
        """A batch: what is there, up to so many records and about so many bytes, for some events are a thousand others.

        Taken in slices, since the client counts records alone.
        """
        records: list[ConsumerRecord[bytes, bytes]] = []
        size = 0
        self._is_full = True
        while len(records) < self._full_batch and size < BATCH_BYTES:
            most = min(SLICE_RECORDS, self._full_batch - len(records))
            found = await consumer.getmany(timeout_ms=0 if records else POLL_MILLISECONDS, max_records=most)
            some = list(chain.from_iterable(found.values()))
            if not some:
                self._is_full = False
                break
            records += some
            size += sum(len(record.value or b"") for record in some)
        return tuple(records)

    async def _settle(self, raw_records: Sequence[ConsumerRecord[bytes, bytes]]) -> None:
        """One batch. Leaving without a commit also ends consumption: the next commit would go past this batch.

        FastStream's own `StopConsume` would cancel the consumer's closing half-way, so its loop is told to end instead.
        """
        records = [record_of(raw) for raw in raw_records]
        failpoint(self.name, "after_poll")
        try:
            for lot in lots_of(records):
                await self._runner.run(lot)
        except Stopping:
            self._subscriber.running = False
            return
        except Exception as error:  # noqa: BLE001  whatever it is, it must not be committed past
            self._subscriber.running = False
            self._stop_because(error)
            return
        self.settled += len(records)
        try:
            await self._subscriber.consumer.commit()
        except KafkaError as error:
            logger.warning(
                "%s: offsets not committed, the batch will come again and change nothing: %s", self.name, error
            )
        if not self._is_full:  # not behind
            await asyncio.sleep(self._rest_seconds)

    def _stop_because(self, error: Exception) -> None:
        self.trouble = f"{type(error).__name__}: {error}"
        if isinstance(error, Halted):
            HALTED.labels(self.name).set(1)
            logger.critical("%s halted: %s", self.name, error)
        else:
            self._failed(error)

    async def measure(self) -> int:
        """Update the lag metrics; the events that this process has not settled yet."""
        consumer = self._subscriber.consumer
        if consumer is None:
            return 0
        behind = 0
        for partition in consumer.assignment():
            end = consumer.highwater(partition)
            lag = 0 if end is None else max(0, end - await consumer.position(partition))
            LAG.labels(self.name, partition.partition).set(lag)
            behind += lag
        if behind == 0 and self.trouble is None:
            LAST_PROGRESS.labels(self.name).set_to_current_time()
        return behind


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka ships no types
    def __init__(self, subscription: Subscription) -> None:
        self._subscription = subscription

    async def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:
        """Another member may own them next; a batch under way is settled twice, which changes nothing."""
        for partition in revoked:
            LAG.remove(self._subscription.name, str(partition.partition))

    async def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        """The group is balanced; with more replicas than partitions a member may well get none."""
        self._subscription.assigned = True
        REBALANCES.labels(self._subscription.name).inc()
        for partition in assigned:
            LAG.labels(self._subscription.name, partition.partition).set(0)


class Stream:
    """All subscriptions of a service, on one FastStream broker."""

    def __init__(self, settings: Settings, client_id: str, subscriptions: Sequence[Subscription]) -> None:
        self.subscriptions = subscriptions
        self._broker = KafkaBroker(
            settings.kafka_bootstrap_servers,
            client_id=client_id,
            security=security_of(settings),
            apply_types=False,
            graceful_timeout=STOP_SECONDS,
            allow_auto_create_topics=False,
            logger=None,
        )
        for subscription in subscriptions:
            subscription.attach(self._broker, settings)

    async def start(self) -> None:
        """Join the consumer groups."""
        await self._broker.start()

    async def stop(self) -> None:
        """Finish the batches under way, commit them and leave the groups."""
        await farewell(self._broker.stop, STOP_SECONDS)


def security_of(settings: Settings) -> BaseSecurity:
    """`kafka_access` in FastStream's own words."""
    access = kafka_access(settings)
    encryption = {"ssl_context": access["ssl_context"]}
    if "sasl_mechanism" not in access:
        return BaseSecurity(**encryption)
    mechanism = SIGNING_IN[access["sasl_mechanism"]]
    return mechanism(access["sasl_plain_username"], access["sasl_plain_password"], **encryption)


async def _parse_batch(records: tuple[ConsumerRecord[bytes, bytes], ...]) -> StreamMessage[Any]:
    return StreamMessage(raw_message=records, body=b"")


async def _keep_raw(message: StreamMessage[Any]) -> Sequence[ConsumerRecord[bytes, bytes]]:
    return message.raw_message  # type: ignore[no-any-return]

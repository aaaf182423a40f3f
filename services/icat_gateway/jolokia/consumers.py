"""How many consumers read the events of a queue, derived from what Kafka reports on consumer groups over time."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from dataclasses import dataclass
from functools import partial

from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.coordinator.protocol import ConsumerProtocolMemberAssignment

from shared.kafka.connection import ONLY_COMMITTED, farewell, kafka_access, watched
from shared.kafka.settings import KafkaSettings
from shared.runtime.backoff import Backoff

NAME = "icat_gateway"
LOOK_SECONDS = 2.0
STALE_SECONDS = 10.0
"""How long a report of Kafka is valid. After that Kafka counts as away, and there are no consumers."""
STUCK_SECONDS = 30.0
"""A group that lags and has committed nothing for this long does not consume, even if it has members."""


@dataclass(frozen=True)
class ConsumerGroup:
    """A consumer group and the topic it consumes."""

    name: str
    topic: str


@dataclass(frozen=True)
class GroupState:
    """A group at one moment. Offsets are summed over the partitions."""

    members: int
    """Members that have partitions; 0 unless the group is stable."""
    committed: int
    end: int
    """The offset of the first open transaction: nothing after it can be consumed yet."""


class Consumption:
    """The history of a group. Pure."""

    def __init__(self) -> None:
        self._state = GroupState(0, -1, 0)
        self._seen_at = self._progress_at = float("-inf")

    def note(self, state: GroupState, at: float) -> None:
        """Add the state at a time in seconds of a monotonic clock."""
        if state.committed >= state.end or state.committed != self._state.committed:
            self._progress_at = at
        self._state, self._seen_at = state, at

    def consumers(self, at: float) -> int:
        """How many members really consume."""
        known = at - self._seen_at <= STALE_SECONDS
        moving = self._seen_at - self._progress_at <= STUCK_SECONDS
        return self._state.members if known and moving else 0


class Consumers:
    """Watches consumer groups."""

    def __init__(
        self,
        kafka: KafkaSettings,
        groups: Mapping[str, ConsumerGroup],
        backoff: Backoff,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._access = kafka_access(kafka)
        self._groups = groups
        self._backoff = backoff
        self._monotonic = monotonic
        self._known = {group: Consumption() for group in set(groups.values())}

    def of(self, queue: str) -> int:
        """How many consumers read the events of a queue."""
        return self._known[self._groups[queue]].consumers(self._monotonic())

    def note(self, group: ConsumerGroup, state: GroupState) -> None:
        """Store the present state of a group."""
        self._known[group].note(state, self._monotonic())

    async def run(self) -> None:
        """Watch as long as the service runs. While Kafka is away, the last states become stale."""
        topics = {group.topic for group in self._known}
        await watched(f"{NAME} (consumers)", partial(kafka_clients, self._access, topics), self._look, self._backoff)

    async def _look(self, clients: tuple[AIOKafkaAdminClient, AIOKafkaConsumer]) -> None:
        async with asyncio.timeout(STALE_SECONDS):
            for group in self._known:
                self.note(group, await group_state(group, *clients))
        await self._backoff.sleep(LOOK_SECONDS)


@contextlib.asynccontextmanager
async def kafka_clients(
    access: Mapping[str, object], topics: Collection[str]
) -> AsyncIterator[tuple[AIOKafkaAdminClient, AIOKafkaConsumer]]:
    """An admin client, and a consumer of the topics that has no group and fetches nothing."""
    async with contextlib.AsyncExitStack() as ends:
        admin = AIOKafkaAdminClient(**access)
        ends.push_async_callback(farewell, admin.close)
        async with asyncio.timeout(STALE_SECONDS):
            await admin.start()
        consumer = AIOKafkaConsumer(*topics, **access, isolation_level=ONLY_COMMITTED)
        ends.push_async_callback(farewell, consumer.stop)
        async with asyncio.timeout(STALE_SECONDS):  # it waits for topics that do not exist yet
            await consumer.start()
        consumer.pause(*consumer.assignment())
        yield admin, consumer


async def group_state(group: ConsumerGroup, admin: AIOKafkaAdminClient, consumer: AIOKafkaConsumer) -> GroupState:
    """The present state of a group, as Kafka reports it."""
    partitions = [partition for partition in consumer.assignment() if partition.topic == group.topic]
    [answer] = await admin.describe_consumer_groups([group.name])
    _, _, state, _, _, members, *_ = answer.groups[0]
    committed = await admin.list_consumer_group_offsets(group.name)
    ends = await consumer.end_offsets(partitions)
    return GroupState(
        sum(_has_partitions(member[4]) for member in members) if state == "Stable" else 0,
        sum(max(0, committed[partition].offset) for partition in partitions if partition in committed),
        sum(ends.values()),
    )


def _has_partitions(assignment: bytes) -> bool:
    return bool(assignment) and any(
        numbers for _, numbers in ConsumerProtocolMemberAssignment.decode(assignment).assignment
    )

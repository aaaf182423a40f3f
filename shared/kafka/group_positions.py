"""The positions of a consumer group, and the check that the log is still the one that was read."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.structs import OffsetAndMetadata

from shared.events.record import Record
from shared.kafka.connection import farewell, kafka_access
from shared.kafka.positions import (
    Mark,
    MarkState,
    Remembered,
    all_sources,
    as_metadata,
    fingerprint,
    from_metadata,
    place_to_resume,
    with_settled,
)
from shared.kafka.records import record_of
from shared.kafka.settings import KafkaSettings
from shared.runtime.metrics import MOVED_BACK

logger = logging.getLogger(__name__)

PROBE_MS = 200
PROBE_SECONDS = 30.0
"""How long Kafka may take to show the record at one mark. After that the whole check is tried again."""


class MemberPositions:
    """The positions of one member of a group. It compares the log with its marks before it trusts an assignment."""

    def __init__(self, name: str, settings: KafkaSettings) -> None:
        self.sources: Collection[str] = ()
        """The sources that were healthy recently, from the positions of the last assignment."""
        self._name = name
        self._settings = settings
        self._assignments = 0
        self._trusted = -1
        self._marks: dict[TopicPartition, tuple[Mark, ...]] = {}
        self._settled: dict[TopicPartition, int] = {}
        self._committed: dict[TopicPartition, int] = {}

    @property
    def is_trusted(self) -> bool:
        """Whether the present assignment has been compared with the log."""
        return self._trusted == self._assignments

    def change(self) -> None:
        """Distrust the positions: the group rebalances, so the new ones must be checked first."""
        self._assignments += 1

    async def trust(self, consumer: AIOKafkaConsumer) -> None:
        """Compare the log with the committed marks, and go back where they differ.

        Raises:
            KafkaError: Kafka is away, or the group rebalanced meanwhile: try again.
            TimeoutError: Kafka does not show the record at a mark.
        """
        looked_at = self._assignments
        partitions = consumer.assignment()
        committed = await _committed(consumer, partitions)
        remembered = {at: from_metadata(place.metadata) for at, place in committed.items()}
        places = await _places_to_resume(self._settings, committed, remembered)
        for at, place in places.items():
            if place is not None:
                consumer.seek(at, place)
        if fresh := [at for at in partitions if places.get(at) is None]:
            await consumer.seek_to_beginning(*fresh)
        self._committed = {at: place or 0 for at, place in places.items()}
        self._settled = dict(self._committed)
        self._marks = {
            at: tuple(mark for mark in said.marks if mark.offset < (places[at] or 0)) for at, said in remembered.items()
        }
        self.sources = all_sources(remembered.values())
        self._tell(
            {at: (committed[at].offset, place) for at, place in places.items() if _is_loss(place, remembered[at].marks)}
        )
        self._trusted = looked_at

    def _tell(self, lost: Mapping[TopicPartition, tuple[int, int | None]]) -> None:
        if not lost:
            return
        MOVED_BACK.labels(self._name).inc(len(lost))
        logger.warning(
            "%s: Kafka has lost settled records, and others may have taken their offsets. The log is read again from "
            "an earlier position; records that were settled before change nothing: %s",
            self._name,
            ", ".join(
                f"{at.topic}/{at.partition} from {'its start' if place is None else place} instead of {position}"
                for at, (position, place) in sorted(lost.items())
            ),
        )

    def settle(self, consumer: AIOKafkaConsumer, records: Iterable[Record]) -> None:
        """Note the client's positions, with marks of these records. Everything before the positions is settled."""
        if not self.is_trusted:
            return
        for at, settled in _by_partition(records).items():
            self._marks[at] = with_settled(self._marks.get(at, ()), settled)
        self._settled = _positions(consumer)

    async def commit(self, consumer: AIOKafkaConsumer, sources: Callable[[], Sequence[str]]) -> None:
        """Commit the positions that were noted last, unless they are committed already.

        If the group rebalanced meanwhile, nothing is committed: the records come again and change nothing.

        Raises:
            KafkaError: Kafka is away, or the group rebalances.
        """
        if not self.is_trusted:
            return
        moved = {at: place for at, place in self._settled.items() if place != self._committed.get(at)}
        if moved:
            fine = tuple(sources())
            remembered = {at: Remembered(self._marks.get(at, ()), fine) for at in moved}
            await consumer.commit({at: (place, as_metadata(remembered[at])) for at, place in moved.items()})
            self._committed |= moved

    def behind(self, consumer: AIOKafkaConsumer) -> dict[int, int]:
        """How many records of each partition are not settled, up to the first open transaction."""
        lags: dict[int, int] = {}
        for at in _positions(consumer) if self.is_trusted else ():
            end = consumer.last_stable_offset(at)
            lags[at.partition] = 0 if end is None else max(0, end - self._settled.get(at, 0))
        return lags


def _by_partition(records: Iterable[Record]) -> Mapping[TopicPartition, list[Record]]:
    groups: dict[TopicPartition, list[Record]] = defaultdict(list)
    for record in records:
        groups[TopicPartition(record.topic, record.partition)].append(record)
    return groups


def _is_loss(place: int | None, marks: Sequence[Mark]) -> bool:
    """Whether reading resumes before the newest mark. After it, only markers of transactions can be missing."""
    return place is None or (bool(marks) and place <= marks[0].offset)


def _positions(consumer: AIOKafkaConsumer) -> dict[TopicPartition, int]:
    """The client's known positions. Its public method would wait for the others."""
    subscription = consumer._subscription.subscription  # noqa: SLF001
    assignment = subscription and subscription.assignment
    return {at: place.offset for at, place in assignment.all_consumed_offsets().items()} if assignment else {}


async def _committed(
    consumer: AIOKafkaConsumer, partitions: Collection[TopicPartition]
) -> Mapping[TopicPartition, OffsetAndMetadata]:
    """The group's positions with their metadata, which the client's public method leaves out."""
    found: Mapping[TopicPartition, OffsetAndMetadata] = await consumer._coordinator.fetch_committed_offsets(  # noqa: SLF001
        list(partitions)
    )
    return found


async def _places_to_resume(
    settings: KafkaSettings,
    committed: Mapping[TopicPartition, OffsetAndMetadata],
    remembered: Mapping[TopicPartition, Remembered],
) -> dict[TopicPartition, int | None]:
    """Where to resume in each partition; None: from its start."""
    if not committed:
        return {}
    async with _probe(settings, list(committed)) as probe:
        begins, ends = await probe.beginning_offsets(committed), await probe.end_offsets(committed)
        places: dict[TopicPartition, int | None] = {}
        for at, place in committed.items():
            findings = await _findings(probe, at, remembered[at].marks, begins[at], ends[at])
            places[at] = place_to_resume(place.offset, ends[at], remembered[at].marks, findings)
        return places


async def _findings(
    probe: AIOKafkaConsumer, at: TopicPartition, marks: Sequence[Mark], begin: int, end: int
) -> list[MarkState]:
    """What is at the marks, newest first, up to the first mark that decides where to resume."""
    findings = []
    for mark in marks:
        finding = await _finding(probe, at, mark, begin, end)
        findings.append(finding)
        if finding is not MarkState.OTHER:
            break
    return findings


async def _finding(probe: AIOKafkaConsumer, at: TopicPartition, mark: Mark, begin: int, end: int) -> MarkState:
    if mark.offset < begin:
        return MarkState.EXPIRED
    if mark.offset >= end:
        return MarkState.OTHER
    probe.seek(at, mark.offset)
    probe.pause(*probe.assignment())
    probe.resume(at)
    async with asyncio.timeout(PROBE_SECONDS):
        while _positions(probe)[at] <= mark.offset:
            fetched = await probe.getmany(at, timeout_ms=PROBE_MS, max_records=1)
            for raw in fetched.get(at, ()):
                is_same = raw.offset == mark.offset and fingerprint(record_of(raw)) == mark.fingerprint
                return MarkState.SAME if is_same else MarkState.OTHER
    return MarkState.OTHER  # a marker of a transaction is there now


@asynccontextmanager
async def _probe(settings: KafkaSettings, partitions: list[TopicPartition]) -> AsyncIterator[AIOKafkaConsumer]:
    """A consumer without a group, which sees the whole log, including records of open transactions."""
    probe = AIOKafkaConsumer(
        **kafka_access(settings),
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        isolation_level="read_uncommitted",
    )
    try:
        await probe.start()
        probe.assign(partitions)
        yield probe
    finally:
        await farewell(probe.stop)

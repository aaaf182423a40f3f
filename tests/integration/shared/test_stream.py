"""The stage runner on a real Kafka, through FastStream: each of its traps, shown not to bite."""

import asyncio
import json
from base64 import b64decode
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, cast
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.consumer.fetcher import FetchResult
from aiokafka.errors import CorruptRecordException
from aiokafka.producer import message_accumulator
from aiokafka.record.default_records import _DefaultRecordBatchBuilderPy

from shared.events.codes import Code
from shared.events.dataset import DatasetSubmitted
from shared.events.headers import headers_of
from shared.events.record import Headers, Message, Record
from shared.events.sections import Producer
from shared.events.topics import MOST_EVENT_BYTES, MOST_SUBMISSION_BYTES, REJECTED, SUBMITTED, VALIDATED
from shared.events.wire import Received
from shared.foundation.errors import Fatal
from shared.host.service import utc_now
from shared.kafka.publisher import KafkaPublisher
from shared.kafka.settings import KafkaSettings, TopicSettings
from shared.kafka.topic_admin import apply_topics
from shared.runtime.backoff import Backoff
from shared.stages import subscription as subscriptions
from shared.stages.halt import HaltRule
from shared.stages.outcomes import Outcome, Passed
from shared.stages.settings import StageSettings
from shared.stages.stage import Stage, StageRunner, Stateless
from shared.stages.stream import Stream
from shared.stages.subscription import Runner, Subscription
from tests.builders.runners import NeverHalted
from tests.builders.submissions import IDENTITIES

pytestmark = pytest.mark.integration

PARTITIONS = 3

Event = Received[DatasetSubmitted]


def submission(
    name: str, *extra: tuple[str, bytes], value: bytes | None = None, source: str = "/producers/t"
) -> Message:
    body = json.dumps({"submission": {"name": name, "path": f"/data/{name}", "proposal": "p"}}).encode()
    headers: Headers = headers_of(SUBMITTED, receipt_id=f"r-{name}", source=source, time="t")
    return Message(SUBMITTED.name, name.encode(), body if value is None else value, (*headers, *extra))


def accept(events: Sequence[Event], _known: None, _now: datetime) -> Sequence[Outcome]:
    return [Passed({"seen": Producer(software=event.receipt_id)}) for event in events]


Handle = Callable[[Sequence[Event], None, datetime], Sequence[Outcome]]


class Bench:
    """Topics that hold only this test's events: the group is new and starts at the ends the test found."""

    def __init__(self, settings: KafkaSettings, publisher: KafkaPublisher) -> None:
        self.settings = settings
        self.publisher = publisher
        self.group = f"test.{uuid4()}"
        self.failures: list[Exception] = []

    def runner(self, handle: Handle = accept) -> StageRunner[DatasetSubmitted, None]:
        stage = Stage("tester", SUBMITTED, DatasetSubmitted, handle, Stateless[DatasetSubmitted](), VALIDATED)
        return StageRunner(stage, self.publisher, utc_now, HaltRule(), Backoff(), IDENTITIES)

    @asynccontextmanager
    async def consuming(self, runner: Runner) -> AsyncIterator[Subscription]:
        subscription = Subscription("tester", SUBMITTED, self.group, runner, self.failures.append)
        stream = Stream(self.settings, StageSettings(), "test", [subscription])
        await stream.start()
        try:
            yield subscription
        finally:
            await stream.stop()

    async def committed(self) -> int:
        """Events that the group has committed, over all partitions, counted from where it began."""
        consumer = AIOKafkaConsumer(bootstrap_servers=self.settings.bootstrap_servers, group_id=self.group)
        await consumer.start()
        try:
            partitions = [TopicPartition(SUBMITTED.name, number) for number in range(PARTITIONS)]
            return sum([await consumer.committed(partition) or 0 for partition in partitions])
        finally:
            await consumer.stop()


@pytest.fixture
async def bench(kafka: str) -> AsyncIterator[Bench]:
    settings = KafkaSettings(bootstrap_servers=kafka)
    await apply_topics(settings, TopicSettings(partitions=PARTITIONS))
    publisher = KafkaPublisher(settings, "test")
    await publisher.start()
    yield Bench(settings, publisher)
    await publisher.stop()


async def read_all(settings: KafkaSettings, topic: str, wanted: set[bytes]) -> list[Record]:
    """Everything in a topic, until every wanted receipt was seen."""
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=settings.bootstrap_servers, auto_offset_reset="earliest")
    await consumer.start()
    records: list[Record] = []
    seen: set[bytes] = set()
    try:
        async with asyncio.timeout(30):
            while not wanted <= seen:
                for batch in (await consumer.getmany(timeout_ms=200)).values():
                    for raw in batch:
                        seen.add(receipt_of(raw))
                        records.append(Record(topic, raw.partition, raw.offset, 0, raw.key, raw.value, raw.headers))
        return records
    finally:
        await consumer.stop()


def receipt_of(raw: Any) -> bytes:
    """A rejection has an id of its own."""
    if raw.topic == REJECTED.name:
        return str(json.loads(raw.value)["rejection"]["receipt_id"]).encode()
    return bytes(dict(raw.headers).get("ce_id", b""))  # of a batch that is refused unread there is none


async def rejection_of_a_batch(settings: KafkaSettings) -> bytes:
    """The rejection of a record whose batch was not decompressed, once there is one."""
    consumer = AIOKafkaConsumer(
        REJECTED.name, bootstrap_servers=settings.bootstrap_servers, auto_offset_reset="earliest"
    )
    await consumer.start()
    try:
        async with asyncio.timeout(60):
            async for raw in consumer:
                if b"it lies in a batch of 1 records" in raw.value:
                    return bytes(raw.value)
    finally:
        await consumer.stop()
    raise AssertionError("the consumer ended")


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(30):
        while not await condition():  # noqa: ASYNC110  the condition lies in Kafka, which sets no event
            await asyncio.sleep(0.02)


async def test_one_invalid_event_and_one_undecodable_header_harm_nobody_else(bench: Bench) -> None:
    run = uuid4().hex
    messages = [submission(f"{run}-{number}") for number in range(500)]
    messages[100] = submission(f"{run}-100", value=b"not json")
    messages[300] = submission(f"{run}-300", ("x-note", b"\xff"))
    async with bench.consuming(bench.runner()):
        await bench.publisher.publish(messages)
        good = {f"r-{run}-{number}".encode() for number in range(500) if number not in (100, 300)}
        await read_all(bench.settings, VALIDATED.name, good)
        rejected = await read_all(bench.settings, REJECTED.name, {f"r-{run}-100".encode(), f"r-{run}-300".encode()})
    codes = {
        rejection["receipt_id"]: rejection["code"]
        for rejection in (json.loads(record.value or b"")["rejection"] for record in rejected)
        if str(rejection["receipt_id"]).startswith(f"r-{run}")
    }
    assert codes == {f"r-{run}-100": Code.NOT_JSON, f"r-{run}-300": Code.HEADER_INVALID}


async def test_the_largest_submission_goes_through_and_what_cannot_be_stored_of_it_comes_back_whole(
    kafka: str, bench: Bench
) -> None:
    """Without compression, so that Kafka sees every byte of it; and one that is far larger than it seems to Kafka."""
    run = uuid4().hex
    plain = KafkaPublisher(KafkaSettings(bootstrap_servers=kafka, compression="none"), "plain")
    await plain.start()
    frame = b'{"submission":{"name":"x","path":"/data/x","proposal":"p","pad":"%b"}}'
    largest = frame % (b"y" * (MOST_SUBMISSION_BYTES - len(frame % b"")))
    assert len(largest) == MOST_SUBMISSION_BYTES
    refused = b"{" + b"z" * (MOST_SUBMISSION_BYTES - 1)
    blown_up = b"{" + bytes(MOST_EVENT_BYTES)
    try:
        async with bench.consuming(bench.runner()):
            await plain.publish([submission(f"{run}-1", value=largest), submission(f"{run}-2", value=refused)])
            await bench.publisher.publish([submission(f"{run}-3", value=blown_up)])
            await read_all(bench.settings, VALIDATED.name, {f"r-{run}-1".encode()})
            records = await read_all(bench.settings, REJECTED.name, {f"r-{run}-{n}".encode() for n in (2, 3)})
    finally:
        await plain.stop()
    told = [json.loads(record.value or b"")["rejection"] for record in records]
    rejections = {each["receipt_id"]: each for each in told}
    assert b64decode(rejections[f"r-{run}-2"]["value_base64"]) == refused
    far_too_large = rejections[f"r-{run}-3"]
    assert (far_too_large["code"], far_too_large["value_base64"]) == (Code.TOO_LARGE, None)
    assert far_too_large["value_excerpt"]["byte_count"] == len(blown_up)
    assert f"takes up to {MOST_SUBMISSION_BYTES}" in far_too_large["message"]


async def test_a_batch_that_would_become_150_mib_is_told_and_its_neighbours_pass(bench: Bench) -> None:
    """Its headers are not read either, so its rejection has no receipt: it is known by its place."""
    run = uuid4().hex
    bomb = submission(f"{run}-bomb", value=bytes(150 * 1024 * 1024))
    async with bench.consuming(bench.runner()):
        await bench.publisher.publish([submission(f"{run}-1")])
        await bench.publisher.publish([bomb])
        await bench.publisher.publish([submission(f"{run}-{number}") for number in range(2, 20)])
        await read_all(bench.settings, VALIDATED.name, {f"r-{run}-{number}".encode() for number in range(1, 20)})
        told = await rejection_of_a_batch(bench.settings)
    rejection = json.loads(told)["rejection"]
    assert (rejection["code"], rejection["stage"], rejection["origin"]["topic"]) == (
        Code.TOO_LARGE,
        "tester",
        SUBMITTED.name,
    )


class Latin1(str):
    """The name of a header as another client of Kafka may send it: it takes any bytes."""

    __slots__ = ()

    def encode(self, *_: str) -> bytes:
        return super().encode("latin-1")


async def test_a_header_name_that_is_no_text_and_a_header_without_value_harm_nobody_else(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    # the compiled builder takes texts alone
    monkeypatch.setattr(message_accumulator, "DefaultRecordBatchBuilder", _DefaultRecordBatchBuilderPy)
    run = uuid4().hex
    messages = [submission(f"{run}-{number}") for number in range(30)]
    messages[10] = submission(f"{run}-10", (Latin1("opérateur"), b"x"))
    messages[20] = submission(f"{run}-20", ("note", cast(bytes, None)))
    async with bench.consuming(bench.runner()):
        await bench.publisher.publish(messages)
        good = {f"r-{run}-{number}".encode() for number in range(30) if number != 10}
        await read_all(bench.settings, VALIDATED.name, good)
        rejected = await read_all(bench.settings, REJECTED.name, {f"r-{run}-10".encode()})
    rejections = [json.loads(record.value or b"")["rejection"] for record in rejected]
    refusal = next(rejection for rejection in rejections if rejection["receipt_id"] == f"r-{run}-10")
    assert refusal["code"] == Code.HEADER_INVALID
    assert refusal["message"] == "the name of the header op\N{REPLACEMENT CHARACTER}rateur is not UTF-8"
    assert b64decode(refusal["value_base64"]) == messages[10].value


async def test_an_error_of_the_client_is_told_and_loses_nothing_of_other_partitions(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = uuid4().hex
    await bench.publisher.publish([submission(f"{run}-{number}") for number in range(30)])
    check = FetchResult.check_assignment
    taken: set[FetchResult] = set()

    def failing_at_the_second_partition(result: FetchResult, partition: TopicPartition) -> object:
        taken.add(result)
        if len(taken) == 2:
            raise CorruptRecordException("a broken disk")
        return check(result, partition)

    monkeypatch.setattr(FetchResult, "check_assignment", failing_at_the_second_partition)
    async with bench.consuming(bench.runner()) as subscription:
        await until(lambda: _ended(subscription))
    assert [str(error) for error in bench.failures] == ["[Error 2] CorruptRecordException: a broken disk"]
    async with bench.consuming(bench.runner()):
        await read_all(bench.settings, VALIDATED.name, {f"r-{run}-{number}".encode() for number in range(30)})


async def _ended(subscription: Subscription) -> bool:
    return subscription.trouble is not None


async def test_a_batch_spreads_over_partitions_and_a_key_stays_in_one(bench: Bench) -> None:
    run = uuid4().hex
    await bench.publisher.publish([submission(f"{run}-{number % 30}", ("n", b"%d" % number)) for number in range(90)])
    records = await read_all(bench.settings, SUBMITTED.name, {f"r-{run}-{number}".encode() for number in range(30)})
    places: dict[bytes, set[int]] = {}
    order: dict[bytes, list[int]] = {}
    for record in records:
        if record.key and record.key.startswith(run.encode()):
            places.setdefault(record.key, set()).add(record.partition)
            order.setdefault(record.key, []).append(int(dict(record.headers)["n"]))
    assert all(len(partitions) == 1 for partitions in places.values())
    assert len(set.union(*places.values())) == 3
    assert all(numbers == sorted(numbers) for numbers in order.values())


async def test_a_batch_that_failed_for_good_is_not_committed_and_comes_again(bench: Bench) -> None:
    class Broken(NeverHalted):
        async def run(self, _records: Sequence[Record]) -> None:
            raise RuntimeError("a defect")

    run = uuid4().hex
    async with bench.consuming(Broken()) as subscription:
        await bench.publisher.publish([submission(f"{run}-{number}") for number in range(20)])

        await until(lambda: _ended(subscription))
        assert len(bench.failures) == 1
    assert await bench.committed() == 0
    async with bench.consuming(bench.runner()):
        await read_all(bench.settings, VALIDATED.name, {f"r-{run}-{number}".encode() for number in range(20)})
        await until(lambda: _at_least(bench, 20))


async def _at_least(bench: Bench, events: int) -> bool:
    return await bench.committed() >= events


async def test_a_stuck_batch_shows_as_lag_and_a_graceful_stop_finishes_it(bench: Bench) -> None:
    entered, release = asyncio.Event(), asyncio.Event()
    runner = bench.runner()

    class Slow(NeverHalted):
        async def run(self, records: Sequence[Record]) -> None:
            entered.set()
            await release.wait()
            await runner.run(records)

    run = uuid4().hex
    await bench.publisher.publish([submission(f"{run}-{number}") for number in range(1000)])
    async with bench.consuming(Slow()) as subscription:
        async with asyncio.timeout(30):
            await entered.wait()

        async def behind() -> bool:
            return await subscription.measure() > 0

        await until(behind)
        asyncio.get_running_loop().call_later(0.1, release.set)
    assert await bench.committed() > 0


async def test_positions_wait_for_a_while_and_a_graceful_stop_commits_them(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subscriptions, "COMMIT_SECONDS", 3600.0)
    run = uuid4().hex
    async with bench.consuming(bench.runner()) as subscription:
        await bench.publisher.publish([submission(f"{run}-first")])
        await until(lambda: _at_least(bench, 1))
        already = await bench.committed()
        stop_commits_of_polls(subscription, monkeypatch)
        await bench.publisher.publish([submission(f"{run}-{number}") for number in range(20)])

        async def settled() -> bool:
            return subscription.settled >= 21 and await subscription.measure() == 0

        await until(settled)
        assert await bench.committed() == already
    assert await bench.committed() >= already + 20


def stop_commits_of_polls(subscription: Subscription, monkeypatch: pytest.MonkeyPatch) -> None:
    """As if events never ceased to come: a poll that finds none would commit."""
    take = subscription._take

    async def some(consumer: AIOKafkaConsumer) -> Sequence[Any]:
        while not (found := await take(consumer)) and subscription._subscriber.running:
            continue
        return found

    monkeypatch.setattr(subscription, "_take", some)


async def test_a_stage_that_rests_fetches_nothing_and_then_goes_on(bench: Bench) -> None:
    run = uuid4().hex
    async with bench.consuming(bench.runner()) as subscription:
        await until(lambda: _is_assigned(subscription))
        subscription._rest_seconds = 2.0
        consumer = subscription._subscriber.consumer

        async def rests() -> bool:
            return bool(consumer.paused() == consumer.assignment() != set())

        await bench.publisher.publish([submission(f"{run}-first")])
        await until(rests)
        await bench.publisher.publish([submission(f"{run}-second")])
        await read_all(bench.settings, VALIDATED.name, {f"r-{run}-second".encode()})


async def _is_assigned(subscription: Subscription) -> bool:
    return subscription.assigned


async def test_two_replicas_share_the_partitions_and_nothing_is_lost_when_one_joins_in_mid_batch(bench: Bench) -> None:
    run = uuid4().hex
    wanted = {f"r-{run}-{number}".encode() for number in range(3000)}
    async with bench.consuming(bench.runner()) as first:
        await bench.publisher.publish([submission(f"{run}-{number}") for number in range(1500)])
        async with bench.consuming(bench.runner()) as second:
            await bench.publisher.publish([submission(f"{run}-{number}") for number in range(1500, 3000)])
            await read_all(bench.settings, VALIDATED.name, wanted)

            async def both_assigned() -> bool:
                return first.assigned and second.assigned

            await until(both_assigned)


async def test_topics_are_applied_twice_with_the_same_result(bench: Bench) -> None:
    again = await apply_topics(bench.settings, TopicSettings(partitions=PARTITIONS))
    assert not any(applied.created for applied in again)


async def test_topics_keep_their_partitions_and_refuse_another_count(bench: Bench) -> None:
    unsaid = await apply_topics(bench.settings, TopicSettings(), partitions=PARTITIONS + 1)
    assert {applied.partitions for applied in unsaid} == {PARTITIONS}
    with pytest.raises(Fatal, match=f"has {PARTITIONS} partitions, BEAMCAT_TOPIC_PARTITIONS says {PARTITIONS + 1}"):
        await apply_topics(bench.settings, TopicSettings(partitions=PARTITIONS + 1))


class Defective:
    """A handler with a defect that some events trip, by their names, until it is mended."""

    def __init__(self, *tripping: str) -> None:
        self.tripping: tuple[str, ...] = tripping

    def __call__(self, events: Sequence[Event], known: None, now: datetime) -> Sequence[Outcome]:
        if any(word in event.event.submission.name for event in events for word in self.tripping):
            raise ZeroDivisionError("a defect")
        return accept(events, known, now)


async def test_2500_bad_events_of_one_source_halt_nothing_and_its_neighbour_is_settled_all_the_while(
    bench: Bench,
) -> None:
    run = uuid4().hex
    good = [submission(f"{run}-good-{number}", source="/producers/neighbour") for number in range(100)]
    bad = [submission(f"{run}-bad-{number}", source="/producers/bad") for number in range(2500)]
    bad[::2] = [submission(f"{run}-bad-{number}", value=b"{", source="/producers/bad") for number in range(0, 2500, 2)]
    troubles: set[str | None] = set()
    async with bench.consuming(bench.runner(Defective("bad"))) as subscription:
        fine = [submission(f"{run}-fine-{number}", source="/producers/bad") for number in range(9)]
        await bench.publisher.publish(fine)
        for part in range(10):
            await bench.publisher.publish([*bad[250 * part : 250 * (part + 1)], *good[10 * part : 10 * (part + 1)]])
            troubles.add(subscription.trouble)
        await read_all(bench.settings, VALIDATED.name, {f"r-{run}-good-{number}".encode() for number in range(100)})
        await read_all(bench.settings, REJECTED.name, {f"r-{run}-bad-{number}".encode() for number in range(2500)})
        troubles.add(subscription.trouble)
    assert troubles == {None}
    assert bench.failures == []


async def test_a_halted_stage_says_so_commits_nothing_and_goes_on_by_itself_even_after_a_restart(bench: Bench) -> None:
    run = uuid4().hex
    sources = [f"/producers/{run}-{letter}" for letter in "abcd"]

    def from_all(name: str, times: int) -> list[Message]:
        return [
            submission(f"{run}-{name}-{number}-{source[-1]}", source=source)
            for number in range(times)
            for source in sources
        ]

    before = bench.runner()
    async with bench.consuming(before):
        await bench.publisher.publish(fine := from_all("fine", 5))
        await until(lambda: _at_least(bench, 20))
        await read_all(bench.settings, VALIDATED.name, {dict(message.headers)["ce_id"] for message in fine})
    settled = await bench.committed()
    deployed = Defective("new")
    after = bench.runner(deployed)
    after.recall(before.remembered())
    async with bench.consuming(after) as subscription:
        await bench.publisher.publish(new := from_all("new", 25))
        await until(lambda: _ended(subscription))
        assert "internal_error: a defect in this stage: ZeroDivisionError" in (subscription.trouble or "")
        assert bench.failures == []
        deployed.tripping = ()
        await read_all(bench.settings, VALIDATED.name, {dict(message.headers)["ce_id"] for message in new})
        await until(lambda: _at_least(bench, settled + len(new)))
        assert subscription.trouble is None

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from uuid import uuid4

import asyncpg
import pytest
from aiokafka.errors import KafkaConnectionError

from shared.events.codes import Code, Refusal
from shared.events.dataset import DatasetSubmitted
from shared.events.headers import headers_of
from shared.events.pending import Pending
from shared.events.record import Message, Record
from shared.events.sections import Producer
from shared.events.topics import PENDING, REJECTED, SUBMITTED, VALIDATED
from shared.events.wire import Received
from shared.kafka.publisher import MemoryPublisher
from shared.postgres.database import are_connections_fresh
from shared.runtime.backoff import Backoff, Stopping
from shared.runtime.metrics import HALTED
from shared.stages.halt import OURS, STREAK, HaltRule
from shared.stages.outcomes import Learned, Outcome, Passed, Waiting
from shared.stages.stage import Stage, StageRunner
from tests.builders.submissions import IDENTITIES

NOW = datetime(2026, 11, 24, tzinfo=UTC)
Event = Received[DatasetSubmitted]
Decide = Callable[[str], Outcome]


def record(name: str, offset: int = 0, value: bytes | None = None, source: str = "/producers/t") -> Record:
    body = json.dumps({"submission": {"name": name, "path": f"/data/{name}", "proposal": "p"}, "later": 1}).encode()
    headers = headers_of(SUBMITTED, receipt_id=f"r-{name}", source=source, time="t", traceparent=b"00-trace")
    return Record(SUBMITTED.name, 0, offset, 0, name.encode(), body if value is None else value, headers)


class NameStore:
    """Remembers the names it saved; the names in `trouble` raise instead."""

    def __init__(self) -> None:
        self.saved: list[str] = []
        self.trouble: dict[str, list[Exception]] = {}
        self.loads = 0
        self.fresh: list[bool] = []

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator["NameStore"]:
        before = list(self.saved)
        self.fresh.append(are_connections_fresh())
        try:
            yield self
        except BaseException:
            self.saved = before
            raise

    async def load(self, _events: Sequence[Event]) -> int:
        self.loads += 1
        return self.loads

    async def save(self, events: Sequence[Event], outcomes: Sequence[Outcome]) -> None:
        for event, outcome in zip(events, outcomes, strict=True):
            name = event.event.submission.name
            if self.trouble.get(name):
                errors = self.trouble[name]
                raise (
                    errors.pop(0) if len(errors) > 1 or not isinstance(errors[0], asyncpg.PostgresError) else errors[0]
                )
            if not isinstance(outcome, Refusal):
                self.saved.append(name)


class Hasty(Backoff):
    """Tries again sooner."""

    async def sleep(self, seconds: float) -> None:
        await super().sleep(seconds / 100)


class Bench:
    def __init__(self, decide: Decide, halt_rule: HaltRule | None = None) -> None:
        self.store = NameStore()
        self.publisher = MemoryPublisher()
        self.woken = 0
        self.backoff = Hasty()

        def handle(events: Sequence[Event], _known: int, now: datetime) -> Sequence[Outcome]:
            assert now == NOW
            return [decide(event.event.submission.name) for event in events]

        def wake() -> None:
            self.woken += 1

        stage = Stage("tester", SUBMITTED, DatasetSubmitted, handle, self.store, VALIDATED, wake)
        self.runner = StageRunner(stage, self.publisher, lambda: NOW, halt_rule or HaltRule(), self.backoff, IDENTITIES)

    async def run(self, *records: Record) -> None:
        await self.runner.run(records)

    def rejections(self) -> list[dict[str, object]]:
        return [json.loads(message.value)["rejection"] for message in self.publisher.of(REJECTED.name)]


def passes(_name: str) -> Outcome:
    return Passed({"extra": Producer(software="x")})


async def test_a_passed_event_goes_on_with_its_section_its_receipt_and_its_trace() -> None:
    bench = Bench(passes)
    await bench.run(record("a"))
    [message] = bench.publisher.messages
    assert (message.topic, message.key) == (VALIDATED.name, b"a")
    assert json.loads(message.value)["later"] == 1
    assert json.loads(message.value)["extra"]["software"] == "x"
    headers = dict(message.headers)
    assert headers["ce_id"] == b"r-a"
    assert headers["ce_source"] == b"/beamcat/tester"
    assert headers["traceparent"] == b"00-trace"
    assert bench.store.saved == ["a"]
    assert bench.woken == 1


async def test_one_poison_event_in_five_hundred_is_rejected_and_the_others_pass() -> None:
    bench = Bench(passes)
    await bench.run(*(record(f"n{i}", i, b"\xff" if i == 250 else None) for i in range(500)))
    assert len(bench.publisher.of(VALIDATED.name)) == 499
    [rejection] = bench.rejections()
    assert rejection["code"] == Code.NOT_UTF8
    assert rejection["origin"] == {"topic": SUBMITTED.name, "partition": 0, "offset": 250, "timestamp_ms": 0}
    assert rejection["value_base64"] == "/w=="
    assert rejection["receipt_id"] == "r-n250"


async def test_a_stage_that_publishes_no_rejections_refuses_in_silence() -> None:
    bench = Bench(passes)
    bench.runner.stage = replace(bench.runner.stage, publishes_rejections=False)
    await bench.run(record("good"), record("bad", 1, b"not json"))
    assert [message.topic for message in bench.publisher.messages] == [VALIDATED.name]


async def test_an_event_that_the_database_refuses_is_found_and_its_neighbours_are_stored() -> None:
    bench = Bench(passes)
    bench.store.trouble["n7"] = [asyncpg.CharacterNotInRepertoireError("bad byte")]
    await bench.run(*(record(f"n{i}", i) for i in range(20)))
    assert sorted(bench.store.saved) == sorted(f"n{i}" for i in range(20) if i != 7)
    [rejection] = bench.rejections()
    assert (rejection["code"], rejection["path"]) == (Code.CANNOT_STORE, "/data/n7")
    assert "bad byte" in str(rejection["message"])


@pytest.mark.parametrize("why", ["value out of int32 range", "date value out of range"])
async def test_a_value_that_no_column_can_hold_is_the_records_fault(why: str) -> None:
    bench = Bench(passes)
    bench.store.trouble["n1"] = [asyncpg.DataError(f"invalid input for query argument $11: [2147483648] ({why})")]
    await bench.run(*(record(f"n{i}", i) for i in range(3)))
    [rejection] = bench.rejections()
    assert rejection["code"] == Code.SHAPE_INVALID
    assert "beyond what can be stored" in str(rejection["message"])


async def test_an_event_that_trips_a_defect_of_ours_is_rejected_alone() -> None:
    def decide(name: str) -> Outcome:
        if name == "n3":
            raise ZeroDivisionError("oops")
        return passes(name)

    bench = Bench(decide)
    await bench.run(*(record(f"n{i}", i) for i in range(8)))
    assert len(bench.publisher.of(VALIDATED.name)) == 7
    assert [rejection["code"] for rejection in bench.rejections()] == [Code.INTERNAL_ERROR]


async def test_a_waiting_event_is_told_and_a_learned_one_is_not() -> None:
    pending = Pending(
        receipt_id="r-w", dataset_id=uuid4(), path="/data/w", waits_for=["/data/x"], since=NOW, deadline=NOW
    )
    bench = Bench(lambda name: Waiting(pending) if name == "w" else Learned())
    await bench.run(record("w"), record("l"))
    [message] = bench.publisher.messages
    assert message.topic == PENDING.name
    assert message.key == str(pending.dataset_id).encode()
    assert json.loads(message.value)["pending"]["waits_for"] == ["/data/x"]


async def test_while_the_database_is_away_the_batch_waits_and_nothing_is_refused() -> None:
    bench = Bench(passes)
    bench.store.trouble["a"] = [ConnectionRefusedError("away"), asyncpg.InterfaceError("closed")]
    await bench.run(record("a"), record("b"))
    assert bench.store.saved == ["a", "b"]
    assert bench.store.loads == 3
    assert bench.rejections() == []


@pytest.mark.parametrize(
    "error",
    [
        asyncpg.InternalClientError("cannot switch to state 15; another operation (2) is in progress"),
        asyncpg.ProtocolError("unexpected message"),
        asyncpg.AdminShutdownError("terminating connection due to administrator command"),
        asyncpg.InFailedSQLTransactionError("current transaction is aborted"),
        asyncpg.InvalidCachedStatementError("cached plan must not change result type"),
        asyncpg.InvalidSQLStatementNameError("prepared statement does not exist"),
        asyncpg.InternalServerError("XX000"),
        OSError(28, "no space left"),
        Exception("of a kind that nobody thought of"),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_an_error_that_follows_from_no_event_is_waited_out_however_often_it_comes(error: Exception) -> None:
    bench = Bench(passes)
    bench.store.trouble["n3"] = [*[error] * 7, ConnectionResetError("the last time")]
    await bench.run(*(record(f"n{i}", i) for i in range(8)))
    assert sorted(bench.store.saved) == sorted(f"n{i}" for i in range(8))
    assert bench.rejections() == []
    assert bench.backoff.troubles(longer_than_seconds=-1) == {}


async def test_what_is_tried_in_vain_is_known_as_long_as_it_lasts() -> None:
    bench = Bench(passes)
    bench.store.trouble["a"] = [asyncpg.InternalClientError("broken")] * 1000
    running = asyncio.create_task(bench.run(record("a")))
    while not bench.backoff.troubles(longer_than_seconds=-1):  # noqa: ASYNC110  it sets no event
        await asyncio.sleep(0)
    assert {who: str(error) for who, error in bench.backoff.troubles(longer_than_seconds=-1).items()} == {
        "tester": "broken"
    }
    assert bench.backoff.troubles(longer_than_seconds=60) == {}
    bench.store.trouble.clear()
    await running
    assert bench.backoff.troubles(longer_than_seconds=-1) == {}


@pytest.mark.parametrize(
    "error",
    [asyncpg.CharacterNotInRepertoireError("bad byte"), KeyError("name")],
    ids=lambda error: type(error).__name__,
)
async def test_an_error_that_is_not_seen_again_when_the_event_is_tried_alone_blames_nobody(error: Exception) -> None:
    bench = Bench(passes)
    bench.store.trouble["n3"] = [error] * 4  # in the batch of eight, in four, in two and alone: then no more
    bench.store.trouble["n3"].append(ConnectionResetError("and this is waited out"))
    await bench.run(*(record(f"n{i}", i) for i in range(8)))
    assert set(bench.store.saved) == {f"n{i}" for i in range(8)}
    assert bench.rejections() == []


async def test_an_event_is_blamed_on_a_fresh_connection_alone() -> None:
    bench = Bench(passes)
    bench.store.trouble["n1"] = [asyncpg.CharacterNotInRepertoireError("bad byte")]
    await bench.run(record("n0", 0), record("n1", 1))
    assert bench.store.fresh == [False, False, False, True]  # both, the first, the second, the second once more
    assert len(bench.rejections()) == 1


async def test_a_law_between_rows_may_be_broken_for_some_seconds() -> None:
    bench = Bench(passes)
    bench.store.trouble["a"] = [asyncpg.ForeignKeyViolationError("its parent is not there yet") for _ in range(4)]
    bench.store.trouble["a"].append(ConnectionResetError("and this is waited out"))
    await bench.run(record("a"))
    assert (bench.store.saved, bench.rejections()) == (["a"], [])


async def test_a_law_between_rows_that_stays_broken_rejects_the_event_and_no_other() -> None:
    bench = Bench(passes)
    bench.store.trouble["n1"] = [asyncpg.UniqueViolationError("there is one already")]
    await bench.run(*(record(f"n{i}", i) for i in range(4)))
    assert [rejection["code"] for rejection in bench.rejections()] == [Code.CANNOT_STORE]
    assert sorted(bench.store.saved) == ["n0", "n2", "n3"]


async def test_the_handlers_own_error_is_a_defect_whatever_its_class() -> None:
    class Odd(Exception):
        """Of a library that the handler uses."""

    def decide(name: str) -> Outcome:
        if name == "n3":
            raise Odd("cannot")
        return passes(name)

    bench = Bench(decide)
    await bench.run(*(record(f"n{i}", i) for i in range(8)))
    [rejection] = bench.rejections()
    assert (rejection["code"], rejection["message"]) == (Code.INTERNAL_ERROR, "a defect in this stage: Odd: cannot")
    assert len(bench.store.saved) == 7


async def test_while_kafka_is_away_the_batch_is_done_again() -> None:
    class Flaky(MemoryPublisher):
        failures = 2

        async def publish(self, messages: Sequence[Message]) -> None:
            if self.failures:
                self.failures -= 1
                raise KafkaConnectionError("away")
            await super().publish(messages)

    bench = Bench(passes)
    bench.runner._publisher = flaky = Flaky()
    await bench.run(record("a"))
    assert len(flaky.messages) == 1


async def test_a_missing_table_ends_the_stage_instead_of_refusing_events() -> None:
    bench = Bench(passes)
    bench.store.trouble["a"] = [asyncpg.UndefinedTableError("no such table")]
    with pytest.raises(asyncpg.UndefinedTableError):
        await bench.run(record("a"), record("b"))
    assert bench.publisher.messages == []


async def test_a_stop_ends_the_waiting_and_nothing_is_settled() -> None:
    bench = Bench(passes)
    bench.store.trouble["a"] = [ConnectionRefusedError("away")] * 1000
    running = asyncio.create_task(bench.run(record("a")))
    while bench.store.loads == 0:  # noqa: ASYNC110  the store is a plain twin without events
        await asyncio.sleep(0)
    bench.backoff.stop()
    with pytest.raises(Stopping):
        await running
    assert bench.publisher.messages == []


SOURCES = ("/producers/a", "/producers/b", "/producers/c")


def from_each(name: str, times: int = 1) -> list[Record]:
    return [record(name, number, source=source) for number, source in enumerate(SOURCES * times)]


class Mendable:
    """A handler with a defect that can be mended while the stage is halted."""

    def __init__(self) -> None:
        self.is_broken = False
        self.attempts = 0

    def __call__(self, name: str) -> Outcome:
        self.attempts += 1
        if self.is_broken and name != "good":
            raise ZeroDivisionError("oops")
        return passes(name)


async def halted(bench: Bench) -> str:
    async with asyncio.timeout(30):
        while bench.runner.halted is None:  # noqa: ASYNC110  the runner sets no event
            await asyncio.sleep(0.001)
    return bench.runner.halted


async def test_a_halted_stage_settles_nothing_and_goes_on_by_itself_when_the_cause_is_gone(
    caplog: pytest.LogCaptureFixture,
) -> None:
    defect = Mendable()
    bench = Bench(defect)
    await bench.run(*from_each("n"))
    bench.publisher.messages.clear()
    defect.is_broken = True
    running = asyncio.create_task(bench.run(*from_each("n", STREAK)))
    why = await halted(bench)
    assert "3 of the 3 sources" in why
    assert "internal_error: a defect in this stage: ZeroDivisionError: oops" in why
    assert HALTED.labels("tester")._value.get() == 1
    seen = defect.attempts
    while defect.attempts < seen + 100:  # noqa: ASYNC110  it tries again by itself
        await asyncio.sleep(0.001)
    assert bench.publisher.messages == []
    defect.is_broken = False
    async with asyncio.timeout(30):
        await running
    assert bench.runner.halted is None
    assert HALTED.labels("tester")._value.get() == 0
    assert len(bench.publisher.of(VALIDATED.name)) == 3 * STREAK
    assert bench.rejections() == []
    said = [entry.getMessage() for entry in caplog.records if entry.name == "shared.stages.stage"]
    assert [line.split(":")[0] for line in said] == ["tester is halted", "tester is no longer halted"]


async def test_a_database_that_refuses_everybody_halts_the_stage_until_it_is_mended() -> None:
    bench = Bench(passes)
    await bench.run(*from_each("n"))
    bench.store.trouble["n"] = [asyncpg.CheckViolationError("violates dataset_check")]
    running = asyncio.create_task(bench.run(*from_each("n", STREAK)))
    assert "cannot_store: the database refused it: CheckViolationError" in await halted(bench)
    del bench.store.trouble["n"]
    await running
    assert bench.rejections() == []


async def test_a_stop_ends_a_halt() -> None:
    defect = Mendable()
    bench = Bench(defect)
    await bench.run(*from_each("n"))
    defect.is_broken = True
    running = asyncio.create_task(bench.run(*from_each("n", STREAK)))
    await halted(bench)
    bench.backoff.stop()
    with pytest.raises(Stopping):
        await running
    assert bench.rejections() == []


async def test_a_stage_that_was_replaced_by_a_bad_one_halts_with_its_first_batch() -> None:
    before = Bench(passes)
    await before.run(*from_each("n"))
    defect = Mendable()
    defect.is_broken = True
    after = Bench(defect)
    after.runner.recall(before.runner.remembered())
    running = asyncio.create_task(after.run(*from_each("n", STREAK)))
    await halted(after)
    assert after.publisher.messages == []
    after.backoff.stop()
    with pytest.raises(Stopping):
        await running


@pytest.mark.parametrize("sources", [1, 2500])
@pytest.mark.parametrize("neighbours", [0, 1])
async def test_2500_bad_events_halt_nothing_from_one_source_or_from_many_new_ones(
    sources: int, neighbours: int
) -> None:
    defect = Mendable()
    defect.is_broken = True
    bench = Bench(defect)
    for start in range(0, 2500, 500):
        bad = [record(f"bad-{n}", n, source=f"/producers/{n % sources}") for n in range(start, start + 500)]
        await bench.run(*bad, *[record("good", start, source="/producers/neighbour")] * neighbours)
    assert len(bench.rejections()) == 2500
    assert len(bench.publisher.of(VALIDATED.name)) == 5 * neighbours


@pytest.mark.parametrize("code", [code for code in Code if code not in OURS])
async def test_verdicts_on_content_never_halt_from_however_many_that_were_fine(code: Code) -> None:
    bench = Bench(lambda name: Refusal(code, "no") if name == "bad" else passes(name))
    await bench.run(*from_each("good", 10))
    for _ in range(3):
        await bench.run(*from_each("bad", 100))
    assert len(bench.rejections()) == 900


async def test_events_of_a_newer_version_from_everybody_halt_the_stage_and_from_one_do_not() -> None:
    def newer(source: str) -> Record:
        event = record("n", source=source)
        headers = tuple((name, b"v99" if name == "ce_type" else value) for name, value in event.headers)
        return replace(event, headers=headers)

    bench = Bench(passes)
    await bench.run(*from_each("n"))
    await bench.run(*[newer(SOURCES[0])] * 100)
    assert len(bench.rejections()) == 100
    running = asyncio.create_task(bench.run(*[newer(source) for source in SOURCES[1:] * STREAK]))
    assert "deploy a version of this stage" in (await halted(bench)).lower()
    bench.backoff.stop()
    with pytest.raises(Stopping):
        await running


async def test_what_grew_too_large_for_the_next_topic_is_rejected_and_the_rejection_fits() -> None:
    bench = Bench(lambda _name: Passed({"extra": {"text": "x" * VALIDATED.max_bytes}}))
    await bench.run(record("a"))
    assert bench.rejections()[0]["code"] == Code.TOO_LARGE


async def test_a_rejection_of_the_largest_event_fits_its_topic() -> None:
    bench = Bench(lambda _name: Refusal(Code.DATASET_INVALID, "x" * 10**6))
    await bench.run(record("a", value=b'{"submission":"' + b"y" * (VALIDATED.max_bytes - 100) + b'"}'))
    [message] = bench.publisher.messages
    assert len(message.value) < REJECTED.max_bytes

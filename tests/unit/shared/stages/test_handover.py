"""What stages of one process hand over, and in what order things become durable."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from aiokafka.errors import KafkaConnectionError

from shared.events.codes import Code, Refusal
from shared.events.dataset import DatasetSubmitted
from shared.events.headers import headers_of
from shared.events.record import UNWRITTEN, Message, Record
from shared.events.rejection import Origin
from shared.events.sections import Section
from shared.events.topics import REJECTED, SUBMITTED, VALIDATED
from shared.events.wire import Received
from shared.foundation.errors import Fatal
from shared.kafka.publisher import MemoryPublisher
from shared.runtime.backoff import Backoff
from shared.stages.halt import HaltRule
from shared.stages.handover import Follower, Handover
from shared.stages.outcomes import Learned, Outcome, Passed
from shared.stages.stage import Stage, StageRunner, Stateless
from tests.builders.submissions import IDENTITIES

NOW = datetime(2026, 11, 24, tzinfo=UTC)
PATH = "/data/visitor/mx1/a"
DATASET_ID = IDENTITIES.dataset(PATH)


class About(Section):
    """The part of a dataset that the key is compared with."""

    dataset_id: UUID


class View(Section):
    """What the second stage reads."""

    dataset: About


class Broker(MemoryPublisher):
    """A broker that may be away."""

    is_away = False

    async def publish(self, messages: Sequence[Message]) -> None:
        if self.is_away and messages:
            raise KafkaConnectionError("away")
        await super().publish(messages)


def record(receipt_id: str, offset: int = 0) -> Record:
    headers = headers_of(SUBMITTED, receipt_id=receipt_id, source="/producers/t", time=NOW.isoformat())
    body = json.dumps({"submission": {"name": "a", "path": PATH, "proposal": "mx1"}}).encode()
    return Record(SUBMITTED.name, 3, offset, 17, str(DATASET_ID).encode(), body, headers)


class Store(Stateless[View]):
    """The store of the second stage, which may fail."""

    trouble: Exception | None = None

    async def load(self, events: Sequence[Received[View]]) -> None:
        if self.trouble:
            raise self.trouble
        await super().load(events)


class Pipeline:
    """Two stages in one process. A receipt says which stage refuses it: `early`, `late`."""

    def __init__(self, broker: MemoryPublisher) -> None:
        self.seen: list[Record] = []
        self.store = Store()
        self._handover = Handover(broker, followers := {})
        second = self._runner(Stage("second", VALIDATED, View, self._second, self.store))
        self.head = self._runner(
            Stage("head", SUBMITTED, DatasetSubmitted, self._first, Stateless[DatasetSubmitted](), VALIDATED)
        )
        followers[VALIDATED.name] = Follower(second.stage, second)

    def _runner(self, stage: Stage[Any, None]) -> StageRunner[Any, None]:
        return StageRunner(stage, self._handover, lambda: NOW, HaltRule(), Backoff(), IDENTITIES)

    def _first(self, events: Sequence[Received[DatasetSubmitted]], _known: None, _now: datetime) -> list[Outcome]:
        refused = Refusal(Code.SHAPE_INVALID, "refused by the head")
        passed = Passed({"dataset": {"dataset_id": str(DATASET_ID)}})
        return [refused if event.receipt_id == "early" else passed for event in events]

    def _second(self, events: Sequence[Received[View]], _known: None, _now: datetime) -> list[Outcome]:
        self.seen += [event.record for event in events]
        refused = Refusal(Code.SHAPE_INVALID, "refused by the second")
        return [refused if event.receipt_id == "late" else Learned() for event in events]


def rejections(broker: MemoryPublisher) -> dict[str, Any]:
    return {
        (said := json.loads(message.value)["rejection"])["receipt_id"]: said for message in broker.of(REJECTED.name)
    }


async def test_what_one_stage_passes_on_the_next_one_reads_without_kafka() -> None:
    pipeline = Pipeline(broker := Broker())
    await pipeline.head.run([record("one", 7), record("early", 8), record("two", 9)])
    assert [dict(each.headers)["ce_id"] for each in pipeline.seen] == [b"one", b"two"]
    assert [message.topic for message in broker.messages] == [REJECTED.name]


async def test_a_handed_over_record_has_the_time_of_the_submission_and_no_position() -> None:
    pipeline = Pipeline(Broker())
    await pipeline.head.run([record("one", 7)])
    [seen] = pipeline.seen
    assert (seen.topic, seen.partition, seen.offset) == (VALIDATED.name, UNWRITTEN, UNWRITTEN)
    assert seen.timestamp_ms == 17


async def test_the_origin_of_a_rejection_is_the_record_that_was_read_from_kafka() -> None:
    pipeline = Pipeline(broker := Broker())
    await pipeline.head.run([record("early", 7), record("late", 8)])
    told = rejections(broker)
    origins = {receipt: Origin.model_validate(said["origin"]) for receipt, said in told.items()}
    assert origins == {
        receipt: Origin(topic=SUBMITTED.name, partition=3, offset=offset, timestamp_ms=17)
        for receipt, offset in (("early", 7), ("late", 8))
    }
    assert {receipt: said["stage"] for receipt, said in told.items()} == {"early": "head", "late": "second"}
    assert all(said["submitted"] is None for said in told.values())


async def test_a_batch_is_settled_only_when_the_next_stage_has_settled_it() -> None:
    pipeline = Pipeline(Broker())
    pipeline.store.trouble = Fatal("the schema is missing")
    with pytest.raises(Fatal, match="the schema is missing"):
        await pipeline.head.run([record("one")])


async def test_the_next_stage_does_not_begin_while_kafka_is_away() -> None:
    pipeline = Pipeline(broker := Broker())
    broker.is_away = True
    handover = Handover(broker, pipeline._handover._followers)
    rejected = Message(REJECTED.name, None, b"{}", ())
    with pytest.raises(KafkaConnectionError):
        await handover.publish([rejected, Message(VALIDATED.name, b"", b"{}", ())])
    assert pipeline.seen == []

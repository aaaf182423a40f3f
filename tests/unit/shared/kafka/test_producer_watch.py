from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from aiokafka.errors import KafkaConnectionError

from shared.access.slowdown import FEWEST_REJECTED, GOOD_AFTER_SECONDS
from shared.events.codes import Code, Refusal
from shared.events.headers import derived_headers, headers_of
from shared.events.record import Message, Record
from shared.events.rejection_message import rejection_message
from shared.events.topics import SUBMITTED, VALIDATED
from shared.kafka.producer_watch import BURST_SECONDS, MOST_NAMED, ProducerWatch, WatchedPublisher
from shared.kafka.publisher import MemoryPublisher
from shared.kafka.settings import KafkaSettings, SourceSettings
from shared.runtime.backoff import Backoff
from shared.runtime.metrics import SLOWED
from tests.builders.publishers import TroubledPublisher

NOW = datetime(2026, 11, 24, tzinfo=UTC)
REFUSED = Refusal(Code.DATASET_INVALID, "no")


class Door:
    """A door of which every event, or none, is rejected further on."""

    def __init__(self) -> None:
        self.now = 0.0
        self.watch = ProducerWatch(KafkaSettings(), SourceSettings(), "door", Backoff(), lambda: self.now)
        self.publisher = WatchedPublisher(MemoryPublisher(), self.watch)

    async def send(self, source: str, count: int, *, good: bool = False, receipts: str = "r") -> None:
        sent = [_submission(source, f"{receipts}-{number}") for number in range(count)]
        await self.publisher.publish(sent)
        if not good:
            for message in sent:
                self.watch.rejected(_rejection(message).headers)


def _submission(source: str, receipt: str, value: bytes = b"{}") -> Message:
    headers = headers_of(SUBMITTED, receipt_id=receipt, source=source, time="t")
    return Message(SUBMITTED.name, b"key", value, headers)


def _rejection(message: Message) -> Message:
    """As a stage further on rejects what the validator passed."""
    submitted = Record(message.topic, 0, 0, 0, message.key, message.value, message.headers)
    receipt = dict(message.headers)["ce_id"].decode()
    headers = derived_headers(VALIDATED, submitted, receipt, "validator", NOW)
    return rejection_message("linker", Record(VALIDATED.name, 0, 0, 0, None, b"{}", headers), REFUSED, NOW)


def named() -> list[str]:
    """The producers that the metric shows."""
    return [producer for door, producer in SLOWED._metrics if door == "door"]


@pytest.fixture
def door() -> Iterator[Door]:
    door = Door()
    yield door
    door.now = 10**6
    door.watch.measure()


async def test_who_sends_only_rubbish_is_slowed_shown_and_restored_and_its_neighbour_is_not(
    door: Door, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    await door.send("/producers/bad", FEWEST_REJECTED)
    await door.send("/producers/neighbour", 500, good=True)
    assert door.watch.wait_seconds("/producers/bad") == 0
    await door.send("/producers/bad", 10, receipts="slowly")
    door.watch.measure()
    assert door.watch.wait_seconds("/producers/bad") == 10
    assert door.watch.wait_seconds("/producers/neighbour") == 0
    assert named() == ["/producers/bad"]
    door.now = 10
    await door.send("/producers/bad", 1, good=True, receipts="good")
    door.now += GOOD_AFTER_SECONDS
    door.watch.measure()
    assert door.watch.wait_seconds("/producers/bad") == 0
    assert named() == []
    said = [entry.getMessage() for entry in caplog.records]
    assert said == [
        "door: nearly all events of /producers/bad are rejected, it is slowed down",
        "door: /producers/bad is no longer slowed down",
    ]


async def test_what_a_door_rejects_itself_counts(door: Door) -> None:
    frames = [
        rejection_message(
            "icat_gateway",
            Record("queue", -1, n, 0, None, b"<", (("ce_id", b"%d" % n), ("ce_source", b"/icat/10.0.0.1"))),
            Refusal(Code.NOT_XML, "no"),
            NOW,
        )
        for n in range(FEWEST_REJECTED)
    ]
    await door.publisher.publish(frames)
    for frame in frames:
        door.watch.rejected(frame.headers)
    door.watch.measure()
    assert named() == ["/icat/10.0.0.1"]


async def test_the_metric_names_few_however_many_are_slowed(door: Door) -> None:
    for number in range(2 * MOST_NAMED):
        await door.send(f"/icat/10.0.0.{number}", FEWEST_REJECTED)
    door.watch.measure()
    assert len(named()) == MOST_NAMED
    assert door.watch.wait_seconds(f"/icat/10.0.0.{MOST_NAMED}") == 0
    await door.send(f"/icat/10.0.0.{MOST_NAMED}", 1, receipts="more")
    assert door.watch.wait_seconds(f"/icat/10.0.0.{MOST_NAMED}") > 0


async def test_what_is_tried_again_while_kafka_is_away_counts_once(door: Door) -> None:
    away = TroubledPublisher()
    away.error = KafkaConnectionError()
    trying = WatchedPublisher(away, door.watch)
    burst = [_submission("/producers/spooled", "r", bytes(SourceSettings().bytes_per_second))]
    for _ in range(10 * BURST_SECONDS):
        with pytest.raises(KafkaConnectionError):
            await trying.publish(burst)
    assert door.watch.wait_seconds("/producers/spooled") == 0


async def test_whoever_sends_much_waits_until_it_would_have_been_little(door: Door) -> None:
    rate = SourceSettings().bytes_per_second
    burst = [_submission("/producers/large", f"large-{number}", bytes(rate)) for number in range(BURST_SECONDS + 1)]
    await door.publisher.publish(burst)
    assert 0.9 < door.watch.wait_seconds("/producers/large") < 1.1
    assert door.watch.wait_seconds("/producers/neighbour") == 0
    door.now += 1.2
    assert door.watch.wait_seconds("/producers/large") == 0

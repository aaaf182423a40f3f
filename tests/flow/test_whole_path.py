"""Every stage and relay over the memory twins, without broker and database: one sentence, one test."""

import json
import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from services.catalog_writer.documents import CatalogView
from services.catalog_writer.handler import commit
from services.catalog_writer.memory import MemoryCatalog
from services.linker.handler import Linker, LinkerView
from services.linker.learning import CommittedView, learn_commits
from services.linker.memory import MemoryLinks
from services.linker.ports import ReleaseOutbox
from services.sample_tracking.handler import track
from services.sample_tracking.memory import Memory, MemoryTracking
from services.sample_tracking.samples import TrackingView
from services.validator.handler import validating
from shared.backoff import Patience
from shared.events import DatasetSubmitted
from shared.publisher import MemoryPublisher
from shared.rejection_limit import RejectionLimit
from shared.relay import Relay
from shared.stage import Stage, StageRunner, Stateless
from shared.techniques import TechniqueBook
from shared.topics import COMMITTED, LINKED, PENDING, REJECTED, SUBMITTED, TRACKED, VALIDATED
from shared.wire import Message, Record
from tests.builders.submissions import IDENTITIES, processed_submission, raw_submission, submitted
from tests.unit.validator.builders import a_checker

pytestmark = pytest.mark.flow

AWAIT_SECONDS = 3600.0


class World:
    """The services over one memory broker; time stands still unless a test moves it."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 24, tzinfo=UTC)
        self.broker = MemoryPublisher()
        self.links = MemoryLinks()
        catalog = MemoryCatalog()
        linker = Linker(TechniqueBook.load(), IDENTITIES, AWAIT_SECONDS)
        released = ReleaseOutbox(self.links, linker, lambda: self.now)
        self.relays = [
            Relay(name, box, self.broker, Patience())
            for name, box in (("linker-relay", released), ("catalog-relay", catalog))
        ]
        self.runners = [
            self._runner(stage)
            for stage in (
                Stage(
                    "validator",
                    SUBMITTED,
                    DatasetSubmitted,
                    validating(a_checker()),
                    Stateless[DatasetSubmitted](),
                    VALIDATED,
                ),
                Stage("linker", VALIDATED, LinkerView, linker.link, self.links.linking, LINKED),
                Stage(
                    "sample_tracking",
                    LINKED,
                    TrackingView,
                    partial(track, IDENTITIES),
                    MemoryTracking(Memory()),
                    TRACKED,
                ),
                Stage("catalog_writer", TRACKED, CatalogView, commit, catalog),
                Stage("linker-commits", COMMITTED, CommittedView, learn_commits, self.links.commits),
            )
        ]
        self.read = dict.fromkeys((runner.stage.name for runner in self.runners), 0)

    def _runner(self, stage: Stage[Any, Any]) -> StageRunner[Any, Any]:
        return StageRunner(stage, self.broker, lambda: self.now, RejectionLimit(), Patience())

    async def send(self, *messages: Message) -> None:
        """Publish, and let everything flow until nothing moves."""
        await self.broker.publish(messages)
        await self.flow()

    async def flow(self) -> None:
        """Run every stage and relay until nothing is left to read or to relay."""
        moved = True
        while moved:
            moved = False
            for runner in self.runners:
                records = self._unread(runner)
                if records:
                    moved = True
                    await runner.run(records)
            for relay in self.relays:
                moved = bool(await relay.drain_once()) or moved

    def _unread(self, runner: StageRunner[Any, Any]) -> list[Record]:
        topic = runner.stage.consumes.name
        messages = self.broker.of(topic)
        start, self.read[runner.stage.name] = self.read[runner.stage.name], len(messages)
        return [
            Record(topic, 0, offset, 0, message.key, message.value, message.headers)
            for offset, message in enumerate(messages[start:], start)
        ]

    def said(self, topic: str) -> list[dict[str, Any]]:
        """The payloads of a topic."""
        return [json.loads(message.value) for message in self.broker.of(topic)]

    def committed(self) -> list[tuple[str, int]]:
        """Path and revision of every commit, in order."""
        return [(payload["commit"]["path"], payload["commit"]["revision"]) for payload in self.said(COMMITTED.name)]


@pytest.fixture
def raw() -> dict[str, Any]:
    return raw_submission(1, random.Random(1))


@pytest.fixture
def processed(raw: dict[str, Any]) -> dict[str, Any]:
    return processed_submission(2, [raw], random.Random(2))


async def test_a_dataset_is_submitted_validated_linked_tracked_and_committed(raw: dict[str, Any]) -> None:
    world = World()
    await world.send(submitted(raw, "r-1"))
    [event] = world.said(COMMITTED.name)
    assert event["commit"]["receipt_id"] == "r-1"
    assert event["document"]["kind"] == "mx.raw.datacollection"
    assert event["document"]["sample"]["name"] == raw["sample"]
    said = event["document"]["parameters"]["MX_exposureTime"]
    assert said == {"value": 0.01, "unit": "s", "original": "0.01"}


async def test_a_child_waits_for_its_parent_and_inherits_its_sample(
    raw: dict[str, Any], processed: dict[str, Any]
) -> None:
    world = World()
    child = {key: value for key, value in processed.items() if key != "sample"}
    await world.send(submitted(child, "r-child"))
    assert world.committed() == []
    assert world.said(PENDING.name)[0]["pending"]["waits_for"] == [raw["path"]]
    await world.send(submitted(raw, "r-parent"))
    assert world.committed() == [(raw["path"], 1), (child["path"], 1)]
    document = world.said(COMMITTED.name)[1]["document"]
    assert document["sample"] | {"sample_id": None} == {"sample_id": None, "name": raw["sample"], "inherited": True}
    assert [parent["path"] for parent in document["inputs"]] == [raw["path"]]


async def test_a_child_whose_parent_never_comes_is_rejected_by_name(
    raw: dict[str, Any], processed: dict[str, Any]
) -> None:
    world = World()
    await world.send(submitted(processed, "r-child"))
    world.now += timedelta(seconds=AWAIT_SECONDS + 1)
    await world.links.expire(world.now)
    await world.flow()
    [rejection] = [payload["rejection"] for payload in world.said(REJECTED.name)]
    assert (rejection["code"], rejection["receipt_id"]) == ("input_missing", "r-child")
    assert raw["path"] in rejection["message"]


async def test_everything_sent_twice_changes_nothing(raw: dict[str, Any], processed: dict[str, Any]) -> None:
    world = World()
    messages: Sequence[Message] = (submitted(processed, "r-child"), submitted(raw, "r-parent"))
    await world.send(*messages, *messages)
    await world.send(*messages)
    assert sorted(world.committed()) == sorted([(raw["path"], 1), (processed["path"], 1)])


async def test_an_update_of_a_waiting_dataset_waits_behind_it(raw: dict[str, Any], processed: dict[str, Any]) -> None:
    world = World()
    update = processed | {"parameters": processed["parameters"] | {"group_by": "later"}}
    await world.send(submitted(processed, "r-first"), submitted(update, "r-later"))
    await world.send(submitted(raw, "r-parent"))
    assert world.committed() == [(raw["path"], 1), (processed["path"], 1), (processed["path"], 2)]


async def test_the_same_content_under_another_receipt_is_answered_as_unchanged(raw: dict[str, Any]) -> None:
    world = World()
    await world.send(submitted(raw, "r-1"))
    await world.send(submitted(raw, "r-2"))
    assert [payload["commit"]["outcome"] for payload in world.said(COMMITTED.name)] == ["created", "unchanged"]
    assert world.committed() == [(raw["path"], 1), (raw["path"], 1)]

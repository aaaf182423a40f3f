"""Two replicas at the same moment: both orders of each race are forced, by keeping one transaction open until the other
one is seen to wait for it."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from services.linker.plan.announcements import UserOffice
from services.linker.plan.commits import CommittedView, learn_commits
from services.linker.plan.rejections import RejectedView, learn_rejections
from shared.events.dataset import DatasetFacts
from shared.events.investigation import InvestigationAnnounced
from shared.events.record import Message, Record
from shared.events.topics import COMMITTED, INVESTIGATIONS, LINKED, REJECTED
from shared.events.wire import read
from shared.kafka.publisher import MemoryPublisher
from shared.postgres.database import Database
from tests.builders.linker.records import (
    IDENTITIES,
    NOON,
    PLACEHOLDER,
    announced,
    committed,
    facts,
    received,
    rejected,
    slot,
    started,
)
from tests.builders.linker.world import World, receipt_of, series

pytestmark = pytest.mark.integration

A, B = "/data/a", "/data/b"
FIT = "xrf.processed.fit"

WAITING = """
select exists (
    select from pg_locks join pg_stat_activity using (pid) where not granted and datname = current_database()
)
"""


async def until_one_waits_for_a_lock(database: Database) -> None:
    async with asyncio.timeout(20), database.connection() as connection:
        while not await connection.fetchval(WAITING):
            pass


@asynccontextmanager
async def holding_child(world: World, child: DatasetFacts) -> AsyncIterator[None]:
    """A transaction that holds the child, not committed yet."""
    async with world.links.linking.transaction() as transaction:
        events = [received(child)]
        outcomes = world.linker.link(events, await transaction.load(events), world.now)
        await transaction.save(events, outcomes)
        yield


@asynccontextmanager
async def learning_commit(world: World, path: str, record: Record | None = None) -> AsyncIterator[None]:
    """A transaction that learns of a commit into a placeholder, not committed yet."""
    async with world.links.commits.transaction() as transaction:
        events = [read(record or committed(path), COMMITTED, CommittedView)]
        outcomes = learn_commits(events, await transaction.load(events), world.now)
        await transaction.save(events, outcomes)
        yield


async def test_the_commit_sees_a_child_that_is_being_held(world: World, other_world: World, database: Database) -> None:
    async with holding_child(world, facts(B, [A])):
        commit = asyncio.create_task(other_world.learn(committed(A)))
        await until_one_waits_for_a_lock(database)
        assert not commit.done()
    await commit
    await other_world.send()
    assert other_world.linked_receipts == [f"first of {B}"]


async def test_a_child_sees_the_commit_that_is_being_learned(
    world: World, other_world: World, database: Database
) -> None:
    async with learning_commit(world, A):
        submission = asyncio.create_task(other_world.submit(facts(B, [A])))
        await until_one_waits_for_a_lock(database)
        assert not submission.done()
    await submission
    assert other_world.linked_receipts == [f"first of {B}"]
    assert await world.held() == []


RECOLLECTED = committed(A, revision=2, recollected=NOON + timedelta(hours=1))


async def test_a_recollection_sees_a_result_that_is_being_learned(
    world: World, other_world: World, database: Database
) -> None:
    await world.commit(committed(A))
    async with learning_commit(world, B, committed(B, [A])):
        recollection = asyncio.create_task(other_world.learn(RECOLLECTED))
        await until_one_waits_for_a_lock(database)
        assert not recollection.done()
    await recollection
    await other_world.send()
    assert [each.dataset.path for each in other_world.linked] == [B]


async def test_a_result_sees_the_recollection_that_is_being_learned(
    world: World, other_world: World, database: Database
) -> None:
    await world.commit(committed(A))
    async with learning_commit(world, A, RECOLLECTED):
        result = asyncio.create_task(other_world.learn(committed(B, [A])))
        await until_one_waits_for_a_lock(database)
        assert not result.done()
    await result
    await other_world.send()
    assert [each.dataset.path for each in other_world.linked] == [B]


async def test_a_rejection_sees_a_child_that_is_being_held(
    world: World, other_world: World, database: Database
) -> None:
    async with holding_child(world, facts(B, [A], kind=FIT)):
        loss = asyncio.create_task(other_world.reject(rejected(A)))
        await until_one_waits_for_a_lock(database)
        assert not loss.done()
    await loss
    await other_world.send()
    assert other_world.reasons == [f"first of {B}: input_rejected"]


async def test_a_child_sees_the_rejection_that_is_being_learned(
    world: World, other_world: World, database: Database
) -> None:
    async with world.links.rejections.transaction() as transaction:
        events = [read(rejected(A), REJECTED, RejectedView)]
        await transaction.save(events, learn_rejections(events, None, NOON))
        submission = asyncio.create_task(other_world.submit(facts(B, [A], kind=FIT)))
        await until_one_waits_for_a_lock(database)
        assert not submission.done()
    await submission
    assert other_world.reasons == [f"first of {B}: input_rejected"]
    assert await world.held() == []


async def test_of_two_that_are_held_at_once_the_second_sees_the_cycle(
    world: World, other_world: World, database: Database
) -> None:
    async with holding_child(world, facts(A, [B])):
        second = asyncio.create_task(other_world.submit(facts(B, [A])))
        await until_one_waits_for_a_lock(database)
    await second
    assert other_world.reasons == [f"first of {B}: input_cycle"]


async def test_an_announcement_sees_a_dataset_in_a_placeholder_that_is_being_learned(
    world: World, other_world: World, database: Database
) -> None:
    await world.announce(started())
    async with learning_commit(world, A):
        announcement = asyncio.create_task(other_world.announce(announced(slot("session", NOON))))
        await until_one_waits_for_a_lock(database)
    await announcement
    assert [each.links.investigation.facility_id for each in other_world.linked] == ["session"]


async def test_a_dataset_in_a_placeholder_sees_the_investigation_that_is_being_announced(
    world: World, other_world: World, database: Database
) -> None:
    async with world.links.announcements.transaction() as transaction:
        events = [read(announced(slot("session", NOON)), INVESTIGATIONS, InvestigationAnnounced)]
        outcomes = UserOffice(IDENTITIES).learn(events, await transaction.load(events), NOON)
        await transaction.save(events, outcomes)
        commit = asyncio.create_task(other_world.commit(committed(A)))
        await until_one_waits_for_a_lock(database)
    await commit
    assert [each.links.investigation.facility_id for each in other_world.linked] == ["session"]


async def test_of_two_that_open_an_investigation_at_once_the_second_takes_the_firsts(
    world: World, other_world: World, database: Database
) -> None:
    async with holding_child(world, facts(B, [A])):
        second = asyncio.create_task(other_world.submit(facts("/data/c", start=NOON + timedelta(minutes=5))))
        await until_one_waits_for_a_lock(database)
    await second
    await world.submit(facts("/data/d"))
    investigations = [each.links.investigation for each in other_world.linked + world.linked]
    assert [each.investigation_id for each in investigations] == [PLACEHOLDER] * 2
    assert len({each.number for each in investigations}) == 1


async def test_a_beamline_and_a_dataset_that_open_one_at_once_open_one(
    world: World, other_world: World, database: Database
) -> None:
    async with holding_child(world, facts(B, [A])):
        start = asyncio.create_task(other_world.announce(started(NOON + timedelta(minutes=5))))
        await until_one_waits_for_a_lock(database)
    await start
    assert [each.investigation_id for each in other_world.registered] == [PLACEHOLDER]


class GatedPublisher(MemoryPublisher):
    """Confirms nothing before the gate opens."""

    def __init__(self) -> None:
        super().__init__()
        self.reached = asyncio.Event()
        self.gate = asyncio.Event()

    async def publish(self, messages: Sequence[Message]) -> None:
        self.reached.set()
        await self.gate.wait()
        await super().publish(messages)


async def test_an_update_that_arrives_while_its_predecessor_is_being_sent_does_not_overtake_it(
    world: World, other_world: World
) -> None:
    first, second = series(B, [A], [])
    await world.submit(first)
    await world.learn(committed(A))
    publisher = GatedPublisher()
    world.publisher = world.relay._publisher = publisher
    sending = asyncio.create_task(world.send())
    await publisher.reached.wait()
    await other_world.submit(second)
    assert other_world.linked == []
    await other_world.send()  # another replica's relay stands back
    assert other_world.linked == []
    publisher.gate.set()
    await sending
    await other_world.send()
    assert world.linked_receipts + other_world.linked_receipts == [first.receipt_id, second.receipt_id]


class FailingPublisher(MemoryPublisher):
    """Publishes, and then fails to hear the confirmation."""

    async def publish(self, messages: Sequence[Message]) -> None:
        await super().publish(messages)
        raise ConnectionError("the broker went away")


async def test_what_was_sent_but_not_confirmed_is_sent_again_in_order(world: World) -> None:
    submissions = series(B, [A], [])
    await world.submit(*submissions)
    await world.learn(committed(A))
    failing = FailingPublisher()
    world.relay._publisher = failing
    with pytest.raises(ConnectionError):
        await world.send()
    world.relay._publisher = world.publisher
    await world.send()
    in_order = [each.receipt_id for each in submissions]
    assert [receipt_of(message) for message in failing.of(LINKED.name)] == in_order
    assert world.linked_receipts == in_order

"""A backup is put back that lacks investigations which beamcat opened: they have their ids and numbers again."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from services.linker.plan.slots import Slot
from services.linker.storage.postgres.investigations import slot_of_row
from services.linker.storage.postgres.lost_investigations import LostInvestigations
from shared.events.record import Record
from shared.events.topics import REGISTERED
from shared.postgres.database import Database
from tests.builders.linker.records import NOON, announced, committed, facts, rescheduled, slot, started
from tests.builders.linker.world import World

pytestmark = pytest.mark.integration

DAY = timedelta(days=1)


async def remember(database: Database, records: Sequence[Record]) -> int:
    async with database.transaction() as connection:
        lost = LostInvestigations(connection)
        await lost.take(records)
        return await lost.finish()


async def slots_in(database: Database) -> list[Slot]:
    async with database.connection() as connection:
        return [slot_of_row(row) for row in await connection.fetch("select * from investigation order by number")]


async def empty(database: Database) -> None:
    """As an empty backup has it."""
    async with database.connection() as connection:
        await connection.execute("truncate held, dataset, investigation")
        await connection.execute("alter sequence investigation_number restart")


async def test_an_investigation_that_was_opened_is_the_same_whatever_comes_first_now(
    world: World, database: Database
) -> None:
    earlier, later = facts("/data/earlier", start=NOON - DAY), facts("/data/later", start=NOON)
    await world.submit(earlier, later)
    [opened] = await slots_in(database)
    assert opened.start == earlier.start
    told = [committed(each.path, start=each.start, slot=opened) for each in (earlier, later)]
    await empty(database)

    assert await remember(database, told) == 1
    assert await remember(database, told) == 0
    await world.submit(later)
    await world.submit(earlier)

    assert await slots_in(database) == [opened]


async def test_an_investigation_that_a_beamline_started_keeps_its_number_and_new_ones_get_others(
    world: World, database: Database
) -> None:
    await world.announce(started(NOON))
    [first] = world.registered
    [message] = world.publisher.of(REGISTERED.name)
    await empty(database)

    told = Record(message.topic, 0, 0, 0, message.key, message.value, message.headers)
    assert await remember(database, [replace(told, value=b"{"), told]) == 1
    await world.announce(started(NOON - 30 * DAY), started(NOON))

    numbers = {slot.start: slot.number for slot in await slots_in(database)}
    assert numbers[NOON] == first.number
    assert first.number is not None
    assert (numbers[NOON - 30 * DAY] or 0) > first.number


async def test_an_investigation_is_still_rescheduled_and_written_as_its_user_office_does(
    world: World, database: Database
) -> None:
    session = slot("4711", NOON - 9 * DAY, NOON - 8 * DAY)
    await world.announce(announced(session, "MX-1111"), rescheduled("4711", NOON))
    before = await slots_in(database)
    told = [
        Record(message.topic, 0, 0, n, message.key, message.value, message.headers)
        for n, message in enumerate(world.publisher.of(REGISTERED.name))
    ]
    await empty(database)

    assert await remember(database, told) == 1
    assert await slots_in(database) == before
    assert (before[0].proposal_name, before[0].actual) == ("MX-1111", ((NOON, NOON + DAY),))


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
async def test_what_was_told_last_counts_in_whatever_order_partitions_are_read(
    order: tuple[int, ...], world: World, database: Database
) -> None:
    await world.announce(started(NOON))
    [open_ended] = await slots_in(database)
    longer = replace(open_ended, end=NOON + DAY)
    told = [
        replace(committed(f"/data/{n}", slot=each), timestamp_ms=n)
        for n, each in enumerate((open_ended, longer), start=1)
    ]
    await empty(database)

    await remember(database, [told[n] for n in order])

    assert await slots_in(database) == [longer]

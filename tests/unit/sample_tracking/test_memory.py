import asyncio
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.sample_tracking.memory import Memory, MemoryHappenings, MemoryRegister, MemoryTracking, MemoryVisits
from shared.events.record import Record
from tests.builders.sample_tracking import World, derived, linked
from tests.suites.sample_tracking import StoreSuite


def world_of(memory: Memory) -> World:
    return World(MemoryTracking(memory), MemoryHappenings(memory), MemoryVisits(memory), MemoryRegister(memory))


@pytest.fixture
def world() -> World:
    return world_of(Memory())


class TestMemory(StoreSuite):
    pass


paths = st.sampled_from(["/data/a", "/data/b", "/data/c"])
submissions: st.SearchStrategy[list[dict[str, Any]]] = st.lists(
    st.builds(
        dict,
        path=paths,
        sample=st.sampled_from([None, "one", "two"]),
        inputs=st.lists(paths, max_size=2),
        mode=st.sampled_from(["replace", "merge"]),
    ),
    min_size=1,
    max_size=8,
)


@settings(deadline=None, max_examples=50)
@given(submissions=submissions, data=st.data())
def test_replays_at_any_time_and_any_cut_into_batches_change_nothing(
    submissions: list[dict[str, Any]], data: st.DataObject
) -> None:
    records = [linked(receipt=derived(n), **said) for n, said in enumerate(submissions)]
    plain, replayed = Memory(), Memory()
    expected = asyncio.run(world_of(plain).track(*records))

    schedule: list[int] = []
    for n in range(len(records)):
        schedule += [n, *data.draw(st.lists(st.integers(0, n), max_size=3))]
    answers = asyncio.run(_in_batches(world_of(replayed), [records[n] for n in schedule], data))

    assert answers == [expected[n].model_dump() for n in schedule]
    assert vars(replayed) == vars(plain)


async def _in_batches(world: World, records: list[Record], data: st.DataObject) -> list[dict[str, object]]:
    answers: list[dict[str, object]] = []
    while records:
        size = data.draw(st.integers(1, len(records)))
        batch, records = records[:size], records[size:]
        answers += [tracking.model_dump() for tracking in await world.track(*batch)]
    return answers

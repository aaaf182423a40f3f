"""Whatever collides, each submission ends with its own answer, and nothing of one lands in another's."""

import asyncio
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.search.projections.receipts.note import Receipt
from services.search.query.receipts import submissions
from tests.builders.collisions import KEYS, SOURCES, Again, Said, Story, check, tell
from tests.builders.pipeline import World
from tests.builders.search.world import row_of

pytestmark = [pytest.mark.flow, pytest.mark.usefixtures("form")]

SAID = st.builds(
    Said,
    st.sampled_from(SOURCES),
    st.sampled_from(KEYS),
    st.integers(0, 6),
    st.integers(0, 2),
    st.sampled_from(["good", "good", "good", "wrong", "poison", "headless"]),
)
STORIES = st.lists(st.lists(SAID | st.builds(Again, st.integers(0, 30), st.booleans()), max_size=8), max_size=6)


def answers(world: World) -> list[dict[str, Any]]:
    """Every submission that search has heard of, with its state."""
    rows = submissions(map(row_of, world.found.standing(Receipt).values()))
    return [row | {"state": json.loads(row["answer"])["state"]} for row in rows]


@given(STORIES)
def test_whatever_collides_each_submission_has_its_own_answer(batches: list[Story]) -> None:
    async def happen() -> None:
        world = World()
        said = await tell(world, batches)
        check(world, said, answers(world))

    asyncio.run(happen())


async def test_one_key_for_everything_is_one_submission_a_dataset_and_content() -> None:
    world = World()
    said: list[Said | Again] = [Said(SOURCES[0], KEYS[0], place, words) for words in range(3) for place in range(7)]
    check(world, await tell(world, [said[::-1], [Again(n, by_stage=True) for n in range(8)]]), answers(world))

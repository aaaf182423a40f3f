"""The read model is a function of the set of events: neither their order nor their repetition matters."""

import asyncio
from random import Random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from services.search.memory import MemoryReadModel
from shared.events.record import Record
from tests.builders.search.arrivals import arriving, everything
from tests.builders.search.world import Noting


def noted(batches: list[list[Record]]) -> dict[type, Any]:
    """All tables of a read model after these batches."""
    model = MemoryReadModel()
    world = Noting(model)

    async def note() -> None:
        for batch in batches:
            await world.note(*batch)

    asyncio.run(note())
    return model.facts


@given(st.randoms(use_true_random=False), st.integers(1, 40))
def test_any_order_and_any_repetition_of_the_events_of_all_topics_gives_equal_tables(
    chance: Random, count: int
) -> None:
    records = everything(chance, count)
    as_told = noted([[record] for record in records])
    for _ in range(2):
        assert noted(list(arriving(chance, records))) == as_told

import asyncio

from hypothesis import example, given, settings

from services.linker.storage.memory.store import MemoryLinks
from tests.builders.linker.model import histories, live_through
from tests.builders.linker.records import IDENTITIES
from tests.builders.linker.world import DEMANDS, World


@settings(max_examples=25, deadline=None, print_blob=True)
@given(histories)
@example([("submit", [(1, set()), (1, {"/data/0"})]), ("replay", [0])])
def test_whatever_happens_the_linker_does_as_the_model(history: list[tuple[str, object]]) -> None:
    asyncio.run(live_through(World(MemoryLinks(IDENTITIES, DEMANDS)), history))

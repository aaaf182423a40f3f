"""The limits of what one source may have waiting, without effect on its neighbours: for every store of the linker."""

import pytest

from services.linker.held import limits
from shared.events.codes import Code
from tests.builders.linker.records import committed, facts
from tests.builders.linker.world import World

MOST_AWAITED = 20
FLOOD, NEIGHBOUR = "/producers/flood", "/producers/neighbour"


def inputs(count: int, of: str = "raw") -> list[str]:
    return [f"/data/{of}/{number}" for number in range(count)]


class CrowdingSuite:
    async def test_a_source_that_awaits_as_much_as_it_may_is_told_how_much_that_is(self, crowded: World) -> None:
        await crowded.submit_of(FLOOD, facts("/data/a", inputs(15)))
        await crowded.submit_of(FLOOD, facts("/data/b", inputs(6)))
        (rejection,) = crowded.rejections
        assert rejection.code == Code.TOO_MUCH_WAITS
        assert "it would wait for 6 inputs" in rejection.message
        assert "/producers/flood wait for 15 already; 20 may be" in rejection.message
        assert await crowded.held() == ["first of /data/a"]

    async def test_within_one_batch_the_first_wait(self, crowded: World) -> None:
        await crowded.submit_of(FLOOD, *(facts(f"/data/{n}", inputs(6)) for n in range(5)))
        assert await crowded.held() == [f"first of /data/{n}" for n in range(3)]
        assert crowded.reasons == [f"first of /data/{n}: too_much_waits" for n in (3, 4)]

    async def test_the_same_inputs_count_for_each_that_waits_for_them(self, crowded: World) -> None:
        for n in range(30):
            await crowded.submit_of(FLOOD, facts(f"/data/{n}", inputs(1)))
        assert len(await crowded.held()) == MOST_AWAITED
        assert len(crowded.rejections) == 10

    async def test_a_neighbour_waits_and_passes_as_ever(self, crowded: World) -> None:
        await crowded.submit_of(FLOOD, *(facts(f"/data/{n}", inputs(6)) for n in range(9)))
        await crowded.submit_of(NEIGHBOUR, facts("/data/c", inputs(20, "own")), facts("/data/d"))
        assert crowded.linked_receipts == ["first of /data/d"]
        assert "first of /data/c" in await crowded.held()

    async def test_what_need_not_wait_passes_however_much_waits(self, crowded: World) -> None:
        await crowded.commit(committed("/data/there"))
        await crowded.submit_of(FLOOD, facts("/data/a", inputs(20)))
        await crowded.submit_of(FLOOD, facts("/data/b", ["/data/there"]), facts("/data/c"))
        assert crowded.linked_receipts == ["first of /data/b", "first of /data/c"]

    async def test_there_is_room_again_when_what_waited_has_gone(self, crowded: World) -> None:
        await crowded.submit_of(FLOOD, facts("/data/a", inputs(20)))
        await crowded.submit_of(FLOOD, facts("/data/b", inputs(1, "other")))
        await crowded.commit(*map(committed, inputs(20)))
        await crowded.submit_of(FLOOD, facts("/data/b", inputs(1, "other"), receipt="again"))
        assert crowded.linked_receipts == ["first of /data/a"]
        assert await crowded.held() == ["again"]

    async def test_a_replay_is_answered_as_before(self, crowded: World) -> None:
        batch = [facts(f"/data/{n}", inputs(6)) for n in range(5)]
        await crowded.submit_of(FLOOD, *batch)
        await crowded.submit_of(FLOOD, *batch)
        assert crowded.reasons == 2 * [f"first of /data/{n}: too_much_waits" for n in (3, 4)]
        assert len(await crowded.held()) == 3

    async def test_a_line_behind_one_that_waits_has_an_end_for_each_source(
        self, crowded: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(limits, "MOST_IN_LINE", 3)
        await crowded.submit_of(FLOOD, *(facts("/data/a", inputs(1), receipt=f"flood {n}") for n in range(2)))
        await crowded.submit_of(FLOOD, *(facts("/data/a", receipt=f"flood {n}") for n in range(2, 5)))
        await crowded.submit_of(NEIGHBOUR, facts("/data/a", receipt="neighbour"))
        assert crowded.reasons == [f"flood {n}: too_much_waits" for n in (3, 4)]
        await crowded.commit(committed(inputs(1)[0]))
        assert crowded.linked_receipts == ["flood 0", "flood 1", "flood 2", "neighbour"]

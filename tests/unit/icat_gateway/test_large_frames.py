"""Permits for large frames: fair between addresses, and never kept by those that stall."""

import asyncio
import contextlib
from collections import Counter
from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from services.icat_gateway.delivery.intake import Intake, WaitingFrame
from services.icat_gateway.ports import Taken
from services.icat_gateway.stomp.large_frames import LargeFrames, PermitRequest
from services.icat_gateway.translation import Frame

FAIR_SECONDS = 0.002
"""So that those that wait look every few turns of the event loop."""


@dataclass(eq=False)
class Sender:
    """A connection that sends a large frame, or no longer."""

    address: str
    received_bytes: int = 0
    gone: bool = False
    told: list[str] = field(default_factory=list)

    def give_up(self, why: str) -> None:
        self.told.append(why)
        self.gone = True


class Permits:
    """Permits whose clock stands still until it is moved."""

    def __init__(self, most: int) -> None:
        self.now = 0.0
        self.frames = LargeFrames(most, FAIR_SECONDS, lambda: self.now)
        self.tasks: dict[Sender, asyncio.Task[PermitRequest]] = {}

    async def ask(self, sender: Sender) -> None:
        self.tasks[sender] = asyncio.create_task(self.frames.acquire(sender))
        await self.turn()

    async def give_back(self, sender: Sender) -> None:
        self.frames.release(await self.tasks.pop(sender))
        await self.turn()

    async def turn(self) -> None:
        for _ in range(3):
            await asyncio.sleep(0)

    async def looks(self) -> None:
        """Those that wait look a few times."""
        for _ in range(5):
            await asyncio.sleep(FAIR_SECONDS)

    @property
    def holders(self) -> list[Sender]:
        return [sender for sender, task in self.tasks.items() if task.done() and not task.cancelled()]

    async def end(self) -> None:
        for task in self.tasks.values():
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError, ConnectionError):
                await task


steps = st.lists(st.tuples(st.booleans(), st.sampled_from("abc"), st.integers(0, 9)), max_size=40)


@given(steps, st.integers(1, 5))
async def test_no_address_holds_more_than_half_and_no_permit_is_idle(
    taken_steps: list[tuple[bool, str, int]], most: int
) -> None:
    permits = Permits(most)
    for asks, address, number in taken_steps:
        if asks:
            await permits.ask(Sender(address))
        elif permits.holders:
            await permits.give_back(permits.holders[number % len(permits.holders)])
        held = Counter(sender.address for sender in permits.holders)
        waiting = {sender.address for sender in permits.tasks} if len(permits.tasks) > held.total() else set()
        assert held.total() <= most
        assert all(count <= max(1, most // 2) for count in held.values())
        if held.total() < most:
            assert not [address for address in waiting if held[address] == 0]
    await permits.end()


async def test_the_address_that_holds_the_fewest_is_next() -> None:
    permits = Permits(4)
    for _ in range(6):
        await permits.ask(Sender("crowded"))
    for address in ("b", "b", "c"):
        await permits.ask(Sender(address))
    assert [sender.address for sender in permits.holders] == ["crowded", "crowded", "b", "b"]
    await permits.give_back(permits.holders[0])
    assert sorted(sender.address for sender in permits.holders) == ["b", "b", "c", "crowded"]
    await permits.end()


async def test_the_slowest_of_the_fullest_address_gives_way_to_a_newcomer() -> None:
    permits = Permits(3)
    slow, slower, fast = Sender("a"), Sender("b"), Sender("c")
    for sender in (slow, slower, fast):
        await permits.ask(sender)
    newcomer = Sender("new")
    await permits.ask(newcomer)
    slow.received_bytes, slower.received_bytes, fast.received_bytes = 20_000, 10_000, 8_000_000
    permits.now = 0.9 * FAIR_SECONDS
    await permits.looks()
    assert not slower.told
    permits.now = 1.1 * FAIR_SECONDS
    async with asyncio.timeout(5):
        while not slower.told:
            await permits.looks()
    assert (slow.told, fast.told) == ([], [])
    await permits.give_back(slower)
    assert newcomer in permits.holders
    await permits.end()


async def test_a_frame_that_is_here_and_waits_for_us_does_not_give_way() -> None:
    permits = Permits(1)
    whole, newcomer = Sender("a"), Sender("new")
    await permits.ask(whole)
    (await permits.tasks[whole]).complete = True
    await permits.ask(newcomer)
    permits.now = 60.0
    await permits.looks()
    assert not whole.told
    await permits.end()


async def test_one_that_has_gone_waits_no_longer() -> None:
    permits = Permits(1)
    holder, gone = Sender("a"), Sender("b")
    await permits.ask(holder)
    await permits.ask(gone)
    gone.gone = True
    with contextlib.suppress(ConnectionError):
        await permits.tasks.pop(gone)
    await permits.give_back(holder)
    assert permits.frames.waiting == permits.frames.held == 0


async def test_small_frames_do_not_wait_for_room_behind_large_ones() -> None:
    intake = Intake(800_000)

    def waiting(size: int) -> WaitingFrame:
        return WaitingFrame(Taken(Frame("icatIngest", b"x" * size, "192.0.2.7", {}), 1), lambda: None)

    await intake.put(waiting(600_000))
    large = asyncio.create_task(intake.put(waiting(600_000)))
    await asyncio.sleep(0)
    for _ in range(50):
        await intake.put(waiting(100))
    assert not large.done()
    await intake.settle(await intake.batch(1, 1_000_000))
    await large
    assert intake.bytes < 800_000

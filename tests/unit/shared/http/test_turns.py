"""Turns: how many questions are answered at the same time, and whose is next."""

import asyncio
from collections import Counter
from contextlib import AsyncExitStack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.foundation.problem import Problem
from shared.http import turns
from shared.http.turns import MOST_WAITING_EACH, KnowAskers, Turns


class Asked:
    """Questions of some addresses, each as a request of its own, that last until they are told to end."""

    def __init__(self, most: int) -> None:
        self.turns = Turns("costly", most, max(1, most - 1))
        self.running: list[str] = []
        self.most_running = 0
        self.ends: dict[str, list[asyncio.Event]] = {}
        self.tasks: list[asyncio.Task[None]] = []

    def ask(self, address: str) -> asyncio.Task[None]:
        async def app(_scope: object, _receive: object, _send: object) -> None:
            async with self.turns.turn():
                self.running.append(address)
                self.most_running = max(self.most_running, len(self.running))
                end = asyncio.Event()
                self.ends.setdefault(address, []).append(end)
                try:
                    await end.wait()
                finally:
                    self.running.remove(address)

        scope = {"type": "http", "client": (address, 1)}
        task = asyncio.ensure_future(KnowAskers(app)(scope, None, None))  # type: ignore[arg-type]  # nothing is sent
        self.tasks.append(task)
        return task

    async def settle(self) -> None:
        for _ in range(10):
            await asyncio.sleep(0)

    async def end(self, address: str) -> None:
        self.ends[address].pop(0).set()
        await self.settle()

    async def end_all(self) -> None:
        while self.running:
            await self.end(self.running[0])
        await asyncio.gather(*self.tasks, return_exceptions=True)


async def test_one_asker_leaves_a_turn_to_its_neighbours() -> None:
    asked = Asked(3)
    for _ in range(12):
        asked.ask("flood")
    asked.ask("neighbour")
    await asked.settle()
    assert Counter(asked.running) == {"flood": 2, "neighbour": 1}
    await asked.end_all()


async def test_who_has_the_fewest_turns_is_next_however_long_others_have_waited() -> None:
    asked = Asked(3)
    for _ in range(12):
        asked.ask("flood")
    asked.ask("one")
    asked.ask("other")
    await asked.settle()
    await asked.end("flood")
    assert Counter(asked.running) == {"flood": 1, "one": 1, "other": 1}
    await asked.end_all()


async def test_a_single_turn_is_everybodys() -> None:
    asked = Asked(1)
    asked.ask("one")
    await asked.settle()
    assert asked.running == ["one"]
    await asked.end_all()


async def test_who_waits_too_long_is_told_whose_questions_are_in_the_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "MOST_WAIT_SECONDS", 0.01)
    asked = Asked(3)
    for address in ("one", "two", "one"):
        asked.ask(address)
    with pytest.raises(Problem, match="of your") as own:
        await asked.ask("one")
    with pytest.raises(Problem, match="which is the limit") as others:
        await asked.ask("three")
    assert (own.value.status, others.value.status) == (429, 503)
    assert own.value.retry_after_seconds == others.value.retry_after_seconds == 1
    await asked.end_all()


async def test_the_line_of_one_asker_has_an_end() -> None:
    asked = Asked(2)
    for _ in range(MOST_WAITING_EACH + 1):
        asked.ask("flood")
    await asked.settle()
    with pytest.raises(Problem):
        await asked.ask("flood")
    for task in asked.tasks:
        task.cancel()
    await asyncio.gather(*asked.tasks, return_exceptions=True)


async def test_an_answer_that_is_half_sent_waits_longer_for_its_next_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "MOST_WAIT_SECONDS", 0.01)
    asked = Asked(1)
    ended = asyncio.Event()

    async def stream(_scope: object, _receive: object, _send: object) -> None:
        async with asked.turns.turn():
            pass
        asked.ask("neighbour")
        await asked.settle()
        assert asked.running == ["neighbour"]
        async with asked.turns.turn():
            ended.set()

    scope = {"type": "http", "client": ("stream", 1)}
    streaming = asyncio.ensure_future(KnowAskers(stream)(scope, None, None))  # type: ignore[arg-type]  # as above
    await asyncio.sleep(0.05)
    assert not ended.is_set()
    await asked.end("neighbour")
    await streaming
    assert ended.is_set()


@given(
    most=st.integers(1, 4),
    steps=st.lists(st.tuples(st.sampled_from(["ask", "end", "cancel"]), st.integers(0, 3)), max_size=40),
)
async def test_no_turn_is_lost_and_none_is_given_twice(most: int, steps: list[tuple[str, int]]) -> None:
    asked = Asked(most)
    for what, which in steps:
        if what == "ask":
            asked.ask(f"asker {which}")
        elif what == "end" and asked.running:
            await asked.end(asked.running[which % len(asked.running)])
        elif what == "cancel" and asked.tasks:
            task = asked.tasks[which % len(asked.tasks)]
            if task.cancel():
                await asyncio.wait([task])
        await asked.settle()
    for task in asked.tasks:
        task.cancel()
    await asyncio.gather(*asked.tasks, return_exceptions=True)
    assert asked.most_running <= most
    async with AsyncExitStack() as every, asyncio.timeout(1):
        for number in range(most):
            turns._asker.set(turns.Asker(f"after {number}"))
            await every.enter_async_context(asked.turns.turn())

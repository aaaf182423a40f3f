"""The simplest model of hold and release: one queue for each dataset, checked again after every event."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from hypothesis import strategies as st

from tests.builders.linker.records import WEEK, committed, facts
from tests.builders.linker.world import World, receipt_of

PATHS = [f"/data/{n}" for n in range(6)]


@dataclass(frozen=True)
class Said:
    """A submission. The inputs of a dataset are earlier in PATHS, so there are no cycles."""

    receipt: str
    path: str
    inputs: tuple[str, ...]


@dataclass
class Model:
    """The expected behaviour. `verdicts` has the submissions of each dataset in the order in which they end."""

    committed: set[str] = field(default_factory=set)
    lines: dict[str, list[tuple[Said, datetime]]] = field(default_factory=lambda: defaultdict(list))
    expired: set[str] = field(default_factory=set)
    verdicts: dict[str, dict[str, Literal["linked", "rejected"]]] = field(default_factory=lambda: defaultdict(dict))

    def submit(self, said: Said, now: datetime) -> None:
        line = self.lines[said.path]
        if said.receipt not in self.verdicts[said.path] and all(said.receipt != each.receipt for each, _ in line):
            line.append((said, now + WEEK))
            self.settle()

    def commit(self, path: str) -> None:
        self.committed.add(path)
        self.settle()

    def look_at_clock(self, now: datetime) -> None:
        for line in self.lines.values():
            self.expired |= {
                said.receipt
                for said, deadline in line
                if deadline <= now and not self.committed.issuperset(said.inputs)
            }
        self.settle()

    def settle(self) -> None:
        for path, line in self.lines.items():
            while line:
                said = line[0][0]
                if said.receipt in self.expired:
                    self.verdicts[path][said.receipt] = "rejected"
                elif self.committed.issuperset(said.inputs):
                    self.verdicts[path][said.receipt] = "linked"
                else:
                    break
                line.pop(0)


indices = st.integers(0, len(PATHS) - 1)
submission = indices.flatmap(
    lambda n: st.tuples(st.just(n), st.sets(st.sampled_from(PATHS[:n]) if n else st.nothing()))
)
happening = st.one_of(
    st.tuples(st.just("submit"), st.lists(submission, min_size=1, max_size=4)),
    st.tuples(st.just("replay"), st.lists(st.integers(0, 30), min_size=1, max_size=3)),
    st.tuples(st.just("commit"), st.lists(indices, min_size=1, max_size=3)),
    st.tuples(st.just("wait"), st.integers(1, 120)),
)
histories = st.lists(happening, max_size=25)


async def live_through(world: World, history: Sequence[tuple[str, object]]) -> None:
    """Run model and linker through a history, and compare their verdicts after each step."""
    model = Model()
    said: list[Said] = []
    steps: dict[str, Callable[..., Awaitable[None]]] = {
        "submit": _submit,
        "replay": _replay,
        "commit": _commit,
        "wait": _wait,
    }
    for what, how in history:
        await steps[what](world, model, said, how)
        assert verdicts_of(world, said) == {path: list(ends.items()) for path, ends in model.verdicts.items() if ends}
    # a duplicate of a linked submission may be held too: it looks like an update, and does no harm
    held = set(await world.held()) - set(world.linked_receipts)
    assert held == {each.receipt for line in model.lines.values() for each, _ in line}


def verdicts_of(world: World, said: Sequence[Said]) -> dict[str, list[tuple[str, str]]]:
    """The first verdict on every receipt, in the order in which the linker published them."""
    paths = {each.receipt: each.path for each in said}
    ends: dict[str, dict[str, str]] = defaultdict(dict)
    for message in world.publisher.messages:
        receipt = receipt_of(message)
        verdict = {"dataset.linked": "linked", "dataset.rejected": "rejected"}.get(message.topic)
        if verdict is not None:
            assert ends[paths[receipt]].setdefault(receipt, verdict) == verdict
    return {path: list(each.items()) for path, each in ends.items()}


async def _submit(world: World, model: Model, said: list[Said], batch: list[tuple[int, set[str]]]) -> None:
    new = [Said(f"receipt {len(said) + n}", PATHS[at], tuple(sorted(of))) for n, (at, of) in enumerate(batch)]
    said.extend(new)
    await _arrive(world, model, new)


async def _replay(world: World, model: Model, said: list[Said], numbers: list[int]) -> None:
    await _arrive(world, model, [said[number % len(said)] for number in numbers if said])


async def _arrive(world: World, model: Model, batch: Sequence[Said]) -> None:
    for each in batch:
        model.submit(each, world.now)
    await world.submit(*(facts(each.path, each.inputs, receipt=each.receipt) for each in batch))
    await world.send()


async def _commit(world: World, model: Model, _: list[Said], numbers: list[int]) -> None:
    """Commit what was linked, as the catalogue does, with the links of that submission."""
    paths = [PATHS[number] for number in numbers if "linked" in model.verdicts[PATHS[number]].values()]
    for path in paths:
        model.commit(path)
    await world.commit(*(committed(path, revision=1) for path in paths))


async def _wait(world: World, model: Model, _: list[Said], hours: int) -> None:
    model.look_at_clock(world.now + timedelta(hours=hours))
    await world.wait(timedelta(hours=hours))

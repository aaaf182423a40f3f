"""Two replicas on one database, both hammered at once, with a catalogue that commits what they link."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable
from random import Random

import pytest

from services.linker.storage.postgres.store import PostgresLinks
from shared.events.dataset import DatasetFacts
from shared.kafka.publisher import MemoryPublisher
from shared.postgres.database import Database
from tests.builders.linker.records import IDENTITIES, committed, dataset_id, facts
from tests.builders.linker.world import DEMANDS, World

pytestmark = pytest.mark.integration

DATASETS, REVISIONS = 120, 2


def random_lineage(chance: Random) -> dict[str, list[DatasetFacts]]:
    """Datasets with up to three inputs among the earlier ones, each submitted twice with inputs of its own."""
    paths = [f"/data/{n:03}" for n in range(DATASETS)]
    return {
        path: [
            facts(path, chance.sample(paths[:n], min(n, chance.randrange(4))), receipt=f"{path} {revision}")
            for revision in range(REVISIONS)
        ]
        for n, path in enumerate(paths)
    }


class Replica:
    """Owns the partitions of some datasets, and reads their submissions in order, now and then a batch twice."""

    def __init__(self, world: World, series: list[list[DatasetFacts]], chance: Random) -> None:
        self.world = world
        self._series = [each.copy() for each in series]
        self._chance = chance

    async def link(self) -> None:
        while self._series:
            batch = []
            for _ in range(self._chance.randint(1, 12)):
                if self._series:
                    line = self._chance.choice(self._series)
                    batch.append(line.pop(0))
                    self._series = [each for each in self._series if each]
            await self.world.submit(*batch)
            if self._chance.random() < 0.2:
                await self.world.submit(*batch)


class Catalogue:
    """Commits what either replica linked, and tells a replica of it: not always the one that linked it."""

    def __init__(self, worlds: list[World], receipts: int, chance: Random) -> None:
        self.worlds = worlds
        self.effects: dict[str, list[str]] = defaultdict(list)
        self.committed: set[str] = set()
        self._receipts = receipts
        self._read = 0
        self._chance = chance

    async def run(self) -> None:
        while sum(map(len, self.effects.values())) < self._receipts:
            new = self._poll()
            self._chance.shuffle(new)
            await asyncio.gather(*(world.send() for world in self.worlds))
            await asyncio.gather(*(self._tell(path) for path in new))

    def _poll(self) -> list[str]:
        """The paths of what was linked since; a receipt has an effect once, as the catalogue sees to."""
        topic = self.worlds[0]  # one topic for all: only there can the order of what two replicas sent be seen
        linked, receipts = topic.linked[self._read :], topic.linked_receipts[self._read :]
        self._read += len(linked)
        fresh = []
        for event, receipt in zip(linked, receipts, strict=True):
            line = self.effects[event.dataset.path]
            if receipt not in line:
                assert self.committed.issuperset(parent.path for parent in event.links.inputs)
                assert len(event.links.inputs) == len(event.dataset.inputs)
                line.append(receipt)
                fresh.append(event.dataset.path)
        return fresh

    async def _tell(self, path: str) -> None:
        self.committed.add(path)
        revision = len(self.effects[path])
        await self._chance.choice(self.worlds).learn(committed(path, revision=revision))


@pytest.mark.parametrize("seed", [1, 2])
async def test_everything_goes_on_once_in_effect_in_order_and_nothing_is_stuck(
    database: Database, caplog: pytest.LogCaptureFixture, seed: int
) -> None:
    chance = Random(seed)
    lineage = random_lineage(chance)
    topics = MemoryPublisher()
    worlds = [World(PostgresLinks(database, IDENTITIES, DEMANDS), topics) for _ in range(2)]
    shares: tuple[list[list[DatasetFacts]], list[list[DatasetFacts]]] = ([], [])
    for series in lineage.values():
        chance.choice(shares).append(series)
    catalogue = Catalogue(worlds, DATASETS * REVISIONS, chance)
    work: list[Awaitable[None]] = [
        Replica(world, share, Random(f"{seed} {number}")).link()
        for number, (world, share) in enumerate(zip(worlds, shares, strict=True))
    ]
    async with asyncio.timeout(120):
        await asyncio.gather(*work, catalogue.run())
    in_order = {path: [each.receipt_id for each in series] for path, series in lineage.items()}
    assert catalogue.effects == in_order
    await asyncio.gather(*(world.send() for world in worlds))
    assert worlds[0].reasons == []
    assert await worlds[0].held() == []
    assert retries(caplog) == []


async def test_a_child_and_the_commits_of_its_inputs_never_deadlock(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    """Both lock the rows of the inputs: here in opposite orders, were they not sorted."""
    holder, learner = (World(PostgresLinks(database, IDENTITIES, DEMANDS)) for _ in range(2))
    for n in range(10):
        paths = sorted((f"/data/{n}/{each}" for each in range(400)), key=dataset_id)
        await asyncio.gather(
            holder.submit(facts(f"/data/{n}/child", paths[::-1])),
            learner.learn(*(committed(path) for path in paths)),
        )
    await holder.send()
    assert len(holder.linked) == 10
    assert retries(caplog) == []


def retries(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What the runners had to do again, such as after a deadlock."""
    return [record.message for record in caplog.records if record.name == "shared.runtime.backoff"]

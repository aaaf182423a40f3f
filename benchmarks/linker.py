"""The time to link an ordinary dataset while another source floods the linker with merges.

    python -m benchmarks.linker [--merges 30] [--inputs 10000]

Each batch has one ordinary dataset of a second source, whose input is catalogued. In the second half of the run, a
merge of inputs that do not exist comes before it. Batches are divided into lots as in the services.
"""

import argparse
import asyncio
import tempfile
import time
from pathlib import Path
from statistics import median

from deploy.embedded.stack import KAFKA_VARIABLE, embedded_stack
from services.linker.storage.postgres.store import PostgresLinks
from shared.events.record import Record
from shared.postgres.database import Database
from shared.postgres.migrations import migrate
from shared.postgres.settings import DatabaseSettings
from shared.stages.lots import lots_of
from tests.builders.linker.records import IDENTITIES, committed, facts, validated
from tests.builders.linker.world import DEMANDS, World

ORDINARY = 30


def merge(number: int, inputs: int) -> Record:
    """A dataset that waits for many others."""
    return validated(facts(f"/data/merge/{number}", [f"/data/{number}/{each:05}" for each in range(inputs)]))


async def settle(world: World, batch: list[Record]) -> tuple[float, float]:
    """Seconds until the first lot of a batch, with the ordinary dataset, is settled, and until the last one is."""
    began, taken = time.perf_counter(), []
    for lot in lots_of(batch):
        await world.read(*lot)
        taken.append(time.perf_counter() - began)
    return taken[0], taken[-1]


async def main(merges: int, inputs: int) -> None:
    """Measure without the flood, then with it."""
    with tempfile.TemporaryDirectory() as folder:
        async with embedded_stack(Path(folder), environment={KAFKA_VARIABLE: "not needed"}) as stack:
            await migrate(stack.database_url, {"linker": "linker"})
            database = Database(DatabaseSettings(url=stack.database_url), "linker")
            await database.open()
            world = World(PostgresLinks(database, IDENTITIES, DEMANDS))
            await world.commit(committed("/data/there"))
            ordinary = [validated(facts(f"/data/{n}", ["/data/there"])) for n in range(ORDINARY + merges)]
            alone = [(await settle(world, [each]))[0] for each in ordinary[:ORDINARY]]
            beside = [
                await settle(world, [merge(number, inputs), each]) for number, each in enumerate(ordinary[ORDINARY:])
            ]
            await database.close()
    first, whole = zip(*beside, strict=True)
    refused = sum(each.code == "too_much_waits" for each in world.rejections)
    print(f"{merges} merges of {inputs} inputs, {refused} of them refused; milliseconds, median and worst")
    for name, taken in (("alone", alone), ("beside the flood", first), ("the whole batch", whole)):
        print(f"{name:20}{median(taken) * 1000:8.1f}{max(taken) * 1000:8.1f}")


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--merges", type=int, default=30)
    arguments.add_argument("--inputs", type=int, default=10_000)
    given = arguments.parse_args()
    asyncio.run(main(given.merges, given.inputs))

"""Nonsense on any topic is told as the record's own fault, and its neighbour is settled."""

import os
import random
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pytest

from shared.events.codes import Code, Refusal
from shared.events.topics import LOGBOOK
from shared.events.wire import Message, Record
from shared.runtime.backoff import Backoff
from shared.stages.halt import HaltRule, Standings
from shared.stages.stage import Stage, StageRunner
from tests.builders.submissions import IDENTITIES, processed_submission, raw_submission, submitted
from tests.flow.garbling import garbled
from tests.flow.world import World
from tests.unit.linker import builders as linker
from tests.unit.sample_tracking import building as tracking
from tests.unit.search.building import Topics, entry, investigation

pytestmark = pytest.mark.flow

RUNS = int(os.environ.get("BEAMCAT_GARBAGE_RUNS", "4"))
BATCH = 25
SEED = int(os.environ.get("BEAMCAT_FUZZ_SEED", "1"))
DEFECTS = {Code.INTERNAL_ERROR, Code.CANNOT_STORE}
NOW = datetime.fromisoformat("2026-11-24T00:00:00+00:00")


class Witness(HaltRule):
    """Remembers every outcome, those of stages that publish no rejections too."""

    def __init__(self) -> None:
        super().__init__(halts=False)
        self.outcomes: list[object] = []

    def judge(self, sources: Sequence[str], outcomes: Sequence[object], now: datetime) -> Standings:
        self.outcomes += outcomes
        return super().judge(sources, outcomes, now)


class WholeWorld(World):
    """All stages of all services, each watched by a witness."""

    def __init__(self) -> None:
        super().__init__()
        self.witnesses = [runner._halt_rule for runner in self.runners if isinstance(runner._halt_rule, Witness)]

    def _runner(self, stage: Stage[Any, Any]) -> StageRunner[Any, Any]:
        return StageRunner(stage, self.broker, lambda: self.now, Witness(), Backoff(), IDENTITIES)

    def refusals(self) -> list[Refusal]:
        found = [outcome for witness in self.witnesses for outcome in witness.outcomes]
        return [outcome for outcome in found if isinstance(outcome, Refusal)]


def messages() -> list[Message]:
    chance = random.Random(1)
    raws = [raw_submission(number, chance) for number in range(3)]
    child = processed_submission(0, raws[:1], chance)
    update = {key: raws[0][key] for key in ("name", "path", "proposal")} | {"mode": "update", "parameters": {"a": "1"}}
    orphan = processed_submission(7, [raw_submission(9, chance)], chance)
    said = [*raws, child, update, orphan, raws[1] | {"start": "noon"}, raws[2] | {"sample": None}]
    return [submitted(each, f"receipt-{number}", NOW) for number, each in enumerate(said)]


@pytest.fixture
async def samples() -> dict[str, list[Record]]:
    """Real records of every topic."""
    world = WholeWorld()
    topics = Topics()
    found: dict[str, list[Record]] = defaultdict(list)
    topics.reported(42)
    topics.shipped("shipment_declared", 1, shipment={"id": "a" * 24, "name": "box"})
    topics.shipped("parcel_declared", 2, parcel={"name": "dewar", "content": []})
    topics.shipped("withdrawn", 3, subject="shipment", id="a" * 24)
    topics.registered(investigation(42))
    topics.committed("/data/a", {"MX_flux": 1.0}, number=42)
    topics.unchanged("/data/a", "again")
    written = entry("a text").model_dump_json().encode()
    others = [
        topics._add(LOGBOOK, "entry", None, b'{"entry":%b}' % written),
        linker.announced(linker.slot("42", NOW)),
        linker.started(NOW),
        linker.rescheduled("42", NOW),
        tracking.moved("mounted", "S", 1, container=None),
    ]
    await world.send(*messages())
    for number, message in enumerate(world.broker.messages):
        found[message.topic].append(Record(message.topic, 0, number, 0, message.key, message.value, message.headers))
    for record in (*topics.records, *others):
        if record not in found[record.topic]:
            found[record.topic].append(record)
    return found


STAGES = [runner.stage.name for runner in WholeWorld().runners]


async def test_what_is_garbled_is_good_as_it_is(samples: dict[str, list[Record]]) -> None:
    """Else the test below would show nothing."""
    world = WholeWorld()
    for runner in world.runners:
        await runner.run(samples[runner.stage.consumes.name])
    assert {refusal.code for refusal in world.refusals()} <= {Code.DATASET_INVALID, Code.DATASET_NUMBER_UNKNOWN}


@pytest.mark.parametrize("stage", STAGES)
async def test_nonsense_is_the_records_fault_and_harms_no_neighbour(
    stage: str, samples: dict[str, list[Record]]
) -> None:
    for run in range(RUNS):
        chance = random.Random(f"{SEED} {stage} {run}")
        world = WholeWorld()
        place = [runner.stage.name for runner in world.runners].index(stage)
        runner, witness = world.runners[place], world.witnesses[place]
        good = chance.choice(samples[runner.stage.consumes.name])
        bad = [garbled(chance.choice(samples[runner.stage.consumes.name]), chance) for _ in range(BATCH)]
        await runner.run([*bad, good])
        settled = list(zip(witness.outcomes, [*bad, good], strict=True))
        await world.flow()
        faults = [refusal for refusal in world.refusals() if refusal.code in DEFECTS]
        culprits = [record for outcome, record in settled if outcome in faults]
        assert not faults, f"BEAMCAT_FUZZ_SEED={SEED}, run {run} of {stage}: {faults[0].message}\n{culprits}"
        last = witness.outcomes[len(bad)]
        assert not isinstance(last, Refusal) or last.code in {Code.DATASET_INVALID, Code.DATASET_NUMBER_UNKNOWN}, last

"""Nonsense on any topic is told as the record's own fault, and its neighbour is settled."""

import os
import random

import pytest

from shared.events.codes import Code, Refusal
from shared.events.record import Record
from tests.builders.garbage import garbled
from tests.suites.garbage import BATCH, DEFECTS, SEED, STAGES, WholeWorld, samples

__all__ = ["samples"]

pytestmark = [pytest.mark.flow, pytest.mark.usefixtures("form")]

RUNS = int(os.environ.get("BEAMCAT_GARBAGE_RUNS", "4"))


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
        assert not faults, f"SEED={SEED}, run {run} of {stage}: {faults[0].message}\n{culprits}"
        last = witness.outcomes[len(bad)]
        assert not isinstance(last, Refusal) or last.code in {Code.DATASET_INVALID, Code.DATASET_NUMBER_UNKNOWN}, last

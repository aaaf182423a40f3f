"""Resetting consumer groups, at any moment and however often, leaves every table and every answer as they were."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.events import Investigation, InvestigationAnnounced, RescheduledInvestigation
from shared.topics import INVESTIGATIONS
from shared.wire import Message, headers_of
from tests.builders.submissions import BEGIN, IDENTITIES, processed_submission, raw_submission, submitted
from tests.flow.world import AWAIT_SECONDS, World

pytestmark = pytest.mark.flow

Step = Message | timedelta
SENT = datetime(2026, 11, 24, tzinfo=UTC)


def story(chance: Random, count: int) -> list[Step]:
    """Datasets and results that wait, are refused, corrected under their receipt, updated and given up."""
    raws = [raw_submission(number, Random(number)) for number in range(2)]
    results = [processed_submission(2 + n, [raw], Random(n)) for n, raw in enumerate(raws)]
    own = results[0] | {"path": f"{results[0]['path']}_own", "input": [f"{results[0]['path']}_own"]}
    told: list[dict[str, Any]] = [
        *raws,
        *results,
        own,
        *(each | {"start": "yesterday"} for each in (raws[0], results[1])),
        *(each | {"mode": "merge", "parameters": {"MX_flux": "1e12"}} for each in raws),
        results[0] | {"input": [results[1]["path"], raws[0]["path"]]},
        results[1] | {"input": [results[0]["path"]]},
    ]
    steps: list[Step] = []
    for _ in range(count):
        match chance.randrange(10):
            case 0:
                steps.append(timedelta(seconds=chance.choice([1, AWAIT_SECONDS + 1])))
            case 1:
                steps.append(_planned(chance))
            case 2:
                steps.append(replace(submitted(chance.choice(told), "r-broken", SENT), value=b"{"))
            case 3:
                steps.append(replace(submitted(chance.choice(told), "r-keyed", SENT), key=b"mx1000"))
            case _:
                said = chance.choice(told)
                receipt = f"r-{IDENTITIES.dataset(said['path'])}-{chance.randrange(3)}"
                steps.append(submitted(said, receipt, SENT))
    return steps


def _planned(chance: Random) -> Message:
    name = str(chance.randrange(41, 43))
    beamline, end = chance.choice(["id30a-0", "id30a-1"]), BEGIN + timedelta(hours=8)
    announced = Investigation(facility_id=name, proposal="mx1000", beamline=beamline, start=BEGIN, end=end)
    moved = RescheduledInvestigation(
        happening="rescheduled", facility_id=name, at=BEGIN + timedelta(days=chance.randrange(3))
    )
    said = InvestigationAnnounced(investigation=chance.choice([announced, moved]))
    headers = headers_of(INVESTIGATIONS, receipt_id="office", source="/office", time=SENT.isoformat())
    return Message(INVESTIGATIONS.name, b"mx1000", said.model_dump_json().encode(), headers)


async def _told(steps: list[Step], chance: Random | None = None) -> World:
    """The world at the end; by chance groups are reset on the way, and all of them at last."""
    world = World()
    for step in steps:
        if chance is not None:
            for group in chance.sample(sorted(world.read), 2):
                world.rewind(group, chance.randrange(world.read[group] + 1))
        await _take(world, step)
    if chance is not None:
        for group in chance.sample(sorted(world.read), len(world.read)):
            world.now += timedelta(seconds=1)
            world.rewind(group)
            await world.flow()
    return world


async def _take(world: World, step: Step) -> None:
    if isinstance(step, timedelta):
        world.now += step
        await world.links.expire(world.now)
        await world.flow()
    else:
        await world.send(step)


def _tables(world: World) -> dict[str, Any]:
    """Everything that is remembered, but for how far topics were read, and for what only orders words of a topic."""
    linker = vars(world.links._shelf) | {"numbers": None}
    found = vars(world.found) | {"positions": None}
    found["receipts"] = {key: replace(each, word=0) for key, each in world.found.receipts.items()}
    found["investigations"] = {key: row._replace(word=0) for key, row in world.found.investigations.items()}
    tracking = vars(world.samples) | {"visits": {key: said.visit for key, said in world.samples.visits.items()}}
    catalogue = {"datasets": world.catalog._datasets, "receipts": world.catalog._answered}
    return {"linker": linker, "tracking": tracking, "catalogue": catalogue, "search": found}


@given(st.randoms(use_true_random=False), st.integers(1, 12))
def test_a_replay_of_any_group_at_any_moment_changes_nothing(chance: Random, count: int) -> None:
    steps = story(chance, count)
    once, again = asyncio.run(_told(steps)), asyncio.run(_told(steps, chance))
    left, right = _tables(once), _tables(again)
    for service, tables in left.items():
        for table, rows in tables.items():
            assert right[service][table] == rows, (service, table)

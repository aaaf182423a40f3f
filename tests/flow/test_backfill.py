"""What one beamcat has committed becomes the same catalogue in another one, through every stage in memory."""

import json
import random
from collections.abc import Sequence
from typing import Any

import pytest

from clients.cli.backfill.committed import submissions_in
from shared.events.topics import COMMITTED, REJECTED
from tests.builders.pipeline import World
from tests.builders.submissions import processed_submission, raw_submission, submitted

pytestmark = pytest.mark.flow

OF_THIS_BEAMCAT = ("made_at", "recollected_at", "investigation", "sample")
"""Times of commits, and ids that follow from a placeholder of an investigation."""


async def committed(submissions: Sequence[dict[str, Any]], form: str) -> list[dict[str, Any]]:
    """The events that a beamcat commits, in a form in which they are exported."""
    world = World()
    await world.send(*(submitted(each, f"{form}-{number}") for number, each in enumerate(submissions)))
    assert world.said(REJECTED.name) == []
    return list(world.said(COMMITTED.name))


def lasting(events: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The last document of each path, without what differs between two beamcats."""
    documents = {event["document"]["path"]: event["document"] for event in events if event["document"]}
    return {
        path: {name: said for name, said in document.items() if name not in OF_THIS_BEAMCAT}
        | {"sample": document["sample"] and document["sample"]["name"]}
        for path, document in documents.items()
    }


@pytest.mark.parametrize("form", ["event", "documents"])
async def test_datasets_and_their_lineage_are_the_same_in_another_beamcat(form: str) -> None:
    chance = random.Random(1)
    raws = [raw_submission(number, chance) | {"files": [{"path": "a.h5", "size_bytes": 1}]} for number in range(5)]
    results = [processed_submission(100 + number, [raw], chance) for number, raw in enumerate(raws)]
    before = await committed([*results, *raws], "before")
    lines = before if form == "event" else [{"total": 1, "document": {"event": event}} for event in before]
    again = await committed([one for line in lines for one in submissions_in(line)], "after")
    assert lasting(again) == lasting(before)
    assert len(lasting(again)) == 10


async def test_a_dataset_that_came_in_parts_comes_in_the_same_parts_again() -> None:
    whole = raw_submission(1, random.Random(1))
    wedges = [
        whole
        | {"start": f"2024-11-30T09:0{number}:00+01:00", "end": None, "mode": "merge" if number else "replace"}
        | {"complete": number == 2, "parameters": whole["parameters"] | {"MX_axis_start": str(90 * number)}}
        for number in range(3)
    ]
    for wedge in wedges:
        del wedge["end"]
    before = await committed(wedges, "before")
    assert len(before[-1]["document"]["parts"]) == 3
    again = await committed(submissions_in(json.loads(json.dumps(before[-1]))), "after")
    assert lasting(again) == lasting(before)

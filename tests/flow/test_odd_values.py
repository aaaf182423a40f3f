"""Whatever a producer writes in one place of a good dataset: it is catalogued, waits, or is refused with a reason."""

import copy
import json
import os
import random
from collections.abc import Iterator
from typing import Any

import pytest

from shared.events.codes import Code
from shared.events.record import Message
from shared.events.topics import COMMITTED, PENDING, REJECTED
from tests.builders.pipeline import World
from tests.builders.seeds import seed_of_run
from tests.builders.submissions import processed_submission, raw_submission, submitted

pytestmark = pytest.mark.flow

RUNS = int(os.environ.get("BEAMCAT_FUZZ_RUNS", "600"))
DEFECTS = {Code.INTERNAL_ERROR, Code.CANNOT_STORE}

NUMBERS = [0, -1, 1.5, 2**31, 2**53 + 1, 2**63, 2**64, 10**30, -(2**63) - 1, 1e308, -1e308, 5e-324]
TEXTS = [
    "",
    " ",
    "x" * 70_000,
    "\u202e\u200b",
    "\N{GRINNING FACE}",
    "a/b",
    "/",
    "//data",
    "/data/../etc",
    "/data/\x01x",
]
NUMERALS = [
    "NaN",
    "Infinity",
    "-inf",
    "1e999",
    "0x10",
    "1_000",
    "\N{FULLWIDTH DIGIT ONE}",
    "\N{ARABIC-INDIC DIGIT THREE}",
]
TIMES = [
    "2026-01-01",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-12:00",
    "10000-01-01T00:00:00Z",
    "2026-02-30T00:00:00Z",
    "2026-06-30T23:59:60Z",
    "2026-01-01T00:00:00.123456789Z",
    1_767_225_600,
    "P1D",
]
SHAPES: list[object] = [
    None,
    True,
    [],
    [[]],
    {},
    {"value": 1, "unit": "parsec"},
    {"value": [1, None]},
    ["a"] * 2000,
    [1.5] * 2000,
]
ODD = [*NUMBERS, *TEXTS, *NUMERALS, *TIMES, *SHAPES]

Place = tuple[str | int, ...]


def places(value: Any, place: Place = ()) -> Iterator[Place]:  # JSON
    """Every place of a JSON value."""
    yield place
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in inner:
        yield from places(part, (*place, key))


def changed(value: Any, place: Place, odd: object) -> Any:  # JSON
    """The value with something else in one place."""
    if not place:
        return odd
    at = value = copy.deepcopy(value)
    for key in place[:-1]:
        at = at[key]
    at[place[-1]] = odd
    return value


async def test_an_odd_value_in_any_place_ends_in_a_verdict() -> None:
    seed = seed_of_run()
    chance = random.Random(seed)
    raw = raw_submission(1, chance) | {"end": "2026-11-20T11:00:00+01:00", "investigation_id": "77", "mode": "replace"}
    raw |= {"complete": True, "files": [{"path": "a.h5", "size_bytes": 10}], "producer": {"software": "a"}}
    good = [raw, processed_submission(2, [raw], chance)]
    world = World()
    written: dict[str, tuple[Place, object]] = {}
    for number in range(RUNS):
        dataset = copy.deepcopy(chance.choice(good))
        dataset["path"] += f"_{number}"
        place, odd = chance.choice(list(places(dataset))), chance.choice(ODD)
        receipt = f"r-{number}"
        written[receipt] = place, odd
        message = submitted(dataset, receipt)
        payload = json.dumps({"submission": changed(dataset, place, odd)}).encode()
        await world.send(Message(message.topic, message.key, payload, message.headers))
    refused = {said["rejection"]["receipt_id"]: said["rejection"]["code"] for said in world.said(REJECTED.name)}
    ended = {said["commit"]["receipt_id"] for said in world.said(COMMITTED.name)}
    ended |= {said["pending"]["receipt_id"] for said in world.said(PENDING.name)} | refused.keys()
    assert written.keys() - ended == set()
    assert {receipt: written[receipt] for receipt, code in refused.items() if code in DEFECTS} == {}

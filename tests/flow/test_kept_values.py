"""Sentinels and words among good values: the dataset is catalogued, they are kept as they were said, and flagged."""

import random
from typing import Any

import pytest

from services.search.projections.datasets.note import DatasetEntry
from shared.events.topics import COMMITTED, REJECTED
from tests.builders.pipeline import World
from tests.builders.submissions import raw_submission, submitted

pytestmark = pytest.mark.flow

ODD: dict[str, Any] = {
    "MX_motors_name": "phiy kappa sampx",
    "MX_motors_value": "0.12 None 3.4",
    "MX_kappa": -9999,
    "MX_flux": -1,
    "MX_transmission": "100.6",
    "MX_resolution": 0,
    "InstrumentSource_current": "unknown",
    "MX_aperture": "OUT",
    "MX_axis_range": "Omega",
}


def a_dataset(**changes: Any) -> dict[str, Any]:
    dataset = raw_submission(1, random.Random(1))
    return dataset | changes


def entry_of(world: World) -> DatasetEntry:
    [entry] = world.found.standing(DatasetEntry).values()
    return entry


async def test_a_measurement_with_sentinels_is_committed_and_each_is_shown_as_it_was_said() -> None:
    world = World()
    dataset = a_dataset()
    dataset["parameters"] |= ODD
    await world.send(submitted(dataset, "r-1"))
    assert world.said(REJECTED.name) == []
    [event] = world.said(COMMITTED.name)
    parameters = event["document"]["parameters"]
    kept = {name: said for name, said in ODD.items() if name != "MX_motors_name"}
    assert {name: parameters[name] for name in kept} == {name: {"original": str(said)} for name, said in kept.items()}
    flagged = {finding["parameter"] for finding in event["document"]["findings"]}
    assert kept.keys() <= flagged


async def test_what_was_kept_is_found_as_text_and_never_as_a_number() -> None:
    world = World()
    dataset = a_dataset()
    dataset["parameters"] |= ODD
    await world.send(submitted(dataset, "r-1"))
    entry = entry_of(world)
    numbers = {key.name for key, _ in entry.numbers}
    texts = {key.name: text for key, text in entry.texts}
    assert numbers.isdisjoint(name for name in ODD if name != "MX_motors_name")
    assert {name: texts[name] for name in ("MX_flux", "MX_aperture")} == {"MX_flux": "-1", "MX_aperture": "OUT"}


async def test_a_value_comes_when_it_is_said_and_a_word_does_not_take_it_away() -> None:
    world = World()
    for said in ("unknown", "1.5e12", "-9999"):
        dataset = a_dataset(mode="merge")
        dataset["parameters"] = {**dataset["parameters"], "MX_flux": said}
        await world.send(submitted(dataset, f"r-{said}"))
    told = [event["document"]["parameters"]["MX_flux"].get("value") for event in world.said(COMMITTED.name)]
    assert told == [None, 1.5e12, 1.5e12]

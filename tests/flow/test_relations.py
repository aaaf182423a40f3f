"""Wedges that add up, re-collections and renames, through every stage."""

import json
import random
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.events.record import Message
from shared.events.topics import COMMITTED, LINKED, REJECTED
from shared.vocabulary.datafiles import SCHEMAS
from tests.builders.pipeline import World
from tests.builders.submissions import BEGIN, processed_submission, raw_submission, submitted

pytestmark = [pytest.mark.flow, pytest.mark.usefixtures("form")]

WEDGE: dict[str, Any] = json.loads((SCHEMAS / "examples/mx/accepted-characterisation-wedge.json").read_text())[
    "submission"
]


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def raw() -> dict[str, Any]:
    return raw_submission(1, random.Random(1))


def result(number: int, *inputs: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A result that names no sample."""
    named = [{"sample": "", **each} for each in inputs]
    made: dict[str, Any] = processed_submission(number, named, random.Random(number)) | more
    return {key: value for key, value in made.items() if key != "sample"}


async def send(world: World, *submissions: dict[str, Any]) -> None:
    """Each as an event of its own, a minute after what was before."""
    world.now += timedelta(minutes=1)
    receipts = len(world.said("dataset.submitted"))
    await world.send(*(submitted(each, f"r-{receipts + n}", world.now) for n, each in enumerate(submissions)))


def now_at(world: World, submission: dict[str, Any]) -> dict[str, Any]:
    """The document of a path as it is catalogued."""
    documents: list[dict[str, Any]] = [event["document"] for event in world.said(COMMITTED.name) if event["document"]]
    return next(each for each in reversed(documents) if each["path"] == submission["path"])


def codes(world: World, submission: dict[str, Any]) -> list[str]:
    own = {"content_replaced", "input_replaced", "sample_ambiguous", "sample_unknown"}
    return [each["code"] for each in now_at(world, submission)["findings"] if each["code"] in own]


def sample(world: World, submission: dict[str, Any]) -> str | None:
    said: dict[str, str] | None = now_at(world, submission)["sample"]
    return said["name"] if said else None


def again(submission: dict[str, Any], sample: str, hours: int = 3) -> dict[str, Any]:
    """Another measurement in the same folder."""
    start = BEGIN + timedelta(hours=hours)
    return submission | {
        "sample": sample,
        "start": start.isoformat(),
        "end": (start + timedelta(seconds=40)).isoformat(),
        "parameters": submission["parameters"] | {"Sample_name": sample},
    }


def renaming(submission: dict[str, Any], sample: str) -> dict[str, Any]:
    """As ICAT's `update_metadata` tells it."""
    kept: dict[str, Any] = {key: submission[key] for key in ("name", "path", "proposal")}
    return kept | {
        "beamline": submission["parameters"]["beamlineID"],
        "mode": "update",
        "parameters": {"Sample_name": sample},
    }


def wedge(number: int) -> dict[str, Any]:
    minutes = 30 + number
    return WEDGE | {
        "mode": "upsert",
        "start": f"2024-11-30T09:{minutes}:00+01:00",
        "end": f"2024-11-30T09:{minutes}:40+01:00",
        "parameters": WEDGE["parameters"]
        | {
            "MX_numberOfImages": "10",
            "MX_startImageNumber": str(10 * number + 1),
            "MX_axis_start": str(90 * number),
            "MX_axis_range": "1.0",
            "MX_axis_end": str(90 * number + 1),
            "MX_dataCollectionId": str(3457818 + number),
        },
    }


async def test_the_wedges_of_a_characterisation_add_up_also_when_the_client_sends_them_again(world: World) -> None:
    wedges = [wedge(number) for number in range(4)]
    for each in (*wedges, wedges[1], wedges[3]):
        await send(world, each)
    document = now_at(world, WEDGE)
    said = {name: parameter["value"] for name, parameter in document["parameters"].items()}
    assert (said["MX_numberOfImages"], said["MX_axis_range"], document["file_count"]) == (40, 4.0, 4 * 41)
    assert (said["MX_axis_start"], said["MX_axis_end"], said["MX_startImageNumber"]) == (0.0, 271.0, 1)
    assert (
        world.committed()
        == [(WEDGE["path"], 1), (WEDGE["path"], 2), (WEDGE["path"], 3), (WEDGE["path"], 4)] + [(WEDGE["path"], 4)] * 2
    )
    assert [each["code"] for each in document["findings"] if each["code"].startswith("parts_")] == ["parts_apart"]


async def test_a_recollection_is_flagged_and_so_are_the_results_of_what_was_there(
    world: World, raw: dict[str, Any]
) -> None:
    made = result(2, raw)
    await send(world, raw, made)
    await send(world, again(raw, "Rac1"))
    assert codes(world, raw) == ["content_replaced"]
    assert codes(world, made) == ["input_replaced"]
    assert (sample(world, raw), sample(world, made)) == ("Rac1", raw["sample"])
    assert now_at(world, made)["inputs"][0]["replaced"]
    assert world.said(REJECTED.name) == []


async def test_a_result_that_is_processed_anew_loses_its_flag_and_has_the_new_sample(
    world: World, raw: dict[str, Any]
) -> None:
    made = result(2, raw)
    await send(world, raw, made)
    await send(world, again(raw, "Rac1"))
    await send(world, made)  # the client sends the old result once more
    assert codes(world, made) == ["input_replaced"]
    start = BEGIN + timedelta(hours=4)
    await send(world, made | {"start": start.isoformat(), "end": (start + timedelta(minutes=8)).isoformat()})
    assert codes(world, made) == ["content_replaced"]  # another result took the place of the first
    assert (sample(world, made), now_at(world, made)["inputs"][0]["replaced"]) == ("Rac1", False)


async def test_a_comment_or_a_second_recollection_leaves_the_flag(world: World, raw: dict[str, Any]) -> None:
    made = result(2, raw)
    await send(world, raw, made)
    await send(world, again(raw, "Rac1"))
    await send(world, again(raw, "Rac2", hours=5))
    await send(world, made | {"mode": "merge", "parameters": {"beamlineID": "id30a-1", "MX_comments": "ice"}})
    assert codes(world, made) == ["input_replaced"]
    assert sample(world, made) == raw["sample"]
    assert codes(world, raw) == ["content_replaced"]


async def test_a_renamed_sample_reaches_all_results_that_inherited_it(world: World, raw: dict[str, Any]) -> None:
    integrated = result(2, raw)
    fitted = result(3, integrated, path="/data/visitor/mx1001/PROCESSED_DATA/scaled")
    named = processed_submission(4, [raw], random.Random(4))
    await send(world, raw, integrated, named)
    await send(world, fitted)
    await send(world, renaming(raw, "Rac1"))
    assert [sample(world, each) for each in (raw, integrated, fitted)] == ["Rac1"] * 3
    assert sample(world, named) == raw["sample"]
    assert now_at(world, fitted)["sample"]["inherited"]
    assert now_at(world, fitted)["sample"] == now_at(world, integrated)["sample"]
    assert [codes(world, each) for each in (raw, integrated, fitted, named)] == [[]] * 4
    await send(world, renaming(raw, raw["sample"]))
    assert [sample(world, each) for each in (raw, integrated, fitted)] == [raw["sample"]] * 3
    assert world.said(REJECTED.name) == []


async def test_a_merge_of_two_follows_when_both_have_the_new_name(world: World, raw: dict[str, Any]) -> None:
    other = raw | {"path": f"{raw['path']}b"}
    both = result(2, raw, other)
    await send(world, raw, other, both)
    await send(world, renaming(raw, "Rac1"))
    assert (sample(world, both), codes(world, both)) == (None, ["sample_ambiguous"])
    await send(world, renaming(other, "Rac1"))
    assert (sample(world, both), codes(world, both)) == ("Rac1", [])


async def test_a_sample_that_was_not_known_is_inherited_once_it_is(world: World, raw: dict[str, Any]) -> None:
    parameters = {name: value for name, value in raw["parameters"].items() if name != "Sample_name"}
    nameless = {key: value for key, value in raw.items() if key != "sample"} | {"parameters": parameters}
    made = result(2, raw)
    await send(world, nameless, made)
    assert sample(world, made) is None
    await send(world, renaming(raw, "Rac1"))
    assert (sample(world, made), codes(world, made)) == ("Rac1", [])


async def test_what_outdates_a_result_does_not_rename_it_later(world: World, raw: dict[str, Any]) -> None:
    old, new = result(2, raw), result(3, raw)
    await send(world, raw, old)
    await send(world, again(raw, "Rac1"))
    start = BEGIN + timedelta(hours=4)
    await send(world, new | {"start": start.isoformat(), "end": start.isoformat()})
    await send(world, renaming(raw, "Rac2"))
    assert [sample(world, each) for each in (raw, old, new)] == ["Rac2", raw["sample"], "Rac2"]


async def test_to_read_everything_again_changes_nothing(world: World, raw: dict[str, Any]) -> None:
    made = result(2, raw)
    await send(world, raw, made)
    await send(world, again(raw, "Rac1"))
    await send(world, renaming(raw, "Rac2"))
    before = world.committed()
    for topic in (COMMITTED.name, LINKED.name):
        await world.broker.publish(
            [Message(topic, each.key, each.value, each.headers) for each in world.broker.of(topic)]
        )
        await world.flow()
    repeated = world.committed()[2 * len(before) :]
    assert set(repeated) <= set(before)
    assert (sample(world, made), codes(world, made)) == (raw["sample"], ["input_replaced"])


STEPS = st.lists(
    st.sampled_from(["collect A", "collect B", "rename A", "rename B", "process", "process again", "scale"]), max_size=8
)


@settings(max_examples=20)
@given(STEPS)
async def test_whatever_happens_comes_to_rest_and_samples_agree(steps: list[str]) -> None:
    world = World()
    raw = raw_submission(1, random.Random(1))
    integrated = result(2, raw)
    scaled = result(3, integrated, path="/data/visitor/mx1001/PROCESSED_DATA/scaled")
    await send(world, raw, integrated, scaled)
    for hours, step in enumerate(steps, start=2):
        start = BEGIN + timedelta(hours=hours)
        times = {"start": start.isoformat(), "end": start.isoformat()}
        doing, _, name = step.partition(" ")
        match doing:
            case "collect":
                await send(world, again(raw, name, hours))
            case "rename":
                await send(world, renaming(raw, name))
            case "process":
                await send(world, integrated | (times if name else {}))
            case _:
                await send(world, scaled | times)
    assert world.said(REJECTED.name) == []
    for child, parent in ((integrated, raw), (scaled, integrated)):
        outdated = codes(world, child).count("input_replaced")
        assert now_at(world, child)["inputs"][0]["replaced"] == bool(outdated)
        if not outdated:
            assert sample(world, child) == sample(world, parent)

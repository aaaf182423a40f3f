"""The promise of docs/techniques/new-technique.md: what the page says is done, and nothing else."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from shared.techniques import TechniqueBook
from shared.topics import COMMITTED, LINKED, PENDING, REJECTED, VALIDATED
from tests.builders.submissions import dataset_id, submitted
from tests.flow.world import World

pytestmark = pytest.mark.flow

PAGE = (Path(__file__).parents[2] / "docs/techniques/new-technique.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A facility that has put the page's file into a directory of its own."""
    [technique] = blocks("toml")
    (tmp_path / "xrpd.toml").write_text(technique, encoding="utf-8")
    return World(TechniqueBook.load([tmp_path]))


def examples() -> tuple[dict[str, Any], dict[str, Any]]:
    accepted, rejected = map(json.loads, blocks("json"))
    return accepted, rejected


async def test_a_dataset_of_the_new_technique_is_validated_linked_and_found(world: World) -> None:
    frames, pattern = (example["submission"] for example in examples())
    await world.send(submitted(pattern, "r-pattern"))
    assert [payload["pending"]["waits_for"] for payload in world.said(PENDING.name)] == [[frames["path"]]]
    await world.send(submitted(frames, "r-frames"))

    kinds = ["xrpd.raw.frames", "xrpd.processed.pattern"]
    assert sorted(payload["dataset"]["kind"] for payload in world.said(VALIDATED.name)) == sorted(kinds)
    assert [payload["dataset"]["kind"] for payload in world.said(LINKED.name)] == kinds
    assert [payload["document"]["technique"] for payload in world.said(COMMITTED.name)] == ["XRPD", "XRPD"]
    found = world.found.entries[dataset_id(pattern)]
    assert (found.row.kind, [path for _, path in found.inputs]) == (kinds[1], [frames["path"]])


async def test_what_the_file_forbids_is_refused_with_the_reason(world: World) -> None:
    frames, wrong = (example["submission"] for example in examples())
    await world.send(submitted(frames | {"sample": "corundum"}, "r-frames"), submitted(wrong, "r-wrong"))
    [rejection] = [payload["rejection"] for payload in world.said(REJECTED.name)]
    assert rejection["receipt_id"] == "r-wrong"
    assert [finding["code"] for finding in rejection["findings"]] == examples()[1]["expect"]["errors"]
    assert "expected corundum, found quartz" in rejection["message"]


async def test_without_the_file_it_is_kept_and_said_to_be_unknown() -> None:
    world = World()
    frames = examples()[0]["submission"]
    await world.send(submitted(frames, "r-frames"))
    [payload] = world.said(COMMITTED.name)
    assert payload["document"]["kind"] == "generic.raw"
    assert "technique_unknown" in [finding["code"] for finding in payload["document"]["findings"]]

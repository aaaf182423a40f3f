"""The promise of docs/techniques/multi-kappa.md, on the running system: what it says is what a user sees."""

import json
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from tests.builders.terminal import ROOT, beamcat
from tests.e2e.running.conftest import Facility

pytestmark = pytest.mark.e2e

EXAMPLE = ROOT / "examples" / "multi-kappa.json"
WORKFLOW = "67a1c0a2e4b1"  # one that no page has submitted
GROUPED_BY = ("Workflow_id", "MX_positionName", "MX_kappa_settings_id")


def told(facility: Facility, *arguments: str) -> str:
    done = beamcat(facility.folder, *arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_four_collections_at_two_kappa_settings_are_merged_and_their_tree_is_seen(
    facility: Facility, tmp_path: Path
) -> None:
    another = EXAMPLE.read_text().replace("run_07", "run_08").replace("67a1c0a2e4b0", WORKFLOW)
    submissions: list[dict[str, Any]] = json.loads(another)
    merge_first = tmp_path / "multi-kappa.json"
    merge_first.write_text(json.dumps(submissions[::-1]))  # whatever the order, each waits for its inputs
    states = json.loads(told(facility, "submit", str(merge_first), "--json"))
    assert {state["state"] for state in states} == {"committed"}

    merged = submissions[-1]["path"]
    graph = json.loads(told(facility, "lineage", merged, "--json"))
    kinds = {node["dataset_id"]: node["kind"] for node in graph["nodes"]}
    assert sorted(kinds.values()) == [
        "mx.processed.integration", "mx.processed.integration", "mx.processed.integration",
        "mx.processed.integration", "mx.processed.merge", "mx.raw.datacollection", "mx.raw.datacollection",
        "mx.raw.datacollection", "mx.raw.datacollection",
    ]  # fmt: skip
    steps = sorted((kinds[edge["parent"]], kinds[edge["child"]]) for edge in graph["edges"])
    assert steps == [
        *[("mx.processed.integration", "mx.processed.merge")] * 4,
        *[("mx.raw.datacollection", "mx.processed.integration")] * 4,
    ]
    for position, kappa in product(("pos1", "pos2"), (r"Kappa: 0.0\, Phi: 0.0", r"Kappa: 30.0\, Phi: 90.0")):
        group = zip(GROUPED_BY, (WORKFLOW, position, kappa), strict=True)
        asked = ",".join(f"{name}~eq~{value}" for name, value in group)
        found = json.loads(told(facility, "find", "-p", asked, "--json"))["datasets"]
        assert sorted(each["kind"] for each in found) == ["mx.processed.integration", "mx.raw.datacollection"]
    assert "autoPROC_merged" in told(facility, "lineage", merged)

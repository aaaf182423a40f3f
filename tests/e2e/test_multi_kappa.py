"""The promise of docs/techniques/multi-kappa.md, on the running system: what it says is what a user sees."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import product
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "multi-kappa.json"
BEAMCAT = [sys.executable, "-m", "clients.cli"]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "250"}
GROUPED_BY = ("Workflow_id", "MX_positionName", "MX_kappa_settings_id")


@contextmanager
def beamcat_up(folder: Path) -> Iterator[None]:
    up = subprocess.Popen([*BEAMCAT, "up"], cwd=folder, env=ENVIRONMENT, text=True, stdout=subprocess.PIPE)
    assert up.stdout is not None
    try:
        assert any("Ctrl-C" in line for line in up.stdout)
        yield
    finally:
        up.send_signal(signal.SIGTERM)
        assert up.wait(60) == 0
        up.stdout.close()


def beamcat(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        [*BEAMCAT, *arguments], cwd=folder, env=ENVIRONMENT, text=True, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_four_collections_at_two_kappa_settings_are_merged_and_their_tree_is_seen(tmp_path: Path) -> None:
    submissions: list[dict[str, Any]] = json.loads(EXAMPLE.read_text())
    merge_first = tmp_path / "multi-kappa.json"
    merge_first.write_text(json.dumps(submissions[::-1]))  # whatever the order, each waits for its inputs
    with beamcat_up(tmp_path):
        states = json.loads(beamcat(tmp_path, "submit", str(merge_first), "--json"))
        assert {state["state"] for state in states} == {"committed"}

        merged = submissions[-1]["path"]
        graph = json.loads(beamcat(tmp_path, "lineage", merged, "--json"))
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
            group = zip(GROUPED_BY, ("67a1c0a2e4b0", position, kappa), strict=True)
            asked = ",".join(f"{name}~eq~{value}" for name, value in group)
            found = json.loads(beamcat(tmp_path, "find", "-p", asked, "--json"))["datasets"]
            assert sorted(each["kind"] for each in found) == ["mx.processed.integration", "mx.raw.datacollection"]
        assert "autoPROC_merged" in beamcat(tmp_path, "lineage", merged)

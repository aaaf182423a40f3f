"""What a user types, in an empty folder."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).parents[2]
BEAMCAT = [sys.executable, "-m", "clients.cli"]


def beamcat(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "200"}
    return subprocess.run(
        [*BEAMCAT, *arguments], cwd=folder, env=environment, text=True, capture_output=True, check=False
    )


def test_the_demo_finds_everything_again_twice_and_leaves_no_process(tmp_path: Path) -> None:
    first, second = beamcat(tmp_path, "demo"), beamcat(tmp_path, "demo")
    for demo in (first, second):
        assert demo.returncode == 0, demo.stdout + demo.stderr
        assert "did you mean MX_exposureTime?" in demo.stdout
    assert "unchanged" not in first.stdout
    assert "unchanged" in second.stdout
    assert not [
        process for process in psutil.process_iter(["cmdline"]) if str(tmp_path) in str(process.info["cmdline"])
    ]


def test_while_beamcat_is_up_every_command_answers(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    up = subprocess.Popen([*BEAMCAT, "up"], cwd=tmp_path, env=environment, text=True, stdout=subprocess.PIPE)
    assert up.stdout is not None
    try:
        assert any("Ctrl-C" in line for line in up.stdout)
        examples = ROOT / "examples"

        submitted = beamcat(tmp_path, "submit", str(examples / "1-the-two-calls.json"), "--json")
        assert submitted.returncode == 0, submitted.stderr
        receipts = json.loads(submitted.stdout)
        assert [receipt["state"] for receipt in receipts] == ["committed", "committed"]

        checked = beamcat(tmp_path, "check", str(examples / "4-wrong-value.json"))
        assert checked.returncode == 1
        assert "MX_numberOfImages" in checked.stdout

        wrong = beamcat(tmp_path, "submit", str(examples / "4-wrong-value.json"), "--json")
        assert wrong.returncode == 1
        [rejected] = json.loads(wrong.stdout)
        listed = json.loads(beamcat(tmp_path, "rejections", "list", "--json").stdout)["rejections"]
        assert [rejection["receipt_id"] for rejection in listed] == [rejected["receipt_id"]]
        rejection_id = listed[0]["rejection_id"]
        assert "many" in beamcat(tmp_path, "rejections", "show", rejection_id).stdout

        original = tmp_path / "corrected.json"
        assert beamcat(tmp_path, "rejections", "resubmit", rejection_id, "--save", str(original)).returncode == 0
        original.write_text(original.read_text().replace('"many"', '"4000"'))
        corrected = beamcat(tmp_path, "rejections", "resubmit", rejection_id, "--file", str(original))
        assert corrected.returncode == 0, corrected.stdout

        assert beamcat(tmp_path, "status", receipts[0]["receipt_id"]).returncode == 0
        assert beamcat(tmp_path, "status", receipts[1]["path"]).returncode == 0
        assert beamcat(tmp_path, "status", "/data/nothing/there").returncode == 1
        found = json.loads(beamcat(tmp_path, "find", "-p", "MX_resolution~lt~2", "--json").stdout)
        assert receipts[0]["path"] in [dataset["path"] for dataset in found["datasets"]]
        tree = json.loads(beamcat(tmp_path, "lineage", receipts[0]["path"], "--json").stdout)
        assert len(tree["edges"]) == 1

        audited = beamcat(tmp_path, "audit", "--proposal", "mx1111", "--json")
        assert audited.returncode == 0, audited.stdout + audited.stderr
        report = json.loads(audited.stdout)
        assert (report["judged"], report["datasets"]) == (3, [])
    finally:
        up.send_signal(signal.SIGTERM)
        assert up.wait(60) == 0
        up.stdout.close()
    down = beamcat(tmp_path, "find", "Fus")
    assert down.returncode == 3
    assert "is beamcat up?" in down.stderr

"""What a user types beside a running beamcat."""

import json
from pathlib import Path

import pytest

from tests.e2e.running.conftest import Facility
from tests.e2e.terminal import ROOT, beamcat

pytestmark = pytest.mark.e2e


def test_while_beamcat_is_up_every_command_answers(facility: Facility, tmp_path: Path) -> None:
    examples = ROOT / "examples"

    submitted = beamcat(facility.folder, "submit", str(examples / "1-the-two-calls.json"), "--json")
    assert submitted.returncode == 0, submitted.stderr
    receipts = json.loads(submitted.stdout)
    assert [receipt["state"] for receipt in receipts] == ["committed", "committed"]

    checked = beamcat(facility.folder, "check", str(examples / "4-wrong-value.json"))
    assert checked.returncode == 1
    assert "MX_numberOfImages" in checked.stdout

    wrong = beamcat(facility.folder, "submit", str(examples / "4-wrong-value.json"), "--json")
    assert wrong.returncode == 1
    [rejected] = json.loads(wrong.stdout)
    listed = json.loads(beamcat(facility.folder, "rejections", "list", "--json").stdout)["rejections"]
    [rejection_id] = [each["rejection_id"] for each in listed if each["receipt_id"] == rejected["receipt_id"]]
    assert "many" in beamcat(facility.folder, "rejections", "show", rejection_id).stdout

    original = tmp_path / "corrected.json"
    assert beamcat(facility.folder, "rejections", "resubmit", rejection_id, "--save", str(original)).returncode == 0
    original.write_text(original.read_text().replace('"many"', '"4000"'))
    corrected = beamcat(facility.folder, "rejections", "resubmit", rejection_id, "--file", str(original))
    assert corrected.returncode == 0, corrected.stdout

    assert beamcat(facility.folder, "status", receipts[0]["receipt_id"]).returncode == 0
    assert beamcat(facility.folder, "status", receipts[1]["path"]).returncode == 0
    assert beamcat(facility.folder, "status", "/data/nothing/there").returncode == 1
    found = json.loads(beamcat(facility.folder, "find", "-p", "MX_resolution~lt~2", "--json").stdout)
    assert receipts[0]["path"] in [dataset["path"] for dataset in found["datasets"]]
    tree = json.loads(beamcat(facility.folder, "lineage", receipts[0]["path"], "--json").stdout)
    assert len(tree["edges"]) == 1

    audited = beamcat(facility.folder, "audit", "--proposal", "mx1111", "--json")
    assert audited.returncode == 0, audited.stdout + audited.stderr
    report = json.loads(audited.stdout)
    assert report["judged"] >= 3
    assert report["datasets"] == []

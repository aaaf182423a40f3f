"""What a user types beside a running beamcat."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

from clients.cli.connection.stomp import send
from tests.builders.icat_clients import dataset
from tests.builders.pages import commands_of
from tests.builders.terminal import ROOT, beamcat
from tests.e2e.running.conftest import Facility

pytestmark = pytest.mark.e2e

Answer = TypeVar("Answer")


def test_an_operators_commands_need_no_settings_beside_a_running_beamcat(facility: Facility) -> None:
    applied = json.loads(beamcat(facility.folder, "topics", "apply", "--json").stdout)
    assert not any(topic["created"] for topic in applied)
    assert beamcat(facility.folder, "migrate").returncode == 0

    assert beamcat(facility.folder, "tokens", "create", "bm29", "--beamline", "bm29").returncode == 0
    tokens = json.loads(beamcat(facility.folder, "tokens", "list", "--json").stdout)
    assert {"development", "bm29"} <= {token["name"] for token in tokens}

    checked = beamcat(facility.folder, "integrity", "--json")
    assert (checked.returncode, set(json.loads(checked.stdout).values())) == (0, {0})

    rebuilt = beamcat(facility.folder, "rebuild", "search")
    assert rebuilt.returncode == 0, rebuilt.stderr
    assert rebuilt.stdout.startswith("search was rebuilt from ")
    assert beamcat(facility.folder, "find", "--limit", "1").returncode in {0, 1}


def test_while_services_run_recover_refuses_in_one_sentence(facility: Facility) -> None:
    refused = beamcat(facility.folder, "recover", "--since", "2027-01-01")
    assert (refused.returncode, refused.stdout) == (1, "")
    _servers, sentence = refused.stderr.splitlines()
    assert "have members: stop all services first" in sentence


def test_while_beamcat_is_up_every_command_answers(facility: Facility, tmp_path: Path) -> None:
    examples = ROOT / "examples"

    submitted = beamcat(facility.folder, "submit", str(examples / "1-the-two-calls.json"), "--json")
    assert submitted.returncode == 0, submitted.stderr
    receipts = json.loads(submitted.stdout)
    assert [receipt["state"] for receipt in receipts] == ["unchanged", "unchanged"]

    [imported] = json.loads(beamcat(facility.folder, *commands_of("README.md")[-1], "--json").stdout)
    assert imported["state"] in {"committed", "unchanged"}
    assert [left["value"] for left in imported["not_submitted"]] == ["cluster-17"]

    checked = beamcat(facility.folder, "check", str(examples / "4-wrong-value.json"))
    assert checked.returncode == 1
    assert "start_invalid" in checked.stdout

    wrong = beamcat(facility.folder, "submit", str(examples / "4-wrong-value.json"), "--json")
    assert wrong.returncode == 1
    [rejected] = json.loads(wrong.stdout)
    log = (facility.folder / ".beamcat" / "logs" / "validator.log").read_text(encoding="utf-8")
    [told] = [line for line in log.splitlines() if rejected["receipt_id"] in line]
    assert f" rejected: {rejected['path']} by validator: " in told
    listed = json.loads(beamcat(facility.folder, "rejections", "list", "--json").stdout)["rejections"]
    [rejection_id] = [each["rejection_id"] for each in listed if each["receipt_id"] == rejected["receipt_id"]]
    assert "30 November, noon" in beamcat(facility.folder, "rejections", "show", rejection_id).stdout

    original = tmp_path / "corrected.json"
    assert beamcat(facility.folder, "rejections", "resubmit", rejection_id, "--save", str(original)).returncode == 0
    original.write_text(original.read_text().replace("30 November, noon", "2024-11-30T12:00:00+01:00"))
    corrected = beamcat(facility.folder, "rejections", "resubmit", rejection_id, "--file", str(original))
    assert corrected.returncode == 0, corrected.stdout
    assert rejection_id not in beamcat(facility.folder, "rejections", "list").stdout
    assert "is catalogued as revision 1" in beamcat(facility.folder, "rejections", "show", rejection_id).stdout
    assert "dataset_invalid" in beamcat(facility.folder, "rejections", "list", "--group").stdout

    assert beamcat(facility.folder, "status", receipts[0]["receipt_id"]).returncode == 0
    assert beamcat(facility.folder, "status", receipts[1]["path"]).returncode == 0
    assert beamcat(facility.folder, "status", "/data/nothing/there").returncode == 1
    found = json.loads(beamcat(facility.folder, "find", "-p", "MX_resolution~lt~2", "--json").stdout)
    assert receipts[0]["path"] in [dataset["path"] for dataset in found["datasets"]]
    tree = json.loads(beamcat(facility.folder, "lineage", receipts[0]["path"], "--json").stdout)
    assert {receipts[1]["path"], imported["path"]} <= {node["path"] for node in tree["nodes"]}

    audited = beamcat(facility.folder, "audit", "--proposal", "mx1111", "--json")
    assert audited.returncode == 0, audited.stdout + audited.stderr
    report = json.loads(audited.stdout)
    assert report["judged"] >= 3
    assert report["datasets"] == []


def test_a_frame_that_could_not_be_read_is_corrected_and_sent_again(facility: Facility, tmp_path: Path) -> None:
    path = "/data/visitor/mx1111/id30a3/20241130/RAW_DATA/frames/run_1"
    frame = dataset(1, "frames").replace(b"</tns:location>", b"</tns:place>")
    send(("127.0.0.1", int(facility.running["BEAMCAT_STOMP_PORT"])), "icatIngest", frame)
    rejection_id = until(lambda: frames_rejected(facility))[0]

    file = tmp_path / "frame.xml"
    assert beamcat(facility.folder, "rejections", "resubmit", rejection_id, "--save", str(file)).returncode == 0
    assert file.read_bytes() == frame
    file.write_bytes(frame.replace(b"</tns:place>", b"</tns:location>"))
    sent = beamcat(facility.folder, "rejections", "resubmit", rejection_id, "--file", str(file), "--json")
    assert json.loads(sent.stdout) == {"state": "taken"}
    assert until(lambda: beamcat(facility.folder, "status", path).returncode == 0)
    assert "is catalogued as revision 1" in beamcat(facility.folder, "rejections", "show", rejection_id).stdout


def frames_rejected(facility: Facility) -> list[str]:
    """The ids of rejections by the edge, newest first."""
    listed = beamcat(facility.folder, "rejections", "list", "--stage", "icat_gateway", "--json").stdout
    return [each["rejection_id"] for each in json.loads(listed)["rejections"]]


def until(asked: Callable[[], Answer]) -> Answer:
    """The first answer that is one, within a minute."""
    end = time.monotonic() + 60
    while not (answer := asked()):
        assert time.monotonic() < end
    return answer

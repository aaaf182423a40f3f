"""Every format that `submit --from` reads goes from the file to the catalogue, with a start or without."""

import json
import os
import re
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from deploy.program import app
from tests.flow.importers.services import ServicesInMemory

pytestmark = pytest.mark.flow

EXAMPLES = Path(__file__).parents[3] / "examples"
PIPELINES = EXAMPLES / "pipelines"
RAW = "/data/visitor/mx1111/id30a3/20241130/RAW_DATA/Fus_RAC1b/run_01_datacollection"
PROCESSED = "/data/visitor/mx1111/id30a3/20241130/PROCESSED_DATA/Fus_RAC1b/run_01/result"
RESULTS = ["autoPROC.xml", "staraniso.xml", "fast_dp.xml", "EDNA_proc.xml", "xia2.json", "ispyb.json"]
RESULTS += ["merging-statistics.json", "xia2.mmcif", "../xia2-ispyb.xml"]
ACQUISITIONS = ["metadata.json", "metadata-older.json", "metadata-ssx.json"]
OURS = ("--proposal", "mx1111", "--beamline", "id30a-3")
OF_RESULT = (*OURS, "--path", PROCESSED, "--input", RAW)


def beamcat(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def submit_raw(services: ServicesInMemory) -> None:
    [raw, *_] = json.loads((EXAMPLES / "1-the-two-calls.json").read_text())
    services.submit([raw | {"receipt_id": "raw"}])


def without_times(file: Path, folder: Path) -> Path:
    """The same file, as a program writes it that says no time at all."""
    text = re.sub(r"<(processing(?:Start|End)Time|recordTimeStamp)>[^<]*<", r"<\1><", file.read_text())
    text = re.sub(r'("recordTimeStamp"): "[^"]*"', r'\1: ""', text)
    text = re.sub(r' *"(start|end)Date": "[^"]*",\n', "", text)
    copy = folder / file.name
    copy.write_text(text)
    return copy


def test_every_example_is_of_a_format_that_is_tested() -> None:
    assert {file.name for file in PIPELINES.iterdir()} == {*RESULTS[:-1], *ACQUISITIONS}


@pytest.mark.parametrize("name", RESULTS)
@pytest.mark.parametrize("says_times", [True, False])
def test_a_result_is_checked_and_committed(
    services: ServicesInMemory, tmp_path: Path, name: str, *, says_times: bool
) -> None:
    file = PIPELINES / name if says_times else without_times(PIPELINES / name, tmp_path)
    submit_raw(services)
    checked = beamcat("check", "--from", file, *OF_RESULT)
    assert (checked.exit_code, services.documents()[1:]) == (0, []), checked.output
    done = beamcat("submit", "--from", file, *OF_RESULT, "--json")
    assert done.exit_code == 0, done.output
    [state] = json.loads(done.stdout)
    assert state["state"] == "committed"
    [_, document] = services.documents()
    assert (document["kind"], document["path"]) == ("mx.processed.integration", PROCESSED)
    told = {finding["code"] for finding in state["findings"]}
    assert ("start_assumed" in told) != ("Time>S" in file.read_text()), told


@pytest.mark.parametrize("name", ACQUISITIONS)
@pytest.mark.parametrize("says_times", [True, False])
def test_what_mxcube_left_behind_is_checked_and_committed(
    services: ServicesInMemory, tmp_path: Path, name: str, *, says_times: bool
) -> None:
    file = PIPELINES / name if says_times else without_times(PIPELINES / name, tmp_path)
    given = ("--proposal", "mx1111", "--beamline", "id29") if "ssx" in name else ("--proposal", "mx1111")
    checked = beamcat("check", "--from", file, *given)
    assert checked.exit_code == 0, checked.output
    done = beamcat("submit", "--from", file, *given, "--json")
    assert done.exit_code == 0, done.output
    [document] = services.documents()
    assert document["kind"] == ("ssx.raw.run" if "ssx" in name else "mx.raw.datacollection")
    content = json.loads(file.read_text())
    assert document["path"] == content["MX_directory"]
    assert document["name"] == content.get("datasetName", content["MX_directory"].rpartition("/")[2])
    assert document["sample"]["name"] == content["Sample_name"]


def start_and_end(services: ServicesInMemory) -> tuple[datetime, datetime]:
    document = services.documents()[-1]
    return datetime.fromisoformat(document["start"]), datetime.fromisoformat(document["end"])


def findings_of(result: Result) -> list[dict[str, Any]]:
    assert result.exit_code == 0, result.output
    [answer] = json.loads(result.stdout)
    return [finding for finding in answer["findings"] if finding["code"] == "start_assumed"]


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_the_start_is_the_users_then_the_programs_then_the_scalings_then_the_files(
    services: ServicesInMemory, tmp_path: Path
) -> None:
    submit_raw(services)
    arguments = (*OF_RESULT, "--json")
    given = ("--start", "2024-11-30 10:00:00 CET", "--end", "Sat Nov 30 11:00:00 AM CET 2024")
    assert findings_of(beamcat("submit", "--from", PIPELINES / "fast_dp.xml", *arguments, *given)) == []
    assert start_and_end(services) == (at("2024-11-30T10:00:00+01:00"), at("2024-11-30T11:00:00+01:00"))

    assert findings_of(beamcat("submit", "--from", PIPELINES / "autoPROC.xml", *arguments)) == []
    assert start_and_end(services) == (at("2024-11-30T09:02:11+01:00"), at("2024-11-30T09:31:40+01:00"))

    [finding] = findings_of(beamcat("submit", "--from", PIPELINES / "fast_dp.xml", *arguments))
    assert "AutoProcScaling.recordTimeStamp (2024-11-30T09:04:49)" in finding["message"]
    assert start_and_end(services) == (at("2024-11-30T09:04:49+01:00"),) * 2

    undated = without_times(PIPELINES / "fast_dp.xml", tmp_path)
    os.utime(undated, (0, at("2024-11-30T09:07:00+01:00").timestamp()))
    [finding] = findings_of(beamcat("submit", "--from", undated, *arguments))
    assert "the date of fast_dp.xml (2024-11-30T08:07:00Z)" in finding["message"]
    assert start_and_end(services) == (at("2024-11-30T09:07:00+01:00"),) * 2

    os.utime(undated, (0, 0))
    [finding] = findings_of(beamcat("submit", "--from", undated, *arguments))
    assert f"the end of its input {RAW}" in finding["message"]
    assert start_and_end(services) == (at("2024-11-30T09:00:40+01:00"),) * 2


def test_a_file_of_unknown_age_whose_inputs_are_unknown_too_asks_for_a_start(
    services: ServicesInMemory, tmp_path: Path
) -> None:
    undated = without_times(PIPELINES / "fast_dp.xml", tmp_path)
    os.utime(undated, (0, 0))
    result = beamcat("submit", "--from", undated, *OF_RESULT)
    assert (result.exit_code, services.taken) == (1, [])
    assert "give --start" in result.stderr


def test_a_time_that_can_be_read_in_two_ways_is_refused_until_the_user_says_it(
    services: ServicesInMemory, tmp_path: Path
) -> None:
    submit_raw(services)
    file = tmp_path / "autoPROC.xml"
    text = (PIPELINES / "autoPROC.xml").read_text()
    file.write_text(text.replace("Sat Nov 30 09:02:11 CET 2024", "03/04/2024 09:02:11"))
    refused = beamcat("check", "--from", file, *OF_RESULT)
    assert refused.exit_code == 1
    assert "'03/04/2024 09:02:11' cannot be read with certainty" in refused.stderr
    assert "--start" in refused.stderr
    taken = beamcat("check", "--from", file, *OF_RESULT, "--start", "2024-11-30T09:02:11+01:00")
    assert taken.exit_code == 0, taken.output


def test_a_run_through_the_autumn_night_ends_after_it_starts(services: ServicesInMemory, tmp_path: Path) -> None:
    submit_raw(services)
    file = tmp_path / "autoPROC.xml"
    text = (PIPELINES / "autoPROC.xml").read_text()
    text = text.replace("Sat Nov 30 09:02:11 CET 2024", "Sun Oct 26 02:40:00 CEST 2025")
    file.write_text(text.replace("Sat Nov 30 09:31:40 CET 2024", "Sun Oct 26 02:10:00 CET 2025"))
    done = beamcat("submit", "--from", file, *OF_RESULT)
    assert done.exit_code == 0, done.output
    assert start_and_end(services) == (at("2025-10-26T00:40:00Z"), at("2025-10-26T01:10:00Z"))

"""The unmodified client of ICAT against the running system, with the client's own mock backend as oracle."""

import inspect
import json
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import pytest

from tests.builders.terminal import ROOT
from tests.e2e.icat.session import BEAMLINE, PROCESSED, PROPOSAL, RAW, RAW_FROM_FILE
from tests.e2e.running.conftest import Facility

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # as in the session
    from pyicat_plus.client.main import IcatClient

pytestmark = pytest.mark.e2e

UNKNOWN_HERE = {"download_file_by": "beamcat keeps no files of samples, so there is none to download"}
"""Calls that end in an error, and why."""

DIFFERENCES = {
    "check_health update_metadata": "the mock consumes no such queue",
    "investigation_info": "the mock numbers from 0, and invents a release date three years later",
    "investigation_info_string": "as investigation_info",
    "investigation_summary": "the links hold the number",
    "registered_datasets": "the mock numbers from 0",
}
"""Where the mock backend answers otherwise, and why."""

MOST_SESSIONS = 4

Answers = dict[str, Any]


def _session(folder: Path, **said: object) -> Answers:
    folder.mkdir()
    file = folder / "session.json"
    file.write_text(json.dumps(said | {"folder": str(folder)}), encoding="utf-8")
    command = [sys.executable, "-W", "ignore", "-m", "tests.e2e.icat.session", str(file)]
    done = subprocess.run(command, cwd=ROOT, text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    answers: Answers = json.loads(done.stdout)
    return answers


@pytest.fixture(scope="module")
def answers(facility: Facility) -> Answers:
    """What beamcat answered to a whole session."""
    running = facility.running
    brokers = [f"127.0.0.1:{running['BEAMCAT_STOMP_PORT']}"]
    monitor = int(running["BEAMCAT_JOLOKIA_PORT"])
    client: dict[str, Any] = {"elogbook_timeout": 30, "feedback_timeout": 30, "queue_timeout": 30}
    for queue in ("metadata", "update_metadata", "add_files", "archive", "reschedule_investigation"):
        client |= {f"{queue}_urls": brokers, f"{queue}_queue_monitor_port": monitor}
    client |= {"elogbook_url": running["BEAMCAT_ICAT_PLUS_URL"], "elogbook_token": running["BEAMCAT_TOKEN"]}
    client["icatplus_restricted_url"] = running["BEAMCAT_ICAT_PLUS_URL"]
    return _session(facility.folder / "session", client=client, password=running["BEAMCAT_TOKEN"])


@pytest.fixture(scope="module")
def oracle(tmp_path_factory: pytest.TempPathFactory) -> Answers:
    """What the client's own mock backend answers to the same session; asked again if it lost a dataset, as it may."""
    told: Answers = {}
    for _ in range(MOST_SESSIONS):
        told = _session(tmp_path_factory.mktemp("mock") / "session")
        if len(told["registered_dataset_ids"]["answer"]) == len({RAW, RAW_FROM_FILE, PROCESSED}):
            break
    return told


def test_the_line_to_paste_makes_a_client_that_is_logged_in(facility: Facility) -> None:
    asking = (
        f"{facility.line}; client._metadata_client.check_health(); print(client.get_session_information().user_name)"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", asking], cwd=facility.folder, text=True, capture_output=True, check=False
    )
    assert (done.returncode, done.stdout.strip()) == (0, "development"), done.stderr


def test_every_public_method_is_called(answers: Answers) -> None:
    methods = {
        name
        for name, member in inspect.getmembers(IcatClient, inspect.isfunction)
        if not name.startswith("_") and name != "disconnect"
    }
    assert methods - answers.keys() == set()


def test_no_call_fails_but_those_that_cannot_be_answered(answers: Answers) -> None:
    failed = {name: answer["error"] for name, answer in answers.items() if "error" in answer}
    assert failed.keys() == UNKNOWN_HERE.keys(), failed


def test_every_queue_is_consumed(answers: Answers) -> None:
    assert [name for name in answers if name.startswith("check_health")] == [
        "check_health metadata",
        "check_health update_metadata",
        "check_health add_files",
    ]


def test_a_started_investigation_is_known_by_a_number(answers: Answers) -> None:
    info = answers["investigation_info"]["answer"]
    assert (info["proposal"], info["beamline"]) == (PROPOSAL, BEAMLINE)
    assert isinstance(info["id"], int)


def test_all_datasets_are_confirmed_by_their_paths(answers: Answers) -> None:
    found = {each["path"] for each in answers["registered_dataset_ids"]["answer"]}
    assert found == {RAW, RAW_FROM_FILE, PROCESSED}
    numbers = [each["icat_dataset_id"] for each in answers["registered_datasets"]["answer"]]
    assert len(set(numbers)) == len(numbers) == 3


def test_an_update_of_a_parameter_is_seen_and_leaves_the_rest(answers: Answers) -> None:
    [dataset] = answers["get_datasets_by"]["answer"]
    parameters = {each["name"]: each["value"] for each in dataset["parameters"]}
    assert (dataset["location"], dataset["sampleName"]) == (RAW, "lysozyme")
    assert parameters["MX_numberOfImages"] == "3600"
    assert dataset["name"] == "run_01"


def test_who_logs_in_is_told_until_when(answers: Answers) -> None:
    assert answers["do_log_in"]["answer"]["sessionId"]
    assert answers["get_session_information"]["answer"]["remainingMinutes"] > 0


def test_a_sample_is_known_in_its_investigation(answers: Answers) -> None:
    assert [sample["name"] for sample in answers["get_samples_by"]["answer"]] == ["insulin"]


def test_the_mock_backend_answers_the_same_but_for_what_is_listed(answers: Answers, oracle: Answers) -> None:
    for told in (answers, oracle):  # the mock lists what came first first; beamcat what started first
        told["registered_dataset_ids"]["answer"].sort(key=lambda each: each["path"])
    del oracle["check_health add_files"]  # the mock has no port for it: whoever listens at ICAT's own is asked
    different = {name for name in oracle if oracle[name] != answers[name]}
    assert different == DIFFERENCES.keys()

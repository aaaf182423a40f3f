"""Merges of thousands of datasets, over HTTP and by the unmodified client of ICAT, through the running system."""

import json
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from gemmi import cif

from clients.cli.connection.stomp import send
from shared.events.topics import MOST_INPUTS, MOST_SUBMISSION_BYTES
from tests.builders.icat_messages import a_dataset
from tests.builders.terminal import beamcat
from tests.e2e.running.conftest import Facility

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # the client's own dependencies warn while they are imported
    from pyicat_plus.client.main import IcatClient

pytestmark = pytest.mark.e2e

MOST_IDLE_SECONDS = 120.0
SESSION = "/data/visitor/mx4444/id30a3/20261126"
SWEEPS = f"{SESSION}/RAW_DATA/lysozyme/lysozyme-plate-07-well-A11-drop-2/a-run-of-realistic-length"
END = "2026-11-26T13:00:00+01:00"
MANY = 1000
"""As many as are really collected; more only take longer."""
COLLECTED = [f"{SWEEPS}/run_{n:05}_datacollection" for n in range(MANY)]
MISSING = [f"{SWEEPS}/mesh_{n:05}_datacollection" for n in range(MOST_INPUTS)]


def sweep(path: str) -> dict[str, Any]:
    return {
        "name": path.rpartition("/")[2],
        "path": path,
        "proposal": "mx4444",
        "beamline": "id30a-3",
        "sample": "lysozyme",
        "start": "2026-11-26T09:00:00+01:00",
        "technique": "MX",
        "parameters": {"scanType": "datacollection", "MX_numberOfImages": 100},
    }


def merge(name: str, inputs: list[str]) -> dict[str, Any]:
    parameters = {"scanType": "integration", "Process_program": "XSCALE", "Sample_name": "lysozyme"}
    place = {"name": name, "path": f"{SESSION}/PROCESSED_DATA/lysozyme/{name}", "start": "2026-11-26T12:00:00+01:00"}
    return sweep("/") | place | {"input": inputs, "parameters": parameters}


class Talk:
    """What is asked of gateway and search."""

    def __init__(self, facility: Facility) -> None:
        token = facility.running["BEAMCAT_TOKEN"]
        self.gateway = httpx.Client(
            base_url=facility.running["BEAMCAT_GATEWAY_URL"], headers={"Authorization": f"Bearer {token}"}, timeout=60
        )
        self.search = httpx.Client(base_url=facility.running["BEAMCAT_SEARCH_URL"], timeout=60)
        self.broker = f"127.0.0.1:{facility.running['BEAMCAT_STOMP_PORT']}"

    def submit(self, submission: dict[str, Any]) -> str:
        answer = self.gateway.post("/datasets", json=submission)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["dataset_id"])

    def store_by_icat(self, submission: dict[str, Any]) -> None:
        """As a pipeline does it. The client takes milliseconds for each input, before it sends anything."""
        client = IcatClient(metadata_urls=[self.broker])
        client.store_processed_data(
            beamline="id30a-3",
            proposal="mx4444",
            dataset=submission["name"],
            path=submission["path"],
            metadata=submission["parameters"] | {"startDate": submission["start"], "definition": "MX"},
            raw=submission["input"],
        )
        client.disconnect()

    def send_frame(self, submission: dict[str, Any]) -> None:
        """The same frame, without the client's way of looking at each input."""
        said = submission["parameters"] | {"startDate": submission["start"], "endDate": END, "definition": "MX"}
        body = a_dataset(submission["path"], "id30a-3", "mx4444", input_datasets=["/inputs"], **said)
        host, port = self.broker.split(":")
        send((host, int(port)), "icatIngest", body.replace(b"/inputs", ",".join(submission["input"]).encode()))

    def receipt_at(self, path: str, state: str) -> dict[str, Any]:
        """The newest receipt of a dataset, once it has come so far."""

        def newest() -> dict[str, Any] | None:
            receipts = self.search.get("/receipts", params={"path": path}).json()["receipts"]
            return receipts[0] if receipts and receipts[0]["state"] == state else None

        return until(newest)


def until(look: Callable[[], dict[str, Any] | None]) -> dict[str, Any]:
    deadline = time.monotonic() + MOST_IDLE_SECONDS
    while (found := look()) is None:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return found


@pytest.fixture(scope="module")
def talk(facility: Facility) -> Iterator[Talk]:
    """Beside a session in which many sweeps were collected."""
    talk = Talk(facility)
    with talk.gateway, talk.search:
        for at in range(0, MANY, 500):
            sweeps = [sweep(path) for path in COLLECTED[at : at + 500]]
            assert talk.gateway.post("/datasets:batch", json={"datasets": sweeps}).status_code == 202
        yield talk


@pytest.mark.parametrize("door", ["http", "stomp"])
def test_a_merge_of_as_many_inputs_as_there_may_be_is_taken_and_waits_for_them(talk: Talk, door: str) -> None:
    submission = merge(f"waiting_{door}", MISSING)
    assert len(json.dumps(submission)) > 1_100_000
    talk.submit(submission) if door == "http" else talk.send_frame(submission)
    pending = talk.receipt_at(submission["path"], "pending")
    assert (pending["waits_for"], pending["waits_for_count"]) == (MISSING[:100], MOST_INPUTS)


@pytest.mark.parametrize("door", ["http", "stomp"])
def test_a_merge_of_what_was_collected_is_committed_with_all_its_links(talk: Talk, door: str) -> None:
    submission = merge(f"merged_{door}", COLLECTED)
    talk.submit(submission) if door == "http" else talk.store_by_icat(submission)
    talk.receipt_at(submission["path"], "committed")
    document = talk.search.get("/datasets/by-path", params={"path": submission["path"]}).json()["document"]
    assert [each["path"] for each in document["inputs"]] == COLLECTED
    assert document["kind"] == "mx.processed.merge"
    assert "input_datasets" not in document["parameters"]


def test_a_long_lineage_is_shown_in_part_said_to_be_cut_and_paged_on(facility: Facility, talk: Talk) -> None:
    submission = merge("paged", COLLECTED)
    dataset_id = talk.submit(submission)
    talk.receipt_at(submission["path"], "committed")
    paths: list[str] = []
    skip: int | None = 0
    while skip is not None:
        page = talk.search.get(f"/datasets/{dataset_id}/lineage", params={"limit": 400, "skip": skip}).json()
        paths += [node["path"] for node in page["nodes"]]
        skip = page["next"]
    assert paths == [submission["path"], *COLLECTED]
    shown = beamcat(facility.folder, "lineage", submission["path"], "--limit", "50")
    assert "these are the nearest 50 datasets, and there are more" in shown.stdout
    whole = json.loads(beamcat(facility.folder, "lineage", submission["path"], "--limit", "10000", "--json").stdout)
    assert (len(whole["nodes"]), len(whole["edges"]), whole["truncated"]) == (MANY + 1, MANY, False)


def test_a_merge_is_exported_with_all_its_inputs(facility: Facility, talk: Talk, tmp_path: Path) -> None:
    submission = merge("exported", COLLECTED)
    talk.submit(submission)
    talk.receipt_at(submission["path"], "committed")
    exported = beamcat(facility.folder, "export", "--cif", "--out", str(tmp_path), submission["path"])
    assert exported.returncode == 0, exported.stderr
    block = cif.read(str(tmp_path / "exported.cif")).sole_block()
    assert len(list(block.find_values("_beamcat_link.parent_path"))) == MANY


def test_what_is_over_the_limit_is_refused_at_each_door_by_the_same_number(talk: Talk) -> None:
    large = sweep(f"{SWEEPS}/large") | {"parameters": {"MX_directory": "x" * MOST_SUBMISSION_BYTES}}
    answer = talk.gateway.post("/datasets", json=large)
    assert (answer.status_code, f"{MOST_SUBMISSION_BYTES} bytes" in answer.json()["detail"]) == (413, True)
    too_many = merge("too_many", [*MISSING, COLLECTED[0]])
    answer = talk.gateway.post("/datasets", json=too_many)
    assert (answer.status_code, f"the limit is {MOST_INPUTS}" in answer.text) == (422, True)
    talk.send_frame(too_many)
    assert "inputs_too_many" in json.dumps(talk.receipt_at(too_many["path"], "rejected")["findings"])
    talk.send_frame(merge("large", [f"{SWEEPS}/{'x' * 400}_{n}" for n in range(MOST_INPUTS)]))

    def rejection() -> dict[str, Any] | None:
        found = talk.search.get("/rejections", params={"code": "too_large", "stage": "icat_gateway"}).json()
        return next(iter(found["rejections"]), None)

    assert f"the limit is {MOST_SUBMISSION_BYTES}" in until(rejection)["message"]

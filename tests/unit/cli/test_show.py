"""`beamcat show` tells all of one dataset, or how far it has come."""

import json
from datetime import timedelta
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner, Result

from clients.cli.commands import dataset
from clients.cli.connection.api import Api
from deploy.program import app
from shared.events.sections import Finding
from tests.builders.addresses import CATALOGUE, NAMED
from tests.builders.search.records import NOON, Topics, dataset_id, investigation

RUN, RESULT = "/data/visitor/run 1", "/data/visitor/run 1/autoPROC"
ID = str(dataset_id(RESULT))


def event(**fields: Any) -> dict[str, Any]:
    """A result that was committed as revision 2."""
    parameters = {"MX_resolution": 1.5, "MXAutoprocIntegrationScaling_outer_completeness": 97.0}
    finding = Finding.warning("unit_assumed", "MX_flux has no unit", "give one")
    facts: dict[str, Any] = {
        "volume_bytes": 2_500_000,
        "file_count": 3,
        "sample": "Fus",
        "findings": [finding],
    } | fields
    told = Topics().committed(RESULT, parameters, [RUN], revision=2, receipt="r2", **facts)
    said: dict[str, Any] = json.loads(told.value or b"")
    return said


class Search:
    """Answers by route; what it has no answer for is not there."""

    def __init__(self) -> None:
        nodes = [{"dataset_id": ID, "path": RESULT}, {"dataset_id": "x", "path": "/data/refined", "kind": "mx.refined"}]
        changes = [{"field": f"parameters.MX_{n}"} for n in range(7)]
        committed = NOON.isoformat()
        self.answers: dict[str, Any] = {
            "/datasets/by-path": event(),
            f"/datasets/{ID}": event(),
            f"/datasets/{ID}/lineage": {"root": ID, "nodes": nodes, "edges": [], "next": None},
            f"/datasets/{ID}/revisions": {
                "revisions": [
                    {"revision": 2, "outcome": "replaced", "committed_at": committed, "changes": changes},
                    {"revision": 1, "outcome": "created", "committed_at": committed, "changes": []},
                ],
                "next": None,
            },
            "/receipts": {"receipts": []},
        }
        self.asked: list[tuple[str, dict[str, str]]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        route, fields = request.url.path, dict(request.url.params)
        self.asked.append((route, fields))
        if "revision" in fields and fields["revision"] != "1":
            return httpx.Response(404, json={"detail": "it has no revision 7"})
        if route not in self.answers:
            return httpx.Response(404, json={"detail": "no such dataset"})
        return httpx.Response(200, json=self.answers[route])


@pytest.fixture
def search(monkeypatch: pytest.MonkeyPatch) -> Search:
    search = Search()
    monkeypatch.setattr(dataset, "connect", lambda: Api(NAMED, httpx.MockTransport(search)))
    return search


def show(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["show", *arguments])


def receipt(state: str, **fields: Any) -> dict[str, Any]:
    submitted = (NOON + timedelta(hours=1)).isoformat()
    return {"receipt_id": f"of {state}", "path": RESULT, "state": state, "submitted_at": submitted} | fields


def test_a_dataset_is_shown_with_all_that_a_person_asks_about_it(search: Search) -> None:
    result = show(RESULT)
    assert result.exit_code == 0, result.output
    for words in (
        f"path  {RESULT}",
        "datacollection (MX, processed)",
        "sample  Fus",
        "proposal  mx1111",
        "investigation  not announced yet",
        "2.5 MB (2,500,000 bytes)",
        "revision  2, replaced 2024-11-30",
        "MX_resolution",
        "completeness",
        "warning unit_assumed: MX_flux has no unit; give one",
        RUN,
        "/data/refined",
        "parameters.MX_4 and 2 more",
    ):
        assert words in result.stdout, words
    assert search.asked[0] == ("/datasets/by-path", {"path": RESULT})


def test_a_proposal_is_shown_as_the_user_office_writes_it_and_a_sample_where_it_was(search: Search) -> None:
    office = investigation(4711, proposal_name="MX-1111", title="Fusion proteins")
    container = {"name": "puck 7", "position": "3"}
    search.answers["/datasets/by-path"] = event(investigation=office, container=container)
    told = show(RESULT).stdout
    assert "proposal  MX-1111" in told
    assert "investigation  4711 Fusion proteins from 2024-11-30" in told
    assert "sample  Fus in puck 7 at 3" in told


def test_times_are_shown_with_their_zone(search: Search) -> None:
    [started] = [line for line in show(RESULT).stdout.splitlines() if "started  " in line]
    assert started[-6] in "+-"
    assert len(search.asked) == 4


def test_what_was_submitted_since_is_shown_with_the_command_that_goes_on(search: Search) -> None:
    refused = receipt("rejected", rejection_id="x1", code="dataset_invalid", message="no start", findings=[])
    waits = receipt("pending", waits_for=["/data/x"], deadline=NOON.isoformat())
    before = receipt("rejected", rejection_id="x0", submitted_at=(NOON - timedelta(1)).isoformat())
    search.answers["/receipts"]["receipts"] = [refused, waits, before, receipt("committed", revision=2)]
    told = show(ID).stdout
    assert "dataset_invalid: no start" in told
    assert "beamcat rejections show x1" in told
    assert f"beamcat pending --path '{RESULT}'" in told
    assert "x0" not in told
    assert "of committed" not in told


def test_json_is_the_committed_event_of_the_revision_that_is_asked_for(search: Search) -> None:
    assert json.loads(show(RESULT, "--json").stdout) == event()
    assert json.loads(show(RESULT, "--revision", "1", "--json").stdout) == event()
    assert search.asked[-1] == (f"/datasets/{ID}", {"revision": "1"})
    missing = show(RESULT, "--revision", "7")
    assert missing.exit_code == 1
    assert "it has no revision 7" in missing.stderr


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ({"state": "in_flight"}, "in_flight"),
        ({"state": "pending", "waits_for": ["/x"], "deadline": NOON.isoformat()}, f"beamcat pending --path '{RESULT}'"),
        ({"state": "rejected", "rejection_id": "x1", "code": "c", "message": "m"}, "beamcat rejections show x1"),
    ],
)
def test_of_a_dataset_that_is_not_catalogued_its_state_is_told(
    search: Search, state: dict[str, Any], words: str
) -> None:
    del search.answers["/datasets/by-path"]
    search.answers["/receipts"]["receipts"] = [receipt(**state)]
    result = show(RESULT)
    assert result.exit_code == 1
    assert f"{RESULT} is not catalogued in {CATALOGUE}; it was submitted:" in result.stdout
    assert words in result.stdout
    told = json.loads(show(RESULT, "--json").stdout)
    assert (told["exit_code"], told["receipts"][0]["state"]) == (1, state["state"])


def test_of_what_nobody_submitted_the_catalogue_is_named(search: Search) -> None:
    search.answers = {"/receipts": {"receipts": []}}
    result = show("/data/none")
    assert result.exit_code == 1
    assert f"/data/none is not catalogued in {CATALOGUE}, and was not submitted there" in result.stderr


def test_what_is_neither_a_path_nor_an_id_is_a_command_that_is_written_wrongly(search: Search) -> None:
    result = show("run_1")
    assert result.exit_code == 2
    assert "give the full path, which begins with /" in result.stderr
    assert search.asked == []

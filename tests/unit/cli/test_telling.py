"""What producers wrote is shown as they wrote it, also where it looks like the terminal's own markup."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from clients.cli.connection.api import Api
from deploy.program import app
from tests.builders.addresses import NAMED
from tests.builders.commands import let_commands_ask

PATH = "/data/visitor/mx1111/[/x]run_1"
ERROR = {"code": "value_not_a_number", "severity": "error", "message": "MX_flux = '[red]many[/]' is not a number"}
CURED = ERROR | {"severity": "warning", "cure": "give a [bold]number"}
ANSWERS: dict[str, Any] = {
    "/receipts": {
        "receipts": [
            {"state": "rejected", "path": PATH, "code": "dataset_invalid", "message": "…", "findings": [CURED, ERROR]},
            {
                "state": "pending",
                "path": PATH,
                "deadline": "2026-12-01T19:38:54.361298Z",
                "waits_for": ["/data/[/y]"],
                "findings": [
                    {"code": "input_near_miss", "severity": "warning", "message": "near", "cure": "name /[/Y]"}
                ],
            },
        ]
    },
    "/rejections": {
        "rejections": [{"rejection_id": "one", "path": PATH, "code": "dataset_invalid", "message": ERROR["message"]}]
    },
    "/producers": {
        "producers": [
            {
                "producer": "/producers/[bold]mxcube[/bold]",
                "committed": 7,
                "unchanged": 1,
                "pending": 2,
                "in_flight": 0,
                "rejected": 31,
                "last_heard": "2026-11-28T01:00:00Z",
                "newest_rejection": {"code": "dataset_invalid", "message": "[red]noon[/red] is no time"},
            },
            {"producer": "/icat/10.0.0.1", "committed": 1, "unchanged": 0, "pending": 0, "in_flight": 0, "rejected": 0}
            | {"last_heard": "2026-11-28T01:00:00Z", "newest_rejection": None},
        ]
    },
    "/datasets": {"datasets": [{"name": "[bold]run[/bold]", "path": PATH}], "count": 1},
    "/datasets:check-batch": {
        "results": [
            {
                "accepted": True,
                "dataset": {"kind": "mx.processed.integration"},
                "findings": [],
                "links": {"waits_for": ["/data/[/y]"]},
            }
        ]
    },
}


@pytest.fixture(autouse=True)
def services(monkeypatch: pytest.MonkeyPatch) -> None:
    api = Api(NAMED, httpx.MockTransport(lambda request: httpx.Response(200, json=ANSWERS[request.url.path])))
    let_commands_ask(monkeypatch, api)


def _told(*command: str) -> str:
    result = CliRunner().invoke(app, [*command])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.output


@pytest.mark.parametrize("command", [["status", "/data"], ["find"], ["rejections", "list"]])
def test_brackets_in_a_path_are_shown(command: list[str]) -> None:
    assert "[/x]run_1" in _told(*command)


def test_brackets_in_a_value_are_shown_and_a_reason_is_said_once() -> None:
    told = _told("status", "/data")
    assert "error value_not_a_number: MX_flux = '[red]many[/]' is not a number" in told
    assert "dataset_invalid" not in told


def test_a_finding_is_told_with_its_cure_if_it_has_one() -> None:
    error, warning = (line for line in _told("status", "/data").splitlines() if "value_not_a_number" in line)
    assert error.endswith("is not a number")
    assert warning.endswith("is not a number; give a [bold]number")


def test_a_deadline_is_told_to_the_second() -> None:
    assert "waits until 2026-12-01T19:38:54Z for /data/[/y]" in _told("status", "/data")


def test_what_is_near_a_missing_input_is_told_while_it_waits() -> None:
    assert "warning input_near_miss: near; name /[/Y]" in _told("status", "/data")


def test_a_check_says_the_kind_and_what_would_be_awaited(tmp_path: Path) -> None:
    file = tmp_path / "one.json"
    file.write_text(json.dumps({"path": PATH}))
    told = _told("check", str(file))
    assert "would be accepted as mx.processed.integration" in told
    assert "would wait for /data/[/y]" in told


@pytest.mark.parametrize("nothing", ["[]", '{"datasets": []}'])
def test_a_file_without_a_submission_is_refused(tmp_path: Path, nothing: str) -> None:
    file = tmp_path / "none.json"
    file.write_text(nothing)
    assert "contains no submission" in _told("submit", str(file))


def test_what_is_no_id_of_a_rejection_is_said_in_words() -> None:
    told = _told("rejections", "show", "nonsense")
    assert "Invalid value for 'REJECTION_ID'" in told


def test_producers_are_told_as_they_are_called_with_their_newest_rejection() -> None:
    told = _told("producers", "--json")
    assert [producer["rejected"] for producer in json.loads(told)["producers"]] == [31, 0]
    told = " ".join(_told("producers").split())
    assert "[bold]" in told
    assert "31" in told

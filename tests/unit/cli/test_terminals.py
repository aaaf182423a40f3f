"""Nothing that a producer says is obeyed by the terminal of who reads it."""

import base64
import json
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from clients.cli.connection.api import Api
from deploy.program import app
from shared.foundation.visible import visible
from tests.builders.addresses import NAMED
from tests.builders.commands import let_commands_ask

EVIL = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202egpj.exe\x08\x7f[/]\r!"
NO_ID = "00000000-0000-0000-0000-000000000000"
FINDING = {"severity": "error", "code": EVIL, "message": EVIL, "cure": EVIL}
ROW = dict.fromkeys(
    ("name", "kind", "sample", "proposal", "start", "revision", "path", "beamline", "rejection_id"), EVIL
)
REJECTION = ROW | {
    "code": EVIL,
    "stage": EVIL,
    "message": EVIL,
    "findings": [FINDING],
    "receipt_id": EVIL,
    "producer": EVIL,
    "topic": EVIL,
    "partition": 0,
    "offset": 0,
    "rejected_at": EVIL,
    "value_text": EVIL,
    "value_base64": base64.b64encode(EVIL.encode()).decode(),
}
RECEIPT = {"state": "rejected", "path": EVIL, "receipt_id": EVIL, "code": EVIL, "message": EVIL, "findings": [FINDING]}
WAITS = ROW | {
    "since": "2024-11-30T12:00:00Z",
    "deadline": "2024-12-07T12:00:00Z",
    "waits_for": [EVIL],
    "waits_for_count": 1,
    "near": [{"path": EVIL, "near": [EVIL]}],
}
NOON = "2024-11-30T12:00:00Z"
EVENT: dict[str, Any] = {
    "commit": dict.fromkeys(("receipt_id", "outcome", "revision"), EVIL)
    | {"dataset_id": NO_ID, "committed_at": NOON, "submitted_at": NOON},
    "document": ROW
    | dict.fromkeys(("technique", "type", "file_count"), EVIL)
    | {
        "dataset_id": NO_ID,
        "investigation": {"proposal_name": EVIL, "title": EVIL},
        "producer": {"software": EVIL},
        "sample": {"name": EVIL},
        "container": {"name": EVIL},
        "start": NOON,
        "end": None,
        "complete": True,
        "volume_bytes": None,
        "parameters": {EVIL: {"value": EVIL, "original": "x", "unit": EVIL}},
        "findings": [FINDING],
        "inputs": [{"kind": EVIL, "path": EVIL}],
    },
}
REVISION = {"revision": 1, "outcome": EVIL, "committed_at": NOON, "changes": [{"field": EVIL}]}
ANSWERS: dict[str, Any] = {
    "/datasets/by-path": EVENT,
    f"/datasets/{NO_ID}/revisions": {"revisions": [REVISION] * 2, "next": None},
    "/pending": {"pending": [WAITS], "count": 1, "next": None},
    "/receipts": {"receipts": [RECEIPT]},
    "/rejections": {"rejections": [REJECTION], "next": None},
    "/techniques": {"techniques": [{"name": EVIL, "title": EVIL, "definitions": [EVIL], "pid": EVIL, "kinds": []}]},
    "/datasets": {"datasets": [ROW | {"dataset_id": NO_ID}], "count": 1, "next": None},
    f"/rejections/{NO_ID}": REJECTION,
    f"/datasets/{NO_ID}/lineage": {
        "root": NO_ID,
        "nodes": [ROW | {"dataset_id": NO_ID}],
        "edges": [],
        "truncated": False,
        "next": None,
    },
}
COMMANDS = [
    ["status", "/data/x"],
    ["find", "x"],
    ["lineage", "/data/x"],
    ["pending"],
    ["show", "/data/x"],
    ["rejections", "list"],
    ["rejections", "show", NO_ID],
    ["techniques", "list"],
]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    def answer(request: httpx.Request) -> httpx.Response:
        known = ANSWERS.get(request.url.path)
        return httpx.Response(200, json=known) if known else httpx.Response(404, json={"detail": EVIL})

    api = Api(NAMED, httpx.MockTransport(answer))
    let_commands_ask(monkeypatch, api)
    return CliRunner()


def obeyed(text: str) -> set[str]:
    return {one for one in text if not (one.isprintable() or one == "\n")}


@pytest.mark.parametrize(
    "command", [*COMMANDS, ["status", f"receipt-{NO_ID}"], ["rejections", "show", NO_ID[:-1] + "1"]]
)
def test_no_command_prints_what_a_terminal_obeys(run: CliRunner, command: list[str]) -> None:
    result = run.invoke(app, command)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert obeyed(result.output) == set()
    if result.exit_code == 0:
        assert "\\x1b[2J" in result.output


@pytest.mark.parametrize("command", COMMANDS)
def test_json_is_exact_and_still_nothing_that_a_terminal_obeys(run: CliRunner, command: list[str]) -> None:
    result = run.invoke(app, [*command, "--json"])
    assert obeyed(result.stdout) == set()
    assert EVIL in _leaves(json.loads(result.stdout))


def _leaves(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [leaf for one in value.values() for leaf in _leaves(one)]
    if isinstance(value, list):
        return [leaf for one in value for leaf in _leaves(one)]
    return [str(value)]


def test_what_can_be_read_stays_as_it_is() -> None:
    assert visible("é ☃ ✓ 日本 Łódź\n\tж") == "é ☃ ✓ 日本 Łódź\n\tж"
    assert visible("a\x1b\u202eb") == "a\\x1b\\u202eb"

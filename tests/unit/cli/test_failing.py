"""Whatever goes wrong is told in a sentence, to machines as JSON, and ends with an exit code."""

import json

import httpx
import pytest
from typer.testing import CliRunner, Result

from clients.cli import datasets, exporting, finding, rejections, techniques
from clients.cli.api import Api
from clients.cli.app import app

NO_ID = "00000000-0000-0000-0000-000000000000"
COMMANDS = [
    ["status", "/data/no"],
    ["find"],
    ["lineage", "/data/no"],
    ["rejections", "list"],
    ["rejections", "show", NO_ID],
    ["techniques", "list"],
]


def _run(monkeypatch: pytest.MonkeyPatch, answer: httpx.Response, *command: str) -> Result:
    api = Api({}, httpx.MockTransport(lambda _: answer))
    for module in (datasets, exporting, finding, rejections, techniques):
        monkeypatch.setattr(module, "connect", lambda: api)
    result = CliRunner().invoke(app, command)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(("status", "exit_code"), [(422, 1), (503, 3)])
def test_a_failure_is_json_where_json_was_asked_for(
    monkeypatch: pytest.MonkeyPatch, command: list[str], status: int, exit_code: int
) -> None:
    answer = httpx.Response(status, json={"detail": "mend this"})
    result = _run(monkeypatch, answer, *command, "--json")
    assert result.exit_code == exit_code
    assert json.loads(result.stdout) == {"error": "mend this", "exit_code": exit_code}
    assert result.stderr == "beamcat: mend this\n"


@pytest.mark.parametrize("command", COMMANDS)
def test_a_failure_is_a_sentence_on_standard_error_alone_for_people(
    monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    result = _run(monkeypatch, httpx.Response(422, json={"detail": "mend this"}), *command)
    assert (result.exit_code, result.stdout, result.stderr) == (1, "", "beamcat: mend this\n")

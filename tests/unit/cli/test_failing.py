"""Whatever goes wrong is told in a sentence, to machines as JSON, and ends with an exit code."""

import base64
import json
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner, Result

from clients.cli.connection.api import Api
from clients.cli.terminal.output import Failed
from deploy.program import app
from tests.builders.addresses import NAMED
from tests.builders.commands import let_commands_ask

NO_ID = "00000000-0000-0000-0000-000000000000"
ORIGINAL = base64.b64encode(b'{"submission": {"name": "x"}}').decode()
REJECTION = httpx.Response(200, json={"topic": "dataset.submitted", "value_base64": ORIGINAL})
COMMANDS = [
    ["status", "/data/no"],
    ["find"],
    ["lineage", "/data/no"],
    ["rejections", "list"],
    ["rejections", "show", NO_ID],
    ["techniques", "list"],
]


def _run(monkeypatch: pytest.MonkeyPatch, answer: httpx.Response, *command: str) -> Result:
    api = Api(NAMED, httpx.MockTransport(lambda _: answer))
    let_commands_ask(monkeypatch, api)
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


NOT_FOUND = httpx.Response(404, json={"detail": "there is no /receipts; /docs lists all routes"})
NO_JSON = httpx.Response(200, text="<html>the intranet</html>")


@pytest.mark.parametrize(
    ("command", "answer", "told"),
    [
        (["status", "/data/run"], NOT_FOUND, "there is no /receipts"),
        (["status", "/data/run"], NO_JSON, "did not answer with JSON: is this beamcat?"),
        (["find"], NO_JSON, "did not answer with JSON: is this beamcat?"),
    ],
)
def test_an_address_of_something_else_is_told(
    monkeypatch: pytest.MonkeyPatch, command: list[str], answer: httpx.Response, told: str
) -> None:
    result = _run(monkeypatch, answer, *command)
    assert result.exit_code == 1
    assert told in result.stderr


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"BEAMCAT_SEARCH_URL": "http://[::x"}, "http://[::x/datasets is no address"),
        ({"BEAMCAT_SEARCH_URL": "nonsense"}, "nonsense/datasets is no address"),
    ],
)
def test_a_setting_that_cannot_be_right_is_told(settings: dict[str, str], told: str) -> None:
    result = CliRunner().invoke(app, ["find"], env=settings)
    assert (result.exit_code, result.stdout) == (1, "")
    assert told in result.stderr


def test_a_port_that_is_no_number_is_told() -> None:
    with pytest.raises(Failed, match="BEAMCAT_STOMP_PORT is 'abc'; give a number"):
        _ = Api({"BEAMCAT_STOMP_HOST": "stomp", "BEAMCAT_STOMP_PORT": "abc"}).stomp_address


def test_a_token_that_no_header_can_carry_is_left_to_the_gateway() -> None:
    carried: list[bytes] = []

    def gateway(request: httpx.Request) -> httpx.Response:
        carried.extend(value for name, value in request.headers.raw if name == b"Authorization")
        return httpx.Response(202, json={"results": []})

    Api({**NAMED, "BEAMCAT_TOKEN": "tökén"}, httpx.MockTransport(gateway)).submit([{}])
    assert carried == ["Bearer tökén".encode()]


UNREADABLE = {
    '{"name": "x", "parameters": {"a": NaN}}': "it does not know NaN; leave a parameter out where there is no value",
    '{"name": "x", "parameters": {"a": 1e999}}': "is not JSON",
    '{"name": "\\ud800"}': "is not JSON",
    "[" * 100_000: "is not JSON",
    "": "is not JSON",
    "[]": "contains no submission",
    '[{"name": "x"}, []]': "contains no submission",
}


@pytest.mark.parametrize("command", [["submit"], ["check"], ["rejections", "resubmit", NO_ID, "--file"]])
@pytest.mark.parametrize(("content", "told"), UNREADABLE.items(), ids=range(len(UNREADABLE)))
def test_a_file_that_holds_no_submission_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, command: list[str], content: str, told: str
) -> None:
    file = tmp_path / "said.json"
    file.write_text(content)
    result = _run(monkeypatch, REJECTION, *command, str(file))
    assert result.exit_code == 1
    assert told in result.stderr


def test_a_correction_is_one_submission(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "two.json"
    file.write_text('[{"name": "x"}, {"name": "y"}]')
    result = _run(monkeypatch, REJECTION, "rejections", "resubmit", NO_ID, "--file", str(file))
    assert "contains 2 submissions; give the corrected one alone" in result.stderr


def test_where_an_original_is_saved_is_said_in_json_too(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    resubmit = ["rejections", "resubmit", NO_ID, "--json", "--save"]
    file = tmp_path / "original.json"
    assert json.loads(_run(monkeypatch, REJECTION, *resubmit, str(file)).stdout) == {"saved": str(file)}
    assert json.loads(file.read_text()) == {"name": "x"}
    nowhere = tmp_path / "no" / "original.json"
    assert f"{nowhere} cannot be written" in _run(monkeypatch, REJECTION, *resubmit, str(nowhere)).stderr


def test_a_submission_without_a_path_is_refused_as_such(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "said.json"
    file.write_text('{"name": "x"}')
    answer = httpx.Response(202, json={"results": [{"status": 422, "detail": "path: is missing; give it"}]})
    assert "refused  (no path)" in _run(monkeypatch, answer, "submit", str(file)).stdout

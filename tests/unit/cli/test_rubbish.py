"""Whatever is typed, a command ends in a sentence: no option of any command ends in a traceback."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import typer
from typer.testing import CliRunner

from clients.cli.connection.api import Api
from deploy.program import app
from deploy.settings import operator_settings
from tests.builders.addresses import NAMED
from tests.builders.commands import let_commands_ask

RUBBISH = [
    "",
    "-1",
    "9" * 400,
    "nan",
    "2027-02-30",
    "0001-01-01T00:00+14:00",
    "9999-12-31T23:59:59-14:00",
    "/",
    "/no/such/file",
    "\x1b[31m",
    "\udcff",
    "[/]",
    "{result",
    "é\u202e",
]
STAYING = {"run", "demo", "up", "serve", "migrate", "integrity", "rebuild", "recover", "apply", "topics list"}
"""Commands that start servers, or need them: of these only `recover` takes a time, which it reads first."""
FINE = "fine.json"


def commands(group: Any, *path: str) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, *path, name)
        elif name not in STAYING:
            yield (*path, name), command


COMMANDS = dict(commands(typer.main.get_command(app)))


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> CliRunner:
    answer = httpx.Response(404, json={"detail": "there is none"})
    api = Api(NAMED, httpx.MockTransport(lambda _: answer))
    let_commands_ask(monkeypatch, api)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BEAMCAT_TOKENS_FILE", str(tmp_path / "tokens.json"))
    Path(FINE).write_text('{"name": "x", "path": "/data/x", "proposal": "mx1111"}', encoding="utf-8")
    return CliRunner()


def plain(parameter: Any) -> str:
    """A value that an argument or option takes."""
    kind = str(parameter.type_descriptor.annotation)
    if "Path" in kind:
        return FINE
    if "UUID" in kind:
        return "00000000-0000-0000-0000-000000000000"
    return "1" if "int" in kind else "x"


def written(parameter: Any, value: str) -> list[str]:
    return [value] if parameter.param_type_name == "argument" else [f"{parameter.opts[0]}={value}"]


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_no_rubbish_in_an_option_of_a_command_ends_in_a_traceback(run: CliRunner, path: tuple[str, ...]) -> None:
    parameters = [one for one in COMMANDS[path].params if not getattr(one, "is_flag", False) and one.name != "help"]
    for parameter in parameters:
        for value in RUBBISH:
            needed = [one for one in parameters if one.required and one is not parameter]
            typed = [word for one in needed for word in written(one, plain(one))]
            result = run.invoke(app, [*path, *typed, *written(parameter, value)])
            told = f"{' '.join(path)} {parameter.name}={value[:50]!r}: {result.exception!r}"
            assert result.exception is None or isinstance(result.exception, SystemExit), told
            assert result.exit_code in {0, 1, 2, 3}, told
            assert result.exit_code == 0 or result.stderr.strip(), f"{told} says nothing"


@pytest.mark.parametrize(
    ("typed", "wrong"),
    [
        (["tokens", "create", "x", "--expires=soon"], "'soon' is not a time"),
        (["tokens", "create", "x", "--expires=2027-02-30"], "is not a time"),
        (["tokens", "create", "x", "--expires=0001-01-01T00:00+14:00"], "the year 1"),
        (["tokens", "create", "a b"], "name"),
        (["recover", "--since=rubbish"], "--since"),
        (["rejections", "list", "--since=rubbish"], "--since: 'rubbish' is not a time"),
        (["rejections", "list", "--limit=0"], "--limit"),
        (["find", "--limit=many"], "--limit"),
        (["lineage", "/data/x", "--depth=-1"], "--depth"),
        (["submit", "/no/such/file"], "/no/such/file"),
        (["rejections", "show", "rubbish"], "REJECTION_ID"),
    ],
)
def test_what_cannot_be_meant_is_a_command_that_is_written_wrongly(
    run: CliRunner, typed: list[str], wrong: str
) -> None:
    result = run.invoke(app, typed)
    assert result.exit_code == 2
    assert wrong in result.stderr


def test_a_token_ends_with_the_last_moment_of_its_day_where_the_facility_is(
    run: CliRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BEAMCAT_TIME_ZONE", "America/Chicago")
    assert run.invoke(app, ["tokens", "create", "x", "--expires=2027-01-01"]).exit_code == 0
    assert "2027-01-02T05:59:59" in run.invoke(app, ["tokens", "list", "--json"]).stdout


def test_no_list_of_tokens_shows_their_hashes(run: CliRunner) -> None:
    run.invoke(app, ["tokens", "create", "x"])
    digest = operator_settings().access.tokens_file.read_text(encoding="utf-8").partition('"token_sha256": "')[2][:64]
    for command in (["tokens", "list"], ["tokens", "list", "--json"]):
        listed = run.invoke(app, command).stdout
        assert "x" in listed
        assert digest not in listed
        assert "sha256" not in listed


def test_a_tokens_file_that_cannot_be_read_is_told_in_words(run: CliRunner, tmp_path: Path) -> None:
    (tmp_path / "tokens.json").write_text("rubbish", encoding="utf-8")
    for command in (["create", "x"], ["list"], ["revoke", "x"]):
        result = run.invoke(app, ["tokens", *command])
        assert result.exit_code == 1
        assert "cannot be read" in result.stderr

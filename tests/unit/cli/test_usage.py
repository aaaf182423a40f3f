"""A command line that is written wrongly: a sentence on standard error, JSON where JSON is asked for, exit code 2."""

import json
import subprocess
from collections.abc import Iterator
from importlib.metadata import version
from platform import python_version
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

import services
from deploy.program import app
from shared.events.codes import Code
from tests.builders.terminal import BEAMCAT, ENVIRONMENT


def commands(group: Any, *path: str) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, *path, name)
        else:
            yield (*path, name), command


COMMANDS = dict(commands(typer.main.get_command(app)))


def run(*typed: str) -> Result:
    return CliRunner().invoke(app, typed)


def refusal(*typed: str) -> str:
    """The sentence in which a command line is refused, which both channels tell."""
    result = run(*typed)
    assert result.exit_code == 2, (typed, result.output)
    told = json.loads(result.stdout)
    assert told == {"error": told["error"], "exit_code": 2}
    assert result.stderr == f"beamcat: {told['error']}\n"
    return str(told["error"])


NEEDY = [
    path
    for path, command in COMMANDS.items()
    if any(each.required for each in command.params) and any(each.name == "as_json" for each in command.params)
]


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_of_every_command_an_unknown_option_is_told_in_json(path: tuple[str, ...]) -> None:
    told = refusal(*path, "--nonsense", "--json")
    assert "--nonsense" in told
    assert refusal("--json", *path, "--nonsense") == refusal(*path, "--json", "--nonsense") == told


@pytest.mark.parametrize("path", NEEDY, ids=" ".join)
def test_of_every_command_what_is_missing_is_told_in_json(path: tuple[str, ...]) -> None:
    assert refusal(*path, "--json").startswith("Missing ")


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        (["fnid", "--json"], "No such command 'fnid'. Did you mean 'find'?"),
        (["--json", "techniques", "lst"], "No such command 'lst'. Did you mean 'list'?"),
        (["techniques", "--json", "lst"], "No such command 'lst'. Did you mean 'list'?"),
        (["--json"], "Missing command."),
        (["--nonsense", "--json"], "No such option: --nonsense"),
        (["find", "--json", "--limit", "many"], "Invalid value for '--limit'"),
        (["find", "--json", "--limit=0"], "Invalid value for '--limit'"),
        (["submit", "/no/such/file", "--json"], "file '/no/such/file' does not exist"),
        (["check", "--json", "/no/such/file"], "file '/no/such/file' does not exist"),
        (["submit", "--json", "README.md", "--from", "nowhere"], "Invalid value for"),
        (["recover", "--since", "soon", "--json"], "'soon' is not a time"),
        (["rejections", "show", "--json", "rubbish"], "REJECTION_ID"),
        (["serve", "nothing", "--json"], "No such option: --json"),
        (["find", "--json", "\udcff"], "is not UTF-8"),
    ],
)
def test_a_command_line_that_cannot_be_meant_is_told_in_json(typed: list[str], told: str) -> None:
    assert told in refusal(*typed)


@pytest.mark.parametrize("typed", [["fnid"], ["find", "--nonsense"], ["find", "--limit=x"], ["lineage"]])
def test_to_people_it_is_said_how_the_command_is_written(typed: list[str]) -> None:
    result = run(*typed)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("Usage: ")


def test_behind_two_dashes_json_is_a_text_as_any_other() -> None:
    result = run("lineage", "--nonsense", "--", "--json")
    assert (result.exit_code, result.stdout) == (2, "")


def test_json_may_stand_anywhere() -> None:
    said = [run(*typed).stdout for typed in (["--json", "topics", "list"], ["topics", "--json", "list"])]
    assert said == [run("topics", "list", "--json").stdout] * 2
    assert json.loads(said[0])


def test_the_version_is_told_to_people_and_machines() -> None:
    assert run("--version").stdout == f"beamcat {version('beamcat')} python {python_version()}\n"
    told = {"beamcat": version("beamcat"), "python": python_version()}
    assert json.loads(run("--version", "--json").stdout) == json.loads(run("--json", "--version").stdout) == told


def offered(*typed: str) -> list[str]:
    """What the Tab key offers for the last word in a shell (fish: a word a line, with its help)."""
    asked = {"_BEAMCAT_COMPLETE": "complete_fish", "_TYPER_COMPLETE_FISH_ACTION": "get-args"}
    line = " ".join(["beamcat", *typed])
    result = CliRunner().invoke(app, prog_name="beamcat", env={**asked, "_TYPER_COMPLETE_ARGS": line})
    assert result.exit_code == 0, result.output
    return [word.partition("\t")[0] for word in result.stdout.splitlines()]


def test_the_tab_key_offers_commands_options_and_values() -> None:
    assert "rebuild" in offered("re")
    assert offered("techniques", "sh") == ["show"]
    assert "--limit" in offered("find", "--")
    assert offered("serve", "") == list(services.PROGRAMS)
    assert offered("techniques", "show", "mx.raw.datac") == ["mx.raw.datacollection"]
    assert offered("techniques", "show", "M") == ["MX"]
    assert offered("rejections", "list", "--code", "") == [code.value for code in Code]
    assert "linker" in offered("rejections", "list", "--stage", "")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_is_given_the_script_that_completes(shell: str) -> None:
    environment = {**ENVIRONMENT, "_BEAMCAT_COMPLETE": f"source_{shell}"}
    code = "from deploy.program import app; app(prog_name='beamcat')"
    said = subprocess.run([BEAMCAT[0], "-c", code], env=environment, text=True, capture_output=True, check=True).stdout
    assert f"_BEAMCAT_COMPLETE=complete_{shell}" in said

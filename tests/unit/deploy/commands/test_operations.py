"""What an operator asks of servers that are away, or by settings that cannot be right, ends in a sentence."""

import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from deploy.program import app
from tests.builders.terminal import BEAMCAT, ENVIRONMENT

AWAY = {"BEAMCAT_DATABASE_URL": "postgresql://127.0.0.1:1/no", "BEAMCAT_KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1"}


@pytest.mark.parametrize("command", [["migrate"], ["topics", "apply"], ["rebuild"]])
def test_a_server_that_is_away_is_told_with_the_settings_that_name_it(command: list[str]) -> None:
    result = CliRunner().invoke(app, command, env=AWAY)
    assert (result.exit_code, result.stdout) == (3, "")
    told = result.stderr.splitlines()[-1]
    assert told.startswith("beamcat: Kafka or PostgreSQL does not answer (")
    assert "is beamcat up? (BEAMCAT_KAFKA_BOOTSTRAP_SERVERS, BEAMCAT_DATABASE_URL)" in told


@pytest.mark.parametrize("command", [["migrate"], ["topics", "apply"], ["rebuild"], ["serve", "linker"]])
@pytest.mark.parametrize(
    ("setting", "value"), [("BEAMCAT_TOPIC_PARTITIONS", "abc"), ("BEAMCAT_DATABASE_URL", "nonsense")]
)
def test_a_setting_that_cannot_be_right_is_named(command: list[str], setting: str, value: str) -> None:
    result = CliRunner().invoke(app, command, env={setting: value})
    assert (result.exit_code, result.stdout) == (1, "")
    assert f"beamcat: {setting}: " in result.stderr


@pytest.mark.parametrize("command", ["topics apply", "recover --since 2027-01-01", "rebuild"])
def test_nothing_is_told_but_the_servers_and_the_one_sentence(tmp_path: Path, command: str) -> None:
    environment = {**ENVIRONMENT, **AWAY}
    said = subprocess.run(
        [*BEAMCAT, *command.split()], cwd=tmp_path, env=environment, text=True, capture_output=True, check=False
    )
    assert (said.returncode, said.stdout) == (3, "")
    named, told = said.stderr.splitlines()
    assert named.endswith("(named by the environment)")
    assert told.startswith("beamcat: Kafka or PostgreSQL does not answer (")

"""What an operator is told while Kafka or PostgreSQL is away."""

import pytest
from typer.testing import CliRunner

from clients.cli.app import app
from clients.cli.output import UNREACHABLE


@pytest.mark.parametrize("command", [["migrate"], ["rebuild"], ["topics", "apply"]])
def test_a_server_that_is_away_is_named_in_one_line(command: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BEAMCAT_KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1")
    monkeypatch.setenv("BEAMCAT_DATABASE_URL", "postgresql://beamcat@127.0.0.1:1/beamcat")
    result = CliRunner().invoke(app, command)
    assert result.exit_code == UNREACHABLE, result.output
    assert "Kafka or PostgreSQL does not answer" in result.stderr
    assert "is beamcat up? (BEAMCAT_KAFKA_BOOTSTRAP_SERVERS, BEAMCAT_DATABASE_URL)" in result.stderr

"""Where a beamcat of one's own has its data, and where its commands find it."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from deploy.commands.installation import DATA_DIRECTORY, folder_of_commands
from deploy.program import app


@pytest.mark.parametrize("command", ["up", "run", "demo"])
def test_a_folder_that_cannot_hold_data_is_told(tmp_path: Path, command: str) -> None:
    (tmp_path / "file").touch()
    data = tmp_path / "file" / "data"
    result = CliRunner().invoke(app, [command, "--data", str(data)])
    assert result.exit_code == 1
    assert result.stderr == f"beamcat: {data} cannot hold data: Not a directory; give another (--data)\n"


@pytest.mark.parametrize("command", ["up", "run", "demo"])
def test_a_file_holds_no_data(tmp_path: Path, command: str) -> None:
    (tmp_path / "file").touch()
    result = CliRunner().invoke(app, [command, "--data", str(tmp_path / "file")])
    assert result.exit_code == 2
    assert "--data" in result.stderr


@pytest.mark.parametrize(
    ("data", "folder"),
    [(DATA_DIRECTORY, ""), ("here/.beamcat", "here"), ("two", "two"), (".beamcat/two", ".beamcat/two")],
)
def test_commands_find_a_beamcat_beside_its_hidden_folder_or_in_its_data(
    tmp_path: Path, data: str, folder: str
) -> None:
    assert folder_of_commands(tmp_path / data) == tmp_path / folder

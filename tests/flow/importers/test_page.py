"""The commands of docs/mmcif.md work as they stand, one after another."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from clients.cli.commands import export
from deploy.program import app
from tests.builders.pages import commands_of
from tests.flow.importers.services import ServicesInMemory

pytestmark = pytest.mark.flow


def test_every_command_of_the_page_works_as_it_stands(
    services: ServicesInMemory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "connect", lambda: services)
    monkeypatch.chdir(tmp_path)
    commands = commands_of("docs/mmcif.md")
    assert {arguments[0] for arguments in commands} == {"check", "submit", "export"}
    for arguments in commands:
        result = CliRunner().invoke(app, arguments)
        assert result.exit_code == 0, (arguments, result.output)
    assert len(services.documents()) == len(services.taken) == 11
    assert {file.name for file in (tmp_path / "deposition").iterdir()} == {"autoPROC_again.cif", "staraniso.cif"}

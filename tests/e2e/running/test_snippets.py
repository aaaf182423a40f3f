"""What a newcomer pastes from the pages into a Python of theirs, beside a running beamcat."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.builders.terminal import ROOT, beamcat
from tests.e2e.running.conftest import Facility

pytestmark = pytest.mark.e2e

SAID = {"README.md": ["committed"], "docs/client.md": ["committed", "committed", "beamline: is missing"]}
"""What the blocks of each page say first or last."""


def blocks(page: str) -> list[str]:
    """Every block of Python of a page."""
    return re.findall(r"```python\n(.*?)```", (ROOT / page).read_text(encoding="utf-8"), re.DOTALL)


def paste(block: str, folder: Path, home: Path) -> str:
    """What a block says that is pasted as it stands, in a folder, where nothing but the folder names a beamcat."""
    variables = {name: value for name, value in os.environ.items() if not name.startswith("BEAMCAT_")}
    variables |= {"HOME": str(home), "BEAMCAT_SPOOL": str(home / "spool")}
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-c", block],
        cwd=folder,
        env=variables,
        text=True,
        capture_output=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


@pytest.mark.parametrize("page", SAID)
def test_every_block_of_python_runs_as_it_stands(facility: Facility, tmp_path: Path, page: str) -> None:
    found = blocks(page)
    assert len(found) == len(SAID[page])
    for block, expected in zip(found, SAID[page], strict=True):
        assert "…" not in block
        assert "{...}" not in block
        said = paste(block, facility.folder, tmp_path)
        assert expected in said, said


def test_the_beamcat_of_a_folder_is_asked_from_below_it_and_from_nowhere_else(
    facility: Facility, tmp_path: Path
) -> None:
    below = facility.folder / "analysis" / "of_a_session"
    below.mkdir(parents=True, exist_ok=True)
    search = facility.running["BEAMCAT_SEARCH_URL"]
    told = f"in the catalogue {search} (named by {facility.folder / '.beamcat/running.json'})"
    assert told in beamcat(below, "find", "nothing-is-called-so").stderr
    assert beamcat(tmp_path, "find", HOME=str(tmp_path)).returncode == 2
    alone = beamcat(tmp_path, "--search-url", search, "find", "nothing-is-called-so")
    assert f"in the catalogue {search} (named by the arguments)" in alone.stderr


def test_the_file_of_a_running_beamcat_is_its_owners_alone(facility: Facility) -> None:
    file = facility.folder / ".beamcat/running.json"
    assert file.stat().st_mode & 0o777 == 0o600

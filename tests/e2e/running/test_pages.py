"""Every command of every page, typed as the page says beside a running beamcat, and what comes of it."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.builders.pages import PAGES, Block, blocks_of, ids_of, pattern_of
from tests.builders.terminal import ENVIRONMENT, ROOT, beamcat
from tests.e2e.running.conftest import Facility

pytestmark = pytest.mark.e2e

BASH = shutil.which("bash") or "/bin/bash"
COPIED = ("examples", "schemas", "clients/python")
"""What lies beside a reader's prompt; a copy, for a command may write there."""
IN_ONE_SHELL = """
test ! -e .environment || . ./.environment
eval "$TYPED"; code=$?; unset TYPED
export -p > .environment
exit $code
"""
"""A shell that begins with the variables that the one before it ended with."""
EDITOR = """\
#!/bin/sh
sed -i 's/30 November, noon/2024-11-30T12:00:00+01:00/' "$1"
"""
"""An editor whose user corrects what the examples have wrong."""


class Reader:
    """Who has a checkout and a terminal in it, and types what the pages say."""

    def __init__(self, facility: Facility) -> None:
        self.folder = facility.folder
        self.ids: dict[str, str] = {}
        for name in COPIED:
            shutil.copytree(ROOT / name, self.folder / name, dirs_exist_ok=True)
        if not (self.folder / ".venv").exists():
            (self.folder / ".venv").symlink_to(sys.prefix)
        (self.folder / ".environment").unlink(missing_ok=True)
        editor = self.folder / "editor"
        editor.write_text(EDITOR)
        editor.chmod(0o700)
        self._environment = {
            **ENVIRONMENT,
            "PATH": f"{Path(sys.prefix, 'bin')}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(self.folder),
            "EDITOR": str(editor),
        }

    def type(self, command: str) -> tuple[str, int]:
        """What the terminal shows then, and the exit code."""
        for shown, real in self.ids.items():
            command = command.replace(shown, real)
        if "REJECTION_ID" in command:
            command = command.replace("REJECTION_ID", self._newest_rejection())
        done = subprocess.run(
            [BASH, "-c", IN_ONE_SHELL],
            cwd=self.folder,
            env={**self._environment, "TYPED": command},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
            check=False,
        )
        return done.stdout, done.returncode

    def compare(self, shown: Sequence[str], said: str) -> None:
        """Fail unless this is what the page shows. An id of the page is from now on the one that came instead."""
        found = pattern_of(shown).fullmatch(said)
        assert found, "\n".join(["the page shows", *shown, "", "and what comes is", said])
        self.ids |= dict(zip(ids_of(shown), found.groups(), strict=True))

    def _newest_rejection(self) -> str:
        listed = json.loads(beamcat(self.folder, "rejections", "list", "--json").stdout)["rejections"]
        return str(listed[0]["rejection_id"])


def followed(page: str) -> list[Block]:
    return [block for block in blocks_of(page) if block.typed() and block.not_run is None]


@pytest.mark.parametrize("page", [page for page in PAGES if followed(page)])
def test_every_command_of_a_page_works_and_shows_what_the_page_shows(page: str, facility: Facility) -> None:
    reader = Reader(facility)
    for block in followed(page):
        for typed in block.typed():
            said, code = reader.type(typed.command)
            assert code == typed.exit_code, f"{block}: {typed.command}\n{said}"
            if typed.shown:
                reader.compare(typed.shown, said)


@pytest.mark.parametrize("block", [block for page in PAGES for block in blocks_of(page) if block.output_of], ids=str)
def test_a_page_shows_what_a_command_prints(block: Block, facility: Facility) -> None:
    assert block.output_of
    said = "".join(facility.said) if block.output_of == "beamcat run" else Reader(facility).type(block.output_of)[0]
    shown = pattern_of(block.text.splitlines())
    assert re.search(f"^{shown.pattern}", said, re.MULTILINE), f"{block} shows\n{block.text}\nand what comes is\n{said}"

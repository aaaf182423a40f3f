"""One beamcat for all tests of this folder: they neither end it nor mind what the others have sent.

It is started as README says, by `beamcat run`, and the pages come first: they show what a new catalogue answers.
"""

import json
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

import pytest

from tests.builders.terminal import BEAMCAT, ENVIRONMENT


@dataclass(frozen=True)
class Facility:
    """A running beamcat: its folder, the variables it says, and what it has printed.

    `mounted` is a folder of the machine that is catalogued as `/data`.
    """

    folder: Path
    mounted: Path
    running: dict[str, str]
    said: list[str]

    @property
    def line(self) -> str:
        """What it prints to be pasted."""
        [line] = [line for line in self.said if line.startswith("from pyicat_plus")]
        return line.strip()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The pages before all else of this folder."""
    here = [number for number, item in enumerate(items) if item.path.parent == Path(__file__).parent]
    ours = sorted((items[number] for number in here), key=lambda item: item.path.name != "test_pages.py")
    for number, item in zip(here, ours, strict=True):
        items[number] = item


@pytest.fixture(scope="package")
def facility(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Facility]:
    folder = tmp_path_factory.mktemp("facility")
    mounted = folder / "mnt" / "data"
    environment = {**ENVIRONMENT, "BEAMCAT_PATH_PREFIXES": json.dumps({str(mounted): "/data"})}
    run = subprocess.Popen([*BEAMCAT, "run"], cwd=folder, env=environment, text=True, stdout=subprocess.PIPE)
    assert run.stdout is not None
    try:
        said = list(takewhile(lambda line: "Ctrl-C" not in line, run.stdout))
        yield Facility(folder, mounted, json.loads((folder / ".beamcat" / "running.json").read_text()), said)
    finally:
        run.send_signal(signal.SIGINT)
        run.communicate(timeout=60)
        assert run.returncode == 0

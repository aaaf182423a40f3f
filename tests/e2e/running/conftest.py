"""One beamcat for all tests of this folder: they neither end it nor mind what the others have sent."""

import json
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

import pytest

from tests.e2e.terminal import BEAMCAT, ENVIRONMENT


@dataclass(frozen=True)
class Facility:
    """A running beamcat: its folder, the variables it says, and the line it prints to be pasted.

    `mounted` is a folder of the machine that is catalogued as `/data`.
    """

    folder: Path
    mounted: Path
    running: dict[str, str]
    line: str


@pytest.fixture(scope="package")
def facility(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Facility]:
    folder = tmp_path_factory.mktemp("facility")
    mounted = folder / "mnt" / "data"
    environment = {**ENVIRONMENT, "BEAMCAT_PATH_PREFIXES": json.dumps({str(mounted): "/data"})}
    up = subprocess.Popen([*BEAMCAT, "up"], cwd=folder, env=environment, text=True, stdout=subprocess.PIPE)
    assert up.stdout is not None
    try:
        said = list(takewhile(lambda line: "Ctrl-C" not in line, up.stdout))
        [line] = [line for line in said if line.startswith("from pyicat_plus")]
        yield Facility(folder, mounted, json.loads((folder / ".beamcat" / "running.json").read_text()), line.strip())
    finally:
        up.send_signal(signal.SIGINT)
        up.communicate(timeout=60)
        assert up.returncode == 0

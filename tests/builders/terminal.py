"""A terminal in which a user types `beamcat`."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
BEAMCAT = [sys.executable, "-m", "deploy"]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "250"}


def beamcat(folder: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a folder, and return its output."""
    environment = {**ENVIRONMENT, **variables}
    return subprocess.run(
        [*BEAMCAT, *arguments], cwd=folder, env=environment, text=True, capture_output=True, check=False
    )

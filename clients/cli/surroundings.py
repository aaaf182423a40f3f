"""What the command line knows of the beamcat around it: the environment, else what runs in this folder."""

import json
import os
from pathlib import Path

from shared.settings import Settings

RUNNING_FILE = Path(".beamcat/running.json")
"""Where `beamcat run` and `beamcat up` say what they serve, so that commands in the same folder need no settings."""


def environment() -> dict[str, str]:
    """Every variable."""
    running = json.loads(RUNNING_FILE.read_text()) if RUNNING_FILE.exists() else {}
    return {**running, **os.environ}


def settings() -> Settings:
    """The settings of a service here."""
    os.environ.update(environment())
    return Settings()

"""What the command line knows of the beamcat around it: the environment, else what runs in this folder."""

import json
import os
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from clients.cli.output import WRONG, fail
from shared.settings import Settings, SettingsInvalid, read_settings

RUNNING_FILE = Path(".beamcat/running.json")
"""Where `beamcat run` and `beamcat up` say what they serve, so that commands in the same folder need no settings."""


def environment() -> dict[str, str]:
    """Every variable."""
    running = json.loads(RUNNING_FILE.read_text()) if RUNNING_FILE.exists() else {}
    return {**running, **os.environ}


def settings() -> Settings:
    """The settings of a service here. Wrong ones end the command."""
    os.environ.update(environment())
    return own_settings()


def time_of(option: str, said: str, known: Settings, *, end_of_day: bool = False) -> datetime:
    """The time that an option says, in the facility's zone if in no other. What is none ends the command."""
    from services.search.filters import FilterInvalid, read_time  # late: few commands take a time

    try:
        return read_time(said, ZoneInfo(known.time_zone), end_of_day=end_of_day)
    except (FilterInvalid, OverflowError) as error:
        fail(f"{option}: {error}", WRONG)


def own_settings() -> Settings:
    """Those of this process alone, as a container has them. Wrong ones end the command."""
    try:
        return read_settings()
    except SettingsInvalid as error:
        fail(str(error))

"""What the command line knows of the beamcat around it: the environment, else what runs in this folder."""

import json
import os
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import ValidationError

from clients.cli.output import WRONG, fail
from shared.settings import Settings

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
    from services.search.filters import read_time  # late: few commands take a time
    from services.search.grammar import FilterInvalid

    try:
        return read_time(said, ZoneInfo(known.time_zone), end_of_day=end_of_day)
    except (FilterInvalid, ZoneInfoNotFoundError, OverflowError) as error:
        fail(f"{option}: {error}", WRONG)


def own_settings() -> Settings:
    """Those of this process alone, as a container has them."""
    try:
        return Settings()
    except ValidationError as error:
        faults = [
            (str(fault["loc"][0]).upper(), fault["msg"].removeprefix("Value error, ")) for fault in error.errors()
        ]
        fail("; ".join(f"BEAMCAT_{name}: {message}" for name, message in faults))

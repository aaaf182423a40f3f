"""The settings of the beamcat that a command asks, and times in its time zone."""

import os
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from zoneinfo import ZoneInfo

from beamcat_client.addresses import find_catalogue
from beamcat_client.errors import BeamcatError
from clients.cli.connection.options import chosen
from clients.cli.terminal.output import WRONG, fail
from shared.foundation.times import TimeInvalid, read_time
from shared.runtime.settings import Settings, SettingsInvalid, read_settings


def settings() -> Settings:
    """The settings of the beamcat to ask, or else of this process. Wrong settings end the command."""
    variables: Mapping[str, str] = {}
    with suppress(BeamcatError):
        variables = find_catalogue(chosen().addresses, chosen().profile).variables
    return settings_with(variables)


def time_of(option: str, said: str, known: Settings, *, end_of_day: bool = False) -> datetime:
    """The time in an option, by default in the facility's time zone. If it is not a time, the command ends."""
    try:
        return read_time(said, ZoneInfo(known.time_zone), end_of_day=end_of_day)
    except TimeInvalid as error:
        fail(f"{option}: {error}", WRONG)


def own_settings() -> Settings:
    """The settings of this process alone, as in a container. Wrong settings end the command."""
    try:
        return read_settings()
    except SettingsInvalid as error:
        fail(str(error))


def settings_with(variables: Mapping[str, str]) -> Settings:
    """The settings of a process with these variables in its environment. Invalid settings end the command."""
    before = dict(os.environ)
    os.environ.update(variables)
    try:
        return own_settings()
    finally:
        os.environ.clear()
        os.environ.update(before)

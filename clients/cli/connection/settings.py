"""The settings of the beamcat that a command asks, and times in its time zone."""

import os
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from zoneinfo import ZoneInfo

from beamcat_client.addresses import find_catalogue
from beamcat_client.errors import BeamcatError
from clients.cli.connection.options import given
from clients.cli.terminal.output import WRONG, fail
from shared.foundation.times import TimeInvalid, read_time
from shared.runtime.settings import Settings, SettingsInvalid, read_settings


def settings() -> Settings:
    """The settings for what needs no server: of the beamcat that is meant, if one is. Wrong ones end the command."""
    variables: Mapping[str, str] = {}
    with suppress(BeamcatError):
        variables = find_catalogue(given().addresses, given().profile).variables
    return settings_with(variables)


def time_of(option: str, said: str, known: Settings, *, end_of_day: bool = False) -> datetime:
    """The time that an option says, in the facility's zone if in no other. What is none ends the command."""
    try:
        return read_time(said, ZoneInfo(known.time_zone), end_of_day=end_of_day)
    except TimeInvalid as error:
        fail(f"{option}: {error}", WRONG)


def own_settings() -> Settings:
    """Those of this process alone, as a container has them. Wrong ones end the command."""
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

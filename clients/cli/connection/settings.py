"""The settings of the beamcat that a command asks, and times in its time zone."""

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from zoneinfo import ZoneInfo

from beamcat_client.addresses import find_catalogue
from beamcat_client.errors import BeamcatError
from clients.cli.connection.options import chosen
from clients.cli.terminal.output import WRONG, fail
from shared.foundation.times import TimeInvalid, read_time
from shared.runtime.facility import FacilitySettings
from shared.runtime.settings import Settings, SettingsInvalid, read

_checked: list[Callable[[], Sequence[type[Settings]]]] = []


def check_with_settings(classes: Callable[[], Sequence[type[Settings]]]) -> None:
    """Let a command that reads settings check these classes too. A program calls it that has more than these commands.

    The classes are loaded when they are needed.
    """
    _checked.append(classes)


def settings() -> FacilitySettings:
    """The settings of the facility: of the beamcat to ask, or else of this process. Wrong settings end the command."""
    variables: Mapping[str, str] = {}
    with suppress(BeamcatError):
        variables = find_catalogue(chosen().addresses, chosen().profile).variables
    beside = [kind for classes in _checked for kind in classes()]
    try:
        return read(FacilitySettings, {**os.environ, **variables}, beside=beside)
    except SettingsInvalid as error:
        fail(str(error))


def time_of(option: str, said: str, facility: FacilitySettings, *, end_of_day: bool = False) -> datetime:
    """The time in an option, by default in the facility's time zone. If it is not a time, the command ends."""
    try:
        return read_time(said, ZoneInfo(facility.time_zone), end_of_day=end_of_day)
    except TimeInvalid as error:
        fail(f"{option}: {error}", WRONG)

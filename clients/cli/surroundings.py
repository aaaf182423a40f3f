"""What the command line knows of the beamcat around it, and the settings that follow from that."""

import os
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from typing import NoReturn
from zoneinfo import ZoneInfo

from beamcat_client.addresses import Catalogue, find_catalogue
from beamcat_client.errors import AddressUnknown, BeamcatError, NotRunning, ProfileUnknown
from clients.cli.options import given
from clients.cli.output import FAILED, UNREACHABLE, WRONG, errors, fail
from shared.foundation.times import TimeInvalid, read_time
from shared.runtime.settings import Settings, SettingsInvalid, read_settings


def catalogue() -> Catalogue:
    """The beamcat that is meant. Where none is named, or it is not running, the command ends."""
    said = given()
    if said.profile and any(said.addresses.values()):
        fail("--profile names a beamcat, and so do --search-url and --gateway-url: give only one of them", WRONG)
    try:
        found = find_catalogue(said.addresses, said.profile)
    except BeamcatError as error:
        end(error)
    if found.note:
        errors.print(f"{found.note}, so {found.origin} is asked", markup=False, soft_wrap=True)
    return found


def address_of(found: Catalogue, name: str, service: str) -> str:
    """One of its addresses. Where it is not named, the command ends."""
    try:
        return found.address(name, service)
    except AddressUnknown as error:
        end(error)


def end(error: BeamcatError) -> NoReturn:
    """End the command for want of a beamcat; the exit code says whether the same call may go through later."""
    codes = {AddressUnknown: WRONG, ProfileUnknown: WRONG, NotRunning: UNREACHABLE}
    fail(str(error), codes.get(type(error), FAILED))


def settings() -> Settings:
    """The settings for what needs no server: of the beamcat that is meant, if one is. Wrong ones end the command."""
    variables: Mapping[str, str] = {}
    with suppress(BeamcatError):
        variables = find_catalogue(given().addresses, given().profile).variables
    return settings_with(variables)


def told_address(address: str) -> str:
    """An address without a password."""
    user, separator, place = address.partition("?")[0].rpartition("@")
    return f"{user.rpartition(':')[0] if user.count(':') > 1 else user}{separator}{place}"


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

"""What the command line knows of the beamcat around it, and the settings that follow from that."""

import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import NoReturn, TypeVar
from zoneinfo import ZoneInfo

from beamcat_client.addresses import DATABASE_URL, ENVIRONMENT, KAFKA, Catalogue, find_catalogue
from beamcat_client.errors import AddressUnknown, BeamcatError, NotRunning, ProfileUnknown
from clients.cli.options import NOTHING, given
from clients.cli.output import FAILED, UNREACHABLE, WRONG, errors, fail
from deploy.settings import OperatorSettings, operator_settings
from shared.foundation.times import TimeInvalid, read_time
from shared.host.settings import FacilitySettings
from shared.runtime.settings import SettingsInvalid

T = TypeVar("T")

TOKENS_FILE = "BEAMCAT_TOKENS_FILE"
OPERATED = {DATABASE_URL: "database", KAFKA: "Kafka", TOKENS_FILE: "tokens file"}
"""What an operator's command may change."""


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


def settings() -> OperatorSettings:
    """The settings for what needs no server: of the beamcat that is meant, if one is. Wrong ones end the command."""
    variables: Mapping[str, str] = {}
    with suppress(BeamcatError):
        variables = find_catalogue(given().addresses, given().profile).variables
    return _settings(variables)


def operated(*names: str) -> OperatorSettings:
    """The settings to change servers by, which are told first: each is named, and never one that a default means."""
    own_settings()  # what is wrong in the environment is told before anything is missed there
    if given() == NOTHING and all(os.environ.get(name) for name in names):
        found = Catalogue(os.environ, ENVIRONMENT)
    else:
        found = catalogue()
    known = [f"{OPERATED[name]} {told_address(address_of(found, name, OPERATED[name]))}" for name in names]
    errors.print(f"{', '.join(known)} (named by {found.origin})", markup=False, soft_wrap=True)
    return _settings(found.variables)


def told_address(address: str) -> str:
    """An address without a password."""
    user, separator, place = address.partition("?")[0].rpartition("@")
    return f"{user.rpartition(':')[0] if user.count(':') > 1 else user}{separator}{place}"


def time_of(option: str, said: str, known: FacilitySettings, *, end_of_day: bool = False) -> datetime:
    """The time that an option says, in the facility's zone if in no other. What is none ends the command."""
    try:
        return read_time(said, ZoneInfo(known.time_zone), end_of_day=end_of_day)
    except TimeInvalid as error:
        fail(f"{option}: {error}", WRONG)


def own_settings() -> OperatorSettings:
    """Those of this process alone, as a container has them. Wrong ones end the command."""
    return valid(operator_settings)


def valid(reading: Callable[[], T]) -> T:
    """The settings that are read. If they are invalid, the command ends."""
    try:
        return reading()
    except SettingsInvalid as error:
        fail(str(error))


def _settings(variables: Mapping[str, str]) -> OperatorSettings:
    """The settings of a process with these variables beside its own."""
    return valid(partial(operator_settings, {**os.environ, **variables}))

"""The servers that an operator's command changes."""

import os
from collections.abc import Callable
from typing import TypeVar

from beamcat_client.addresses import DATABASE_URL, ENVIRONMENT, KAFKA, Catalogue
from clients.cli.connection.address import address_of, catalogue, without_password
from clients.cli.connection.options import NO_CHOICE, chosen
from clients.cli.terminal.output import errors, fail
from deploy.settings import OperatorSettings, operator_settings
from shared.runtime.settings import SettingsInvalid

T = TypeVar("T")

TOKENS_FILE = "BEAMCAT_TOKENS_FILE"
SERVERS = {DATABASE_URL: "database", KAFKA: "Kafka", TOKENS_FILE: "tokens file"}
"""The servers that an operator's command may change, by the variable that names each."""


def operated(*names: str) -> OperatorSettings:
    """The settings of the servers that a command will change. The command prints them first.

    Each server must be named: a command never changes a server that only a default names.
    """
    own_settings()  # reports wrong variables before missing ones
    if chosen() == NO_CHOICE and all(os.environ.get(name) for name in names):
        found = Catalogue(os.environ, ENVIRONMENT)
    else:
        found = catalogue()
    known = [f"{SERVERS[name]} {without_password(address_of(found, name, SERVERS[name]))}" for name in names]
    errors.print(f"{', '.join(known)} (named by {found.origin})", markup=False, soft_wrap=True)
    return valid(lambda: operator_settings({**os.environ, **found.variables}))


def own_settings() -> OperatorSettings:
    """The settings of this process alone, as a container has them. If they are invalid, the command ends."""
    return valid(operator_settings)


def valid(read: Callable[[], T]) -> T:
    """The settings that were read. If one is invalid, the command ends."""
    try:
        return read()
    except SettingsInvalid as error:
        fail(str(error))

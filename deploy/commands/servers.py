"""The servers that an operator's command changes."""

import os

from beamcat_client.addresses import DATABASE_URL, ENVIRONMENT, KAFKA, Catalogue
from clients.cli.connection.address import address_of, catalogue, without_password
from clients.cli.connection.options import NO_CHOICE, chosen
from clients.cli.connection.settings import own_settings, settings_with
from clients.cli.terminal.output import errors
from shared.runtime.settings import Settings

TOKENS_FILE = "BEAMCAT_TOKENS_FILE"
SERVERS = {DATABASE_URL: "database", KAFKA: "Kafka", TOKENS_FILE: "tokens file"}
"""What an operator's command may change, by the variable that names it."""


def operated(*names: str) -> Settings:
    """The settings of the servers that a command will change. The command prints them first.

    Each server must be named: a command never changes a server that only a default names.
    """
    own_settings()  # reports what is wrong in the environment before it reports what is missing there
    if chosen() == NO_CHOICE and all(os.environ.get(name) for name in names):
        found = Catalogue(os.environ, ENVIRONMENT)
    else:
        found = catalogue()
    known = [f"{SERVERS[name]} {without_password(address_of(found, name, SERVERS[name]))}" for name in names]
    errors.print(f"{', '.join(known)} (named by {found.origin})", markup=False, soft_wrap=True)
    return settings_with(found.variables)

"""The settings of those who operate beamcat, and all settings together: of every service and of the commands."""

import os
from collections.abc import Iterator, Mapping
from difflib import get_close_matches

import services
from shared.host.settings import ServiceSettings
from shared.http.settings import AccessSettings
from shared.kafka.settings import TopicSettings
from shared.runtime.settings import PREFIX, Settings, fields_of, read

CLOSE = 0.8
"""How similar a name must be to a setting to count as a misspelling of it."""
OTHERS = (
    "DATABASE_PASSWORD",
    "FAILPOINT",
    "FAILPOINT_MARK",
    "FAILPOINT_SIGNAL",
    "GATEWAY_URL",
    "GRAFANA_PASSWORD",
    "ICAT_PLUS_URL",
    "IMAGE",
    "PROFILE",
    "SEARCH_URL",
    "SPOOL",
    "TOKEN",
)
"""Variables with the prefix of settings that the command line, the client or compose reads."""


class OperatorSettings(ServiceSettings):
    """What the commands of an operator read: where the servers are, the topics, and the file of tokens."""

    topics: TopicSettings = TopicSettings()
    access: AccessSettings = AccessSettings()


def settings_classes() -> list[type[Settings]]:
    """Every class of settings: that of an operator's commands, and those of the services."""
    return [OperatorSettings, *map(services.settings_of, services.NAMES)]


def all_variables() -> list[str]:
    """The variable of every setting."""
    return list(dict.fromkeys(variable for kind in settings_classes() for variable in fields_of(kind)))


def operator_settings(environment: Mapping[str, str] = os.environ) -> OperatorSettings:
    """The settings of a command that starts services or changes what they work on.

    Raises:
        SettingsInvalid: a variable has an invalid value, even one that only a service reads.
    """
    return read(OperatorSettings, environment, beside=settings_classes())


def misspelt(environment: Mapping[str, str] = os.environ) -> Iterator[str]:
    """A sentence for each variable that is nearly a setting. Others with `BEAMCAT_` may belong to another program."""
    named = [variable for variable in environment if variable.upper().startswith(PREFIX)]
    known = [*OTHERS, *(variable.removeprefix(PREFIX) for variable in all_variables())] if named else []
    for variable in named:
        name = variable.upper().removeprefix(PREFIX)
        if name not in known:
            for near in get_close_matches(name, known, n=1, cutoff=CLOSE):
                yield f"{variable} is not a setting, and has no effect; did you mean {PREFIX}{near}?"

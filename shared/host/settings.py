"""The settings that every service has: what is set for the facility, and the groups of the parts that the host runs."""

from typing import Literal

from pydantic import Field

from shared.events.identity import Identities, PathPrefixes
from shared.http.settings import HttpSettings
from shared.kafka.settings import KafkaSettings
from shared.postgres.settings import DatabaseSettings
from shared.runtime.setting_types import DnsName, Folders, Level, Prefixes, Roots, TimeZone
from shared.runtime.settings import Settings, SettingsInvalid, variables
from shared.stages.settings import StageSettings


class FacilitySettings(Settings):
    """The facility: its name, its folders, its own schemas and its time zone."""

    name: DnsName = Field(
        default="facility.example",
        alias="BEAMCAT_FACILITY",
        description="DNS name of the facility: the namespace of every id; cannot be changed once data flows. A service "
        "does not start without it; the default is that of `beamcat run`",
    )
    path_roots: Roots = Field(default=["/data"], description="folders that may contain datasets")
    path_prefixes: Prefixes = Field(
        default={},
        description='the catalogued folder of each mounted folder, such as `{"/mnt/storage/data": "/data"}`; ids are '
        "derived from catalogued paths, so set it before data flow",
    )
    schema_directories: Folders = Field(
        default=[], description="folders with the facility's own `vocabulary/` or `techniques/`"
    )
    time_zone: TimeZone = Field(default="Europe/Paris", description="IANA zone of times without a zone")


class LogSettings(Settings):
    """The log."""

    model_config = variables("LOG_")

    level: Level = Field(default="INFO", description="the least severe level that is logged")
    format: Literal["text", "json"] = Field(
        default="text",
        description="`json`: one object per line, with receipt and trace id if the line is about an event",
    )


class ServiceSettings(Settings):
    """The settings that every service has; the class of a service adds its own."""

    kafka: KafkaSettings = KafkaSettings()
    database: DatabaseSettings = DatabaseSettings()
    facility: FacilitySettings = FacilitySettings()
    http: HttpSettings = HttpSettings()
    stages: StageSettings = StageSettings()
    log: LogSettings = LogSettings()


def identities_of(facility: FacilitySettings) -> Identities:
    """The ids of the facility. Its name must have been set, because ids are derived from it.

    Raises:
        SettingsInvalid: no name was set.
    """
    if "name" not in facility.model_fields_set:
        raise SettingsInvalid(
            "BEAMCAT_FACILITY is not set: give the DNS name of the facility, since ids derive from it"
        )
    return Identities(facility.name, PathPrefixes(facility.path_prefixes))

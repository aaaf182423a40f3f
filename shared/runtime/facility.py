"""What is set for the facility, and the ids that follow from it."""

from pydantic import Field

from shared.events.identity import Identities, PathPrefixes
from shared.runtime.setting_types import DnsName, Folders, Prefixes, Roots, TimeZone
from shared.runtime.settings import Settings, SettingsInvalid


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

"""Settings for tests: of a service by its name, of any service, or by the names of the variables."""

import os
from typing import Any, TypeVar

import services
from shared.host.service import Resources
from shared.host.settings import ServiceSettings
from shared.postgres.database import Database
from shared.runtime.facility import FacilitySettings
from shared.runtime.settings import PREFIX, Settings, read

S = TypeVar("S", bound=Settings)

T = TypeVar("T", bound=ServiceSettings)

FACILITY = FacilitySettings(name="facility.example")


def settings_for(service: str, **groups: Any) -> Any:
    """The settings of a service from the environment, with these groups replaced."""
    return read(services.settings_of(service), os.environ).model_copy(update=groups)


def base_settings(**groups: Any) -> ServiceSettings:
    """The groups of every service, for a named facility, with these groups replaced."""
    return ServiceSettings(**{"facility": FACILITY, **groups})


def with_variables(kind: type[S], **values: object) -> S:
    """Settings by their variables, in lower case and without the prefix."""
    return read(kind, {f"{PREFIX}{name}": str(value) for name, value in values.items()})


def resources_beside(resources: Resources[ServiceSettings], settings: T, database: Database) -> Resources[T]:
    """The resources of another service in the same process."""
    return Resources(settings, resources.identities, database, resources.publisher, resources.backoff, resources.clock)

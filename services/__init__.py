"""What happens: one folder a verb. A dataset is submitted, validated, linked, tracked, committed, found."""

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # a command that only names the services need not load the web and Kafka
    from shared.host.service import Service
    from shared.host.settings import ServiceSettings

NAMES = (
    "gateway",
    "validator",
    "linker",
    "sample_tracking",
    "catalog_writer",
    "search",
    "icat_gateway",
    "logbook",
    "archive",
    "icat_plus",
)
"""Every service, in the order in which a dataset meets them; last those for the clients of ICAT."""

PIPELINE = "pipeline"
PROGRAMS: Mapping[str, tuple[str, ...]] = {
    **{name: (name,) for name in NAMES},
    PIPELINE: ("validator", "linker", "sample_tracking", "catalog_writer"),
}
"""What a process may run: one service, or together those that a dataset passes until it is committed."""


def programs(*, together: bool) -> tuple[str, ...]:
    """The programs that run everything, in the order in which a dataset meets them."""
    apart = [name for name in NAMES if not (together and name in PROGRAMS[PIPELINE])]
    return (*apart, PIPELINE) if together else tuple(apart)


def load(name: str) -> "Service[Any]":
    """The declaration of a service; its modules are imported only now, so that a process pays for what it runs."""
    service: Service[Any] = import_module(f"services.{name}.app").SERVICE
    return service


def settings_of(name: str) -> "type[ServiceSettings]":
    """The class of a service's settings, which is named after it; loaded without the service."""
    kind: type[ServiceSettings] = getattr(
        import_module(f"services.{name}.settings"), f"{name.title().replace('_', '')}Settings"
    )
    return kind

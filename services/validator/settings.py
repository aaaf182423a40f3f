"""The settings of the validator."""

from shared.host.settings import ServiceSettings


class ValidatorSettings(ServiceSettings):
    """Those that every service has."""

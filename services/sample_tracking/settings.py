"""The settings of sample tracking."""

from shared.host.settings import ServiceSettings


class SampleTrackingSettings(ServiceSettings):
    """Those that every service has."""

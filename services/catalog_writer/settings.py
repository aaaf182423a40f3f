"""The settings of the catalog writer."""

from shared.host.settings import ServiceSettings


class CatalogWriterSettings(ServiceSettings):
    """Those that every service has."""

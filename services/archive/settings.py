"""The settings of the archive."""

from shared.host.settings import ServiceSettings
from shared.http.settings import AccessSettings, SearchNeighbourSettings


class ArchiveSettings(ServiceSettings):
    """Who may ask, and how it asks search."""

    access: AccessSettings = AccessSettings()
    neighbours: SearchNeighbourSettings = SearchNeighbourSettings()

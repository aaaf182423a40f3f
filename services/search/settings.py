"""The settings of search."""

from shared.host.settings import ServiceSettings
from shared.http.settings import AccessSettings


class SearchSettings(ServiceSettings):
    """Who may ask."""

    access: AccessSettings = AccessSettings()

"""The settings of the logbook."""

from shared.host.settings import ServiceSettings
from shared.http.settings import AccessSettings


class LogbookSettings(ServiceSettings):
    """Who may read entries."""

    access: AccessSettings = AccessSettings()

"""The settings of icat_plus."""

from pydantic import Field

from shared.host.settings import ServiceSettings
from shared.http.settings import AccessSettings, SearchNeighbourSettings
from shared.kafka.settings import SourceSettings
from shared.runtime.setting_types import HttpUrl


class IcatPlusSettings(ServiceSettings):
    """Settings of access, limits, sessions and the services that icat_plus asks."""

    access: AccessSettings = AccessSettings()
    neighbours: SearchNeighbourSettings = SearchNeighbourSettings()
    source: SourceSettings = SourceSettings()
    logbook_service_url: HttpUrl = Field(
        default="http://127.0.0.1:8007", description="address of the logbook, which icat_plus asks for entries"
    )
    archive_service_url: HttpUrl = Field(
        default="http://127.0.0.1:8008", description="address of the archive, which icat_plus asks where files are"
    )
    session_minutes: int = Field(
        default=720, ge=1, le=366 * 24 * 60, description="duration of a session of an ICAT client, in minutes"
    )

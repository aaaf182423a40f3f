"""The settings of the gateway."""

from pydantic import Field

from shared.host.settings import ServiceSettings
from shared.http.settings import AccessSettings
from shared.kafka.settings import SourceSettings
from shared.runtime.setting_types import HttpUrl


class GatewaySettings(ServiceSettings):
    """Who may hand in, how much, and who judges a dry run."""

    access: AccessSettings = AccessSettings()
    source: SourceSettings = SourceSettings()
    validator_url: HttpUrl = Field(
        default="http://127.0.0.1:8001",
        description="address of the validator, which the gateway asks for verdicts on parameters",
    )
    linker_url: HttpUrl = Field(
        default="http://127.0.0.1:8002",
        description="address of the linker, which the gateway asks for verdicts on links",
    )

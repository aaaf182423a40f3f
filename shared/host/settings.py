"""The settings that every service has: those of the facility, of the log, and of the parts that the host runs."""

from typing import Literal

from pydantic import Field

from shared.http.settings import HttpSettings
from shared.kafka.settings import KafkaSettings
from shared.postgres.settings import DatabaseSettings
from shared.runtime.facility import FacilitySettings
from shared.runtime.setting_types import Level
from shared.runtime.settings import Settings, variables
from shared.stages.settings import StageSettings


class LogSettings(Settings):
    """The log."""

    model_config = variables("LOG_")

    level: Level = Field(default="INFO", description="the least severe level that is logged")
    format: Literal["text", "json"] = Field(
        default="text",
        description="`json`: one object per line, with receipt and trace id if the line is about an event",
    )


class ServiceSettings(Settings):
    """The settings that every service has; the class of a service adds its own."""

    kafka: KafkaSettings = KafkaSettings()
    database: DatabaseSettings = DatabaseSettings()
    facility: FacilitySettings = FacilitySettings()
    http: HttpSettings = HttpSettings()
    stages: StageSettings = StageSettings()
    log: LogSettings = LogSettings()

"""The settings of the linker."""

from pydantic import Field

from shared.host.settings import ServiceSettings
from shared.runtime.setting_types import MOST_COUNT


class LinkerSettings(ServiceSettings):
    """How long datasets wait for inputs, and how many inputs a source may await."""

    await_inputs_seconds: float | None = Field(
        default=None,
        gt=0,
        le=10 * 365 * 24 * 3600,
        allow_inf_nan=False,
        description="how long datasets wait for inputs, in seconds; overrides every technique",
    )
    awaited_inputs: int = Field(
        default=100_000,
        ge=10_000,
        le=MOST_COUNT,
        description="the most inputs that all waiting submissions of one source may await together",
    )

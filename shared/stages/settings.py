"""The settings of the stages of a service."""

from pydantic import Field

from shared.runtime.setting_types import Count
from shared.runtime.settings import Settings


class StageSettings(Settings):
    """Stages: how large their batches are, and whether they halt."""

    batch_events: Count = Field(default=500, description="the most events in a batch of a stage")
    batch_milliseconds: int = Field(
        default=50,
        ge=0,
        le=60_000,
        description="how long a stage that is not behind lets the next batch grow, in milliseconds; a stage that "
        "follows another one waits no longer than it has worked",
    )
    halt_stages: bool = Field(
        default=True,
        description="whether a stage halts while it refuses several producers that were fine before, for reasons "
        "that may be beamcat's fault; `false` lets it reject their events",
    )

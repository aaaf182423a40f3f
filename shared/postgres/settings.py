"""The settings of PostgreSQL."""

from pydantic import Field

from shared.runtime.setting_types import Count, PostgresUrl
from shared.runtime.settings import Settings, variables


class DatabaseSettings(Settings):
    """PostgreSQL: where it is, and how many connections a process opens."""

    model_config = variables("DATABASE_")

    url: PostgresUrl = Field(
        default="postgresql://127.0.0.1/beamcat",
        description="the PostgreSQL database, as postgresql://user@host:port/name",
        repr=False,
    )
    connections: Count = Field(
        default=4, description="connections of a service process for its work: storing and publishing"
    )
    quick_questions: Count = Field(
        default=2, description="connections for quick questions: one dataset, receipt, rejection or session"
    )
    costly_questions: Count = Field(
        default=3, description="connections for costly questions: searches, lists, lineage, exports"
    )

"""The declaration of a service: its name, its settings, what it produces, and how it is assembled."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from fastapi import APIRouter

from shared.events.identity import Identities
from shared.events.topics import Topic
from shared.host.settings import ServiceSettings
from shared.kafka.publisher import KafkaPublisher, Publisher
from shared.postgres.database import Database
from shared.runtime.backoff import Backoff
from shared.runtime.facility import identities_of
from shared.stages.stage import Stage

FEW_CONNECTIONS = {"connections": 2, "quick_questions": 2, "costly_questions": 1}
"""The most connections of a service with little work, by setting of the database."""

S_co = TypeVar("S_co", bound=ServiceSettings, covariant=True)
S = TypeVar("S", bound=ServiceSettings)


def utc_now() -> datetime:
    """The clock of every service."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Resources(Generic[S_co]):
    """What the host gives to a service. Nothing is connected yet when the service is assembled."""

    settings: S_co
    identities: Identities
    database: Database
    publisher: Publisher
    backoff: Backoff
    clock: Callable[[], datetime] = utc_now


@dataclass(frozen=True)
class Components:
    """What a service consists of: stages, tasks, routes."""

    stages: Sequence[Stage[Any, Any]] = ()
    tasks: Sequence[Callable[[], Awaitable[None]]] = ()
    """Coroutines that run as long as the service, such as relays and timers."""
    router: APIRouter = field(default_factory=APIRouter)
    edges: Sequence[Callable[[], Awaitable[None]]] = ()
    """Coroutines that run from the start, before Kafka and PostgreSQL are connected, for clients that cannot wait."""


@dataclass(frozen=True)
class Service(Generic[S]):
    """The declaration of a service. `schema` is its PostgreSQL schema, if it has a store.

    Its stages declare what it consumes. Its publisher refuses every topic that `produces` does not list.
    """

    name: str
    settings: type[S]
    assemble: Callable[[Resources[S]], Components]
    schema: str | None = None
    produces: Sequence[Topic] = ()
    few_connections: bool = False
    """Whether it has little work, and needs only a few connections to PostgreSQL."""

    def publisher(self, settings: S) -> KafkaPublisher:
        """The connection by which the service writes to Kafka."""
        return KafkaPublisher(settings.kafka, f"beamcat-{self.name}", self.produces)

    def resources(self, settings: S, publisher: Publisher | None = None) -> Resources[S]:
        """The resources of the service under these settings. It publishes by a connection of its own, or as given."""
        limits = FEW_CONNECTIONS if self.few_connections else {}
        fewer = {name: min(limit, getattr(settings.database, name)) for name, limit in limits.items()}
        return Resources(
            settings,
            identities_of(settings.facility),
            Database(settings.database.model_copy(update=fewer), self.schema or self.name),
            publisher or self.publisher(settings),
            Backoff(),
        )

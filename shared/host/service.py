"""A service as a process: its stages, relays and routes, with HTTP routes for liveness, readiness and metrics."""

import asyncio
import contextlib
import ctypes
import functools
import gc
import logging
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Generic, TypeVar

from fastapi import APIRouter, FastAPI
from fastapi.responses import FileResponse, JSONResponse, PlainTextResponse
from starlette.types import Lifespan

from shared.events.identity import Identities
from shared.events.topics import MEBIBYTE, Topic
from shared.foundation.errors import Fatal, cannot_listen
from shared.host.settings import ServiceSettings
from shared.http.description import DescribedApp
from shared.http.door import Door
from shared.http.problems import DESCRIBED, answer_in_problems
from shared.http.server import HttpConfig, HttpServer
from shared.http.settings import HttpSettings
from shared.http.turns import KnowAskers
from shared.kafka.publisher import KafkaPublisher
from shared.postgres.database import Database
from shared.runtime import logs
from shared.runtime.backoff import Backoff, Stopping
from shared.runtime.descriptors import raise_limit
from shared.runtime.error_kinds import ErrorKind, error_kind
from shared.runtime.facility import identities_of
from shared.runtime.metrics import begin_stage, exposition
from shared.runtime.retries import until_done
from shared.stages.halt import HaltRule
from shared.stages.stage import Stage, StageRunner
from shared.stages.stream import Stream, Subscription

logger = logging.getLogger(__name__)

API_PAGE = Path(__file__).parent / "api.html"
MEASURE_SECONDS = 1.0
GARBAGE_THRESHOLDS = (100_000, 50, 100)
M_MMAP_THRESHOLD = -3
"""The number of this option of `mallopt`, as <malloc.h> has it."""
FEW_CONNECTIONS = {"connections": 2, "quick_questions": 2, "costly_questions": 1}
"""The most connections of a service with little work, by setting."""
STUCK_SECONDS = 60.0
"""A stage that lags and has settled nothing for this long is not ready."""

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
    publisher: KafkaPublisher
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

    def resources(self, settings: S) -> Resources[S]:
        """The resources of the service under these settings."""
        limits = FEW_CONNECTIONS if self.few_connections else {}
        fewer = {name: min(limit, getattr(settings.database, name)) for name, limit in limits.items()}
        return Resources(
            settings,
            identities_of(settings.facility),
            Database(settings.database.model_copy(update=fewer), self.schema or self.name),
            KafkaPublisher(settings.kafka, f"beamcat-{self.name}", self.produces),
            Backoff(),
        )


class Host:
    """Runs one service in this process."""

    def __init__(self, service: Service[S], settings: S) -> None:
        self.service = service
        self.failure: str | None = None
        self.refusal: str | None = None
        """Why it does not start, if another attempt would fail in the same way."""
        self.end: Callable[[], None] = lambda: None
        """Stops the process in order. The code that runs the host sets it."""
        self._settings: ServiceSettings = settings
        self._started = False
        self._resources = service.resources(settings)
        self.components = service.assemble(self._resources)
        self._subscriptions = [
            Subscription(stage.name, stage.consumes, stage.group, self._runner(stage), self._fail)
            for stage in self.components.stages
        ]
        self._behind_since: dict[str, datetime] = {}

    def _runner(self, stage: Stage[Any, Any]) -> StageRunner[Any, Any]:
        begin_stage(stage.name)
        resources = self._resources
        halt_rule = HaltRule(halts=self._settings.stages.halt_stages)
        return StageRunner(
            stage, resources.publisher, resources.clock, halt_rule, resources.backoff, resources.identities
        )

    def app(self) -> FastAPI:
        """The HTTP application. Its lifespan is that of the service."""
        app = face(self.service.name, self.components.router, self._lifespan)
        app.add_api_route("/live", self._live, tags=["operations"])
        not_ready: dict[int | str, dict[str, Any]] = {503: {"description": "Not ready, with the reasons."}}
        app.add_api_route("/ready", self._ready, tags=["operations"], responses=not_ready)
        app.add_api_route("/metrics", _metrics, tags=["operations"], response_class=PlainTextResponse)
        return app

    async def _live(self) -> dict[str, str]:
        """Tell that the process answers."""
        return {"service": self.service.name}

    async def _ready(self) -> JSONResponse:
        """Tell whether all stages are assigned, and make progress or are idle; otherwise give the reasons."""
        reasons = [] if self._started else [self.failure or "Kafka or PostgreSQL is not connected yet"]
        for subscription in self._subscriptions:
            if subscription.trouble:
                reasons.append(f"{subscription.name}: {subscription.trouble}")
            elif not subscription.assigned:
                reasons.append(f"{subscription.name}: waits for its consumer group")
            elif since := self._behind_since.get(subscription.name):
                waited = (utc_now() - since).total_seconds()
                if waited > STUCK_SECONDS:
                    reasons.append(f"{subscription.name}: lags, and has settled nothing for {waited:.0f} s")
        for who, error in self._resources.backoff.troubles(STUCK_SECONDS).items():
            reasons.append(f"{who}: has failed for {STUCK_SECONDS:.0f} s or longer: {type(error).__name__}: {error}")
        answer = {"ready": not reasons, "reasons": reasons}
        return JSONResponse(answer, 503, {"Retry-After": "1"}) if reasons else JSONResponse(answer)

    @asynccontextmanager
    async def _lifespan(self, _app: FastAPI) -> AsyncIterator[None]:
        life = asyncio.create_task(self._live_until_stopped())
        yield
        self._resources.backoff.stop()
        await life

    async def _live_until_stopped(self) -> None:
        kafka, stages = self._settings.kafka, self._settings.stages
        stream = Stream(kafka, stages, f"beamcat-{self.service.name}", self._subscriptions)
        tasks = [asyncio.create_task(self._watch(edge)) for edge in self.components.edges]
        try:
            if self.service.schema:
                await self._insist(self._resources.database.open)
            await self._insist(self._resources.publisher.start)
            await self._insist(stream.start)
            self._started = True
            tasks += [asyncio.create_task(self._watch(task)) for task in (*self.components.tasks, self._measure)]
            await self._resources.backoff.sleep(float("inf"))
        except Stopping:
            logger.info("%s stops", self.service.name)
        except Exception as error:  # noqa: BLE001  whatever it is, the service says so and ends
            self._fail(error)
        finally:
            await stream.stop()
            await asyncio.gather(*tasks)
            await self._resources.publisher.stop()
            await self._resources.database.close()

    async def _insist(self, connect: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Connect, for as long as it takes: joining a group takes as long as the batches of its other members."""
        backoff = self._resources.backoff
        await until_done(self.service.name, lambda: backoff.unless_stopped(connect()), backoff)

    async def _watch(self, task: Callable[[], Awaitable[None]]) -> None:
        try:
            await task()
        except Stopping:
            return
        except Exception as error:  # noqa: BLE001  whatever it is, the service says so and ends
            self._fail(error)

    async def _measure(self) -> None:
        settled: dict[str, int] = {}
        while True:
            for subscription in self._subscriptions:
                behind = await subscription.measure()
                if behind and subscription.settled == settled.get(subscription.name):
                    self._behind_since.setdefault(subscription.name, utc_now())
                else:
                    self._behind_since.pop(subscription.name, None)
                settled[subscription.name] = subscription.settled
            await self._resources.backoff.sleep(MEASURE_SECONDS)

    def _fail(self, error: Exception) -> None:
        """End the service with one clear line, after an error that no retry can fix."""
        self.failure = f"{type(error).__name__}: {error}"
        if error_kind(error) is ErrorKind.FATAL:
            self.refusal = None if self._started else str(error)
            logger.critical("%s cannot go on: %s", self.service.name, self.failure)
        else:
            logger.critical("%s met a defect: %s", self.service.name, self.failure, exc_info=error)
        self.end()


def face(name: str, router: APIRouter, lifespan: Lifespan[FastAPI] | None = None) -> FastAPI:
    """The HTTP application of a service: its routes, behind the middleware that all services have."""
    app = DescribedApp(title=f"beamcat {name}", lifespan=lifespan, docs_url=None, redoc_url=None, responses=DESCRIBED)
    app.add_middleware(KnowAskers)
    app.add_middleware(Door)
    app.add_api_route("/docs", _docs, include_in_schema=False)
    app.include_router(router)
    answer_in_problems(app)
    return app


async def _docs() -> FileResponse:
    """The description of the service's routes, for people."""
    return FileResponse(API_PAGE)


async def _metrics() -> PlainTextResponse:
    """The metrics in Prometheus' exposition format."""
    content, media_type = exposition()
    return PlainTextResponse(content, media_type=media_type)


def http_config(app: FastAPI, http: HttpSettings) -> HttpConfig:
    """The configuration of the HTTP server."""
    return HttpConfig(app, http, host=http.host, port=http.port)


def spare_garbage() -> None:
    """Make garbage collection rare, and skip everything that is loaded now.

    Parsed events have no cycles, and searching for cycles takes half as long as the parsing.
    """
    gc.freeze()
    gc.set_threshold(*GARBAGE_THRESHOLDS)


def give_back_large_buffers() -> None:
    """Make the C library return freed blocks of more than a mebibyte to the system.

    Otherwise it keeps such blocks once it has seen some, and a stage that met a few large events would hold several
    times their size for ever. Without such a library, this does nothing.
    """
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(M_MMAP_THRESHOLD, MEBIBYTE)


def serve(
    service: Service[S],
    settings: S,
    warnings: Iterable[str] = (),
    refuse: Callable[[str], None] = lambda _why: None,
) -> int:
    """Run a service until SIGTERM or SIGINT. It returns the exit code of the process.

    The log begins with the `warnings`. `refuse` is called with the reason if the service does not start, and never will
    with these settings.
    """
    logs.set_up(settings.log.level, service.name if settings.log.format == "json" else None)
    for sentence in warnings:
        logger.warning(sentence)
    raise_limit()
    try:
        _check_port(settings.http)
        host = Host(service, settings)
    except Exception as error:
        logger.critical("%s cannot start: %s", service.name, error, exc_info=not isinstance(error, Fatal))
        refuse(str(error))
        return 1
    spare_garbage()
    give_back_large_buffers()
    server = HttpServer(http_config(host.app(), settings.http))
    host.end = functools.partial(setattr, server, "should_exit", True)
    for ending in (signal.SIGTERM, signal.SIGINT):
        signal.signal(ending, lambda *_: None)  # uvicorn raises it again after its end
    server.run()
    if host.refusal is not None:
        refuse(host.refusal)
    return 1 if host.failure else 0


def _check_port(http: HttpSettings) -> None:
    """Check early whether the port is free: uvicorn opens it last, when the service already works."""
    host, port = http.host, http.port
    try:
        [(family, *_), *_] = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        socket.create_server((host, port), family=family).close()
    except OSError as error:
        raise cannot_listen("BEAMCAT_HTTP_PORT", host, port, error) from error

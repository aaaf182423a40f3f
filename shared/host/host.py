"""A service that runs: its stages, relays and routes, with HTTP routes for liveness, readiness and metrics."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.responses import FileResponse, JSONResponse, PlainTextResponse
from starlette.types import Lifespan

from shared.host.service import S, Service, utc_now
from shared.host.settings import ServiceSettings
from shared.http.description import DescribedApp
from shared.http.door import Door
from shared.http.problems import DESCRIBED, answer_in_problems
from shared.http.server import HttpConfig
from shared.http.settings import HttpSettings
from shared.http.turns import KnowAskers
from shared.runtime.backoff import Stopping
from shared.runtime.error_kinds import ErrorKind, error_kind
from shared.runtime.metrics import begin_stage, exposition
from shared.runtime.retries import until_done
from shared.stages.halt import HaltRule
from shared.stages.handover import Follower, Handover
from shared.stages.stage import Stage, StageRunner
from shared.stages.stream import Stream
from shared.stages.subscription import Subscription

logger = logging.getLogger(__name__)

API_PAGE = Path(__file__).parent / "api.html"
MEASURE_SECONDS = 1.0
STUCK_SECONDS = 60.0
"""A stage that lags and has settled nothing for this long is not ready."""

ALONE: Mapping[str, Follower] = MappingProxyType({})
"""The followers of a service that has its process for itself."""


class Host:
    """Runs one service in this process. `followers` are the stages of other services here, by the topics they read."""

    def __init__(self, service: Service[S], settings: S, followers: Mapping[str, Follower] = ALONE) -> None:
        self.service = service
        self.failure: str | None = None
        self.refusal: str | None = None
        """Why it does not start, if another attempt would fail in the same way."""
        self.end: Callable[[], None] = lambda: None
        """Stops the process in order. The code that runs the host sets it."""
        self._settings: ServiceSettings = settings
        self._started = False
        self._publisher = service.publisher(settings)
        self._resources = service.resources(settings, Handover(self._publisher, followers))
        self.components = service.assemble(self._resources)
        self.stages = [Follower(stage, self._runner(stage)) for stage in self.components.stages]
        self._subscriptions = [
            Subscription(
                stage.name,
                stage.consumes,
                stage.group,
                runner,
                self._fail,
                followers.get(stage.produces.name) if stage.produces else None,
            )
            for stage, runner in self.stages
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
        app = face(self.service.name, self.components.router, self.lifespan)
        app.include_router(operations(self.service.name, self.reasons))
        return app

    def reasons(self) -> list[str]:
        """Why the service is not ready: a stage is not assigned, or does not make progress. Empty if it is ready."""
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
        return reasons

    @asynccontextmanager
    async def lifespan(self, _app: FastAPI) -> AsyncIterator[None]:
        """The life of the service, from its start until it has settled its last batch."""
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
            await self._insist(self._publisher.start)
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
            await self._publisher.stop()
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


def operations(name: str, reasons: Callable[[], Sequence[str]]) -> APIRouter:
    """The routes for operators. `reasons` says why the process is not ready."""
    router = APIRouter(tags=["operations"])

    @router.get("/live")
    async def live() -> dict[str, str]:
        """Tell that the process answers."""
        return {"service": name}

    @router.get("/ready", responses={503: {"description": "Not ready, with the reasons."}})
    async def ready() -> JSONResponse:
        """Tell whether all stages are assigned, and make progress or are idle; otherwise give the reasons."""
        found = reasons()
        answer = {"ready": not found, "reasons": found}
        return JSONResponse(answer, 503, {"Retry-After": "1"}) if found else JSONResponse(answer)

    @router.get("/metrics", response_class=PlainTextResponse)
    async def metrics() -> PlainTextResponse:
        """The metrics in Prometheus' exposition format."""
        content, media_type = exposition()
        return PlainTextResponse(content, media_type=media_type)

    return router


async def _docs() -> FileResponse:
    """The description of the service's routes, for people."""
    return FileResponse(API_PAGE)


def http_config(app: FastAPI, http: HttpSettings) -> HttpConfig:
    """The configuration of the HTTP server."""
    return HttpConfig(app, http, host=http.host, port=http.port)

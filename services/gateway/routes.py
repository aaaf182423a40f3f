"""The HTTP routes of the gateway."""

import math
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from services.gateway.descriptions import Descriptions
from services.gateway.dry_run import Judges, Verdict, Verdicts
from services.gateway.handler import (
    BULK,
    Accepted,
    Call,
    Noted,
    announce_investigation,
    move_sample,
    read_submission,
    receipt_of,
    submit_dataset,
    trace_of,
)
from services.gateway.keys import UsedKeys
from services.gateway.request_body import is_readable, parse_json, read_json
from services.gateway.results import Results
from shared.access.tokens import Tokens
from shared.events.dataset import Submission
from shared.events.identity import Identities
from shared.events.investigation import Investigation
from shared.events.record import Message
from shared.events.sample import SampleHappening
from shared.events.topics import MOST_SUBMISSION_BYTES
from shared.foundation.errors import Fault
from shared.foundation.problem import AWAY, UNPROCESSABLE, Problem, invalid
from shared.http.bearer import Bearers
from shared.http.description import takes
from shared.http.door import read_body
from shared.http.route import ProblemRoute
from shared.kafka.confirmation import Confirmations
from shared.runtime.metrics import GATEWAY_REQUESTS, SLOWED_REQUESTS, begin

MOST_BATCH_ITEMS = 1_000
MOST_BATCH_BYTES = 4 * MOST_SUBMISSION_BYTES
CURE = f"{BULK}, or send smaller batches"
ANSWERED = (200, 202, 207, 400, 401, 403, 404, 413, 422, 429, 500, 503)
"""The statuses of answers."""
WITH_RECEIPT_ID = ("/datasets", "/investigations", "/samples")
RECEIPT_ID = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "the receipt's id, if the client chooses it; repeat it when the same request is sent again",
    "schema": {"type": "string", "format": "uuid"},
}

Claim = Callable[[], None]
Submit = Callable[[Mapping[str, object], UUID, Call], tuple[Message, BaseModel]]


class BatchItem(Submission):
    """One dataset of a batch."""

    receipt_id: UUID | None = Field(default=None, description="the receipt's id, if the client chooses it")


class Batch(BaseModel):
    """Several datasets in one request."""

    model_config = ConfigDict(extra="forbid")

    datasets: list[BatchItem] = Field(max_length=MOST_BATCH_ITEMS)


class CountedRoute(ProblemRoute):
    """Counts every answer."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The route's own handler, wrapped."""
        inner = super().get_route_handler()
        begin(GATEWAY_REQUESTS, [self.path], ANSWERED)

        async def handle(request: Request) -> Response:
            response = await inner(request)
            GATEWAY_REQUESTS.labels(self.path, response.status_code).inc()
            return response

        return handle


@dataclass(frozen=True)
class Edge:
    """The routes, with everything that they need."""

    tokens: Tokens
    identities: Identities
    confirmations: Confirmations
    verdicts: Verdicts
    descriptions: Descriptions
    clock: Callable[[], datetime]
    wait_seconds: Callable[[str], float]
    """How long a source must wait before its next submission; 0 unless it sends too much or is mostly rejected."""
    keys: UsedKeys = field(default_factory=UsedKeys)

    def router(self) -> APIRouter:
        """All routes of the gateway."""
        router = APIRouter(route_class=CountedRoute)
        for path, endpoint, body, status, model in (
            ("/datasets", self.submit, Submission, 202, Accepted),
            ("/datasets:batch", self.submit_batch, Batch, 202, None),
            ("/datasets:check", self.check, Submission, 200, Verdict),
            ("/datasets:check-batch", self.check_batch, Batch, 200, None),
            ("/investigations", self.announce, Investigation, 202, Noted),
            ("/samples", self.move, SampleHappening, 202, Noted),
        ):
            router.add_api_route(
                path,
                endpoint,
                methods=["POST"],
                status_code=status,
                response_model=model,
                tags=["submission"],
                openapi_extra=_described(path, body, self.descriptions.words),
            )
        for path, endpoint, extra in (
            ("/techniques", self.descriptions.list_techniques, None),
            ("/techniques/{id}/schema", self.descriptions.schema, _one_of(self.descriptions.ids)),
        ):
            router.add_api_route(
                path, endpoint, methods=["GET"], tags=["description"], response_class=Response, openapi_extra=extra
            )
        return router

    async def submit(self, request: Request) -> BaseModel:
        """Submit one dataset (`schemas/events`, `Submission`); `Idempotency-Key` is the receipt's id, if given.

        The same key with the same content changes nothing; with another path or other content the answer is 422.
        """
        return await self._one(request, submit_dataset)

    async def announce(self, request: Request) -> BaseModel:
        """Announce that an investigation was planned, changed or closed."""
        return await self._one(request, announce_investigation)

    async def move(self, request: Request) -> BaseModel:
        """Report that something happened to a sample."""
        return await self._one(request, move_sample)

    async def check(self, request: Request) -> Verdict:
        """The outcome that a dataset would have, with all findings. Nothing is published."""
        call = self._call(request)
        data = read_json(await read_body(request, MOST_SUBMISSION_BYTES, CURE))
        async with self.verdicts.judging() as judges:
            return await _judge(data, call, judges)

    async def check_batch(self, request: Request) -> Response:
        """The outcomes of up to 1,000 datasets, each on its own: one answer each, in order, with its status."""
        call = self._call(request)
        parsed = parse_json(await read_body(request, MOST_BATCH_BYTES, CURE))
        results = Results()
        async with self.verdicts.judging() as judges:
            for item in _items(parsed.value):  # one by one, so that submissions are not kept waiting
                try:
                    parsed.check(item)
                    verdict = await _judge(_object(item), call, judges)
                except Problem as problem:
                    if problem.status == AWAY:
                        raise
                    results.add(problem.body())
                else:
                    results.add({"status": 200, **verdict.model_dump(mode="json")})
        return JSONResponse({"results": results.told})

    async def submit_batch(self, request: Request) -> Response:
        """Submit up to 1,000 datasets: one answer for each item, in order; 207 if not all were accepted."""
        call = self._call(request)
        self._check_pace(call)
        parsed = parse_json(await read_body(request, MOST_BATCH_BYTES, CURE))
        messages: list[Message] = []
        results = Results()
        seen: dict[UUID, str] = {}
        claims: list[Claim] = []
        for item in _items(parsed.value):
            try:
                parsed.check(item)
                message, accepted = _submit_item(item, seen, call)
                claims.append(self._claim(message, accepted.receipt_id, accepted.path, call))
            except Problem as problem:
                results.add(problem.body())
            else:
                messages.append(message)
                results.add({"status": 202, **accepted.model_dump(mode="json")})
        receipts = [result.get("receipt_id") for result in results.told]
        await self._confirm(messages, claims, call, {"receipt_ids": receipts})
        return JSONResponse({"results": results.told}, 202 if len(messages) == len(results.told) else 207)

    async def _one(self, request: Request, submit: Submit) -> BaseModel:
        call = self._call(request)
        self._check_pace(call)
        receipt_id = receipt_of(request.headers.get("idempotency-key"), uuid4(), "the header Idempotency-Key")
        message, answer = submit(read_json(await read_body(request, MOST_SUBMISSION_BYTES, CURE)), receipt_id, call)
        about = answer.path if isinstance(answer, Accepted) else message.topic
        claim = self._claim(message, receipt_id, about, call)
        await self._confirm([message], [claim], call, {"receipt_id": str(receipt_id)})
        return answer

    def _claim(self, message: Message, receipt_id: UUID, about: str, call: Call) -> Claim:
        return self.keys.claim(call.grant.source, receipt_id, about, message.value, call.now)

    async def _confirm(
        self, messages: Sequence[Message], claims: Sequence[Claim], call: Call, receipts: Mapping[str, object]
    ) -> None:
        if not messages:
            return
        try:
            await self.confirmations.publish(messages, call.grant.name)
        except Problem as problem:
            for take_back in claims:  # after a failure the client may send something else under this id
                take_back()
            problem.members = receipts
            raise

    def _check_pace(self, call: Call) -> None:
        seconds = math.ceil(self.wait_seconds(call.grant.source))
        if seconds > 0:
            SLOWED_REQUESTS.labels("gateway").inc()
            raise Problem(
                429,
                f"{call.grant.name} is slowed down: either it sends more than one source may for long"
                " (BEAMCAT_SOURCE_BYTES_PER_SECOND), or nearly all that it sent recently was rejected"
                f" (`beamcat rejections list --producer {call.grant.source}` shows why); send again in {seconds} s",
                retry_after_seconds=seconds,
            )

    def _call(self, request: Request) -> Call:
        grant = Bearers(self.tokens, self.clock).grant_of(request)
        return Call(grant, self.identities, self.clock(), trace_of(request.headers.get("traceparent"), uuid4()))


def _described(path: str, body: type[BaseModel], techniques: Sequence[str]) -> dict[str, Any]:
    """The OpenAPI description of a POST. The `technique` of a submission should be a described one."""
    words = {"anyOf": [{"enum": list(techniques)}, {"type": "string"}]}
    described = takes(body, **({"technique": words} if body is Submission else {}))
    return described | ({"parameters": [RECEIPT_ID]} if path in WITH_RECEIPT_ID else {})


def _one_of(ids: Sequence[str]) -> dict[str, Any]:
    known = {"type": "string", "enum": list(ids)}
    return {"parameters": [{"name": "id", "in": "path", "required": True, "schema": known}]}


def _items(data: Mapping[str, object]) -> Sequence[object]:
    faults = [
        Fault(field=name, message="is not a field of a batch; it has one, 'datasets'")
        for name in data
        if name != "datasets"
    ]
    items = data.get("datasets")
    if not isinstance(items, list):
        faults.append(Fault(field="datasets", message="is missing or not a list; give the list of datasets"))
    if faults or not isinstance(items, list):
        raise invalid(faults)
    if len(items) > MOST_BATCH_ITEMS:
        words = f"the batch has {len(items)} datasets, the limit is {MOST_BATCH_ITEMS}; send smaller batches"
        raise Problem(413, words)
    return items


def _object(item: object) -> dict[str, object]:
    if not isinstance(item, dict):
        raise Problem(422, "the dataset is not a JSON object")
    return dict(item)


async def _judge(data: dict[str, object], call: Call, judges: Judges) -> Verdict:
    """The verdict. If the gateway itself refuses the submission, its answer includes the findings of the others.

    Raises:
        Problem: the submission would be refused, or a service that judges does not answer.
    """
    try:
        read_submission(data, call)
    except Problem as problem:
        if problem.status == UNPROCESSABLE and is_readable(data, Submission):
            problem.members = (await judges.on(data)).model_dump(mode="json") | {"accepted": False}
        raise
    return await judges.on(data)


def _submit_item(item: object, seen: dict[UUID, str], call: Call) -> tuple[Message, Accepted]:
    data = _object(item)
    given = data.pop("receipt_id", None)
    receipt_id = receipt_of(None if given is None else str(given), uuid4(), "receipt_id")
    if receipt_id in seen:
        words = f"the receipt_id {receipt_id} occurs twice in this batch, first for {seen[receipt_id]}"
        raise Problem(422, f"{words}; each dataset has its own")
    seen[receipt_id] = str(data.get("path"))
    return submit_dataset(data, receipt_id, call)

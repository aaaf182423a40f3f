"""Answers to refused requests: problems (RFC 9457) as HTTP responses."""

import json
import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from asyncpg import InterfaceError, InternalClientError, PostgresError
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from shared.foundation.errors import Fault
from shared.foundation.problem import AWAY, UNPROCESSABLE, Problem, invalid, problem_body, shortened
from shared.runtime.error_kinds import ErrorKind, error_kind

logger = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_SECONDS = 1
DEFECT = "a defect of beamcat stopped this request; report it with the time"
SERVER_ERRORS = (ConnectionError, TimeoutError, PostgresError, InterfaceError, InternalClientError)
"""Errors of Kafka and PostgreSQL. For those that are transient, the caller should try again."""

_TEXTS = {"type": "object", "properties": {"field": {"type": "string"}, "message": {"type": "string"}}}
DESCRIBED: dict[int | str, dict[str, Any]] = {
    "default": {
        "description": "Refused: `detail` gives the reason in words, `errors` each fault by its field (RFC 9457).",
        "content": {
            MEDIA_TYPE: {
                "schema": {
                    "type": "object",
                    "properties": {
                        "type": {"type": "string"},
                        "title": {"type": "string"},
                        "status": {"type": "integer"},
                        "detail": {"type": "string"},
                        "errors": {"type": "array", "items": _TEXTS},
                    },
                    "required": ["type", "title", "status", "detail"],
                }
            }
        },
    }
}
"""The answer that every request may get as well, for OpenAPI."""


class ProblemResponse(JSONResponse):
    """A problem as JSON. It repeats text of the request, so it accepts all characters."""

    media_type = MEDIA_TYPE

    def render(self, content: object) -> bytes:
        """The JSON, with replacement characters for invalid Unicode."""
        return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")


def problem(status: int, detail: str, headers: Mapping[str, str] | None = None, **members: object) -> ProblemResponse:
    """The whole answer. `members` are additional members, such as `errors`."""
    return ProblemResponse(
        problem_body(status, detail, **members), status, _when_to_retry(status) | dict(headers or {})
    )


def _when_to_retry(status: int, seconds: int | None = None) -> dict[str, str]:
    """The header of every answer to a request that may succeed later."""
    if seconds is None and status == AWAY:
        seconds = RETRY_AFTER_SECONDS
    return {} if seconds is None else {"Retry-After": str(seconds)}


def response_of(problem: Problem) -> ProblemResponse:
    """The whole answer to a refused request."""
    headers = dict(problem.headers) | _when_to_retry(problem.status, problem.retry_after_seconds)
    return ProblemResponse(problem.body(), problem.status, headers)


def answer_in_problems(app: FastAPI) -> None:
    """Make the application answer refusals as problems, also for requests that reach no route."""
    for kind in (HTTPException, RequestValidationError, ClientDisconnect, Problem, *SERVER_ERRORS):
        app.add_exception_handler(kind, _answer)


async def _answer(request: Request, error: Exception) -> Response:
    return answer_to(request, error)


def answer_to(request: Request, error: Exception) -> Response:
    """The answer to a request that ended in an error: what the client can do, or that beamcat has a defect."""
    match error:
        case Problem():
            return response_of(error)
        case HTTPException():
            return _refused(request, error)
        case RequestValidationError():
            return response_of(_invalid(error))
        case ClientDisconnect():
            return Response(status_code=400)  # nobody reads it: the client left before it sent its body
    if isinstance(error, SERVER_ERRORS):
        return _not_served(request, error)
    _log(request, error)
    return problem(500, DEFECT)


def _not_served(request: Request, error: Exception) -> Response:
    """The answer to an error of Kafka or PostgreSQL: try again, or correct a value that PostgreSQL refuses."""
    kind = error_kind(error)
    if kind is not ErrorKind.TRANSIENT:
        _log(request, error)
    if kind is ErrorKind.EVENT:
        return problem(UNPROCESSABLE, f"the database refuses a value of the request: {error}")
    return problem(AWAY, f"the database is away: {error}")


def _log(request: Request, error: Exception) -> None:
    logger.error("%s %s met a defect", request.method, _route_of(request), exc_info=error)


def _route_of(request: Request) -> str:
    """The route with its placeholders: the values in the request's path may include an API key."""
    return str(getattr(request.scope.get("route"), "path", "a route"))


def _refused(request: Request, error: HTTPException) -> Response:
    detail = error.detail
    if detail == HTTPStatus(error.status_code).phrase:  # a refusal by the router itself, without a message
        path = shortened(request.url.path)
        what = {404: f"there is no {path}", 405: f"{path} does not accept {shortened(request.method)}"}
        detail = f"{what.get(error.status_code, detail)}; /docs lists all routes"
    return problem(error.status_code, detail, error.headers)


def _invalid(error: RequestValidationError) -> Problem:
    return invalid(
        [
            Fault(field=".".join(map(str, fault["loc"][1:])), message=fault["msg"][:1].lower() + fault["msg"][1:])
            for fault in error.errors()
        ]
    )

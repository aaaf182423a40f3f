"""How a service answers a request that it refuses: problems (RFC 9457) as HTTP responses."""

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
"""Of Kafka and PostgreSQL; those of them that pass by themselves are the caller's cue to ask again."""

_TEXTS = {"type": "object", "properties": {"field": {"type": "string"}, "message": {"type": "string"}}}
DESCRIBED: dict[int | str, dict[str, Any]] = {
    "default": {
        "description": "Refused: `detail` says why in words, `errors` each fault by its field (RFC 9457).",
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
"""What every request can be answered with too, as OpenAPI has it."""


class ProblemResponse(JSONResponse):
    """A problem as JSON. It repeats what a request said, so it is written whatever characters that has."""

    media_type = MEDIA_TYPE

    def render(self, content: object) -> bytes:
        """The JSON, with replacement characters for what is not Unicode."""
        return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")


def problem(status: int, detail: str, headers: Mapping[str, str] | None = None, **members: object) -> ProblemResponse:
    """The whole answer; `members` are more than what every problem has, such as `errors`."""
    return ProblemResponse(
        problem_body(status, detail, **members), status, _when_to_retry(status) | dict(headers or {})
    )


def _when_to_retry(status: int, seconds: int | None = None) -> dict[str, str]:
    """The header of every answer to a request that may go through later."""
    if seconds is None and status == AWAY:
        seconds = RETRY_AFTER_SECONDS
    return {} if seconds is None else {"Retry-After": str(seconds)}


def response_of(problem: Problem) -> ProblemResponse:
    """The whole answer to a request that is refused."""
    headers = dict(problem.headers) | _when_to_retry(problem.status, problem.retry_after_seconds)
    return ProblemResponse(problem.body(), problem.status, headers)


def answer_in_problems(app: FastAPI) -> None:
    """Let the application refuse as every service does, also what none of its routes has seen."""
    for kind in (HTTPException, RequestValidationError, ClientDisconnect, Problem, *SERVER_ERRORS):
        app.add_exception_handler(kind, _answer)


async def _answer(request: Request, error: Exception) -> Response:
    return answer_to(request, error)


def answer_to(request: Request, error: Exception) -> Response:
    """What a request gets that ended in an error: what it can do about it, or that the defect is ours."""
    match error:
        case Problem():
            return response_of(error)
        case HTTPException():
            return _refused(request, error)
        case RequestValidationError():
            return response_of(_invalid(error))
        case ClientDisconnect():
            return Response(status_code=400)  # nobody reads it: the client left before it had sent its body
    if isinstance(error, SERVER_ERRORS):
        return _not_served(request, error)
    _log(request, error)
    return problem(500, DEFECT)


def _not_served(request: Request, error: Exception) -> Response:
    """The caller's cue to ask again, or to correct a value that PostgreSQL does not take."""
    kind = error_kind(error)
    if kind is not ErrorKind.TRANSIENT:
        _log(request, error)
    if kind is ErrorKind.EVENT:
        return problem(UNPROCESSABLE, f"the database does not take a value of the request: {error}")
    return problem(AWAY, f"the database is away: {error}")


def _log(request: Request, error: Exception) -> None:
    logger.error("%s %s met a defect", request.method, _route_of(request), exc_info=error)


def _route_of(request: Request) -> str:
    """The route without what the request filled into it: that may be an API key."""
    return str(getattr(request.scope.get("route"), "path", "a route"))


def _refused(request: Request, error: HTTPException) -> Response:
    detail = error.detail
    if detail == HTTPStatus(error.status_code).phrase:  # nobody has put it into words: the router itself refused
        path = shortened(request.url.path)
        what = {404: f"there is no {path}", 405: f"{path} does not take {shortened(request.method)}"}
        detail = f"{what.get(error.status_code, detail)}; /docs lists what there is"
    return problem(error.status_code, detail, error.headers)


def _invalid(error: RequestValidationError) -> Problem:
    return invalid(
        [
            Fault(field=".".join(map(str, fault["loc"][1:])), message=fault["msg"][:1].lower() + fault["msg"][1:])
            for fault in error.errors()
        ]
    )

"""What a service refuses, in the words of RFC 9457 (problem details for HTTP)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException

MEDIA_TYPE = "application/problem+json"
UNPROCESSABLE = 422
"""The request can be read, but says something that cannot be."""

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


def problem(status: int, detail: str, headers: Mapping[str, str] | None = None, **members: object) -> JSONResponse:
    """The whole answer; `members` are more than what every problem has, such as `errors`."""
    return JSONResponse(problem_body(status, detail, **members), status, headers, MEDIA_TYPE)


def problem_body(status: int, detail: str, **members: object) -> dict[str, object]:
    """The problem as a JSON object."""
    return {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail, **members}


class FieldFault(BaseModel):
    """One fault of a request: the field it lies in and what to do about it."""

    field: str
    message: str


@dataclass(eq=False)
class Problem(Exception):
    """A request that is not taken, with everything its sender needs to mend it."""

    status: int
    detail: str
    errors: Sequence[FieldFault] = ()
    retry_after_seconds: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    members: Mapping[str, object] = field(default_factory=dict)
    """More members of the answer, such as the receipt of a submission that may yet arrive."""

    def __str__(self) -> str:
        return self.detail

    def body(self) -> dict[str, object]:
        """The problem as a JSON object."""
        errors = {"errors": [fault.model_dump() for fault in self.errors]} if self.errors else {}
        return problem_body(self.status, self.detail, **errors, **self.members)

    def response(self) -> JSONResponse:
        """The whole answer."""
        headers = dict(self.headers)
        if self.retry_after_seconds is not None:
            headers["Retry-After"] = str(self.retry_after_seconds)
        return JSONResponse(self.body(), self.status, headers, MEDIA_TYPE)


def invalid(errors: Sequence[FieldFault]) -> Problem:
    """The problem that names every fault of a request that can be read."""
    return Problem(UNPROCESSABLE, "; ".join(f"{fault.field}: {fault.message}" for fault in errors[:5]), errors)


def answer_in_problems(app: FastAPI) -> None:
    """Let the application refuse as every service does, also what none of its routes has seen."""
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(Problem, _told)
    app.add_exception_handler(RequestValidationError, _invalid)


async def _told(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, Problem)
    return error.response()


async def _refused(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    detail = error.detail
    if detail == HTTPStatus(error.status_code).phrase:  # nobody has put it into words: the router itself refused
        what = {404: f"there is no {request.url.path}", 405: f"{request.url.path} does not take {request.method}"}
        detail = f"{what.get(error.status_code, detail)}; /docs lists what there is"
    return problem(error.status_code, detail, error.headers)


async def _invalid(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    faults = [
        {"field": ".".join(map(str, fault["loc"][1:])), "message": fault["msg"][:1].lower() + fault["msg"][1:]}
        for fault in error.errors()
    ]
    detail = "; ".join(f"{fault['field']}: {fault['message']}" for fault in faults[:5])
    return problem(422, detail, errors=faults)

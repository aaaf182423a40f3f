"""What a service refuses, in the words of RFC 9457 (problem details for HTTP)."""

from collections.abc import Mapping
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

MEDIA_TYPE = "application/problem+json"


def problem(status: int, detail: str, headers: Mapping[str, str] | None = None, **members: object) -> JSONResponse:
    """The whole answer; `members` are more than what every problem has, such as `errors`."""
    return JSONResponse(problem_body(status, detail, **members), status, headers, MEDIA_TYPE)


def problem_body(status: int, detail: str, **members: object) -> dict[str, object]:
    """The problem as a JSON object."""
    return {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail, **members}


def answer_in_problems(app: FastAPI) -> None:
    """Let the application refuse as every service does, also what none of its routes has seen."""
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)


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

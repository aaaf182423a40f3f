"""What the gateway refuses, in the words of RFC 9457 (problem details for HTTP)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from fastapi.responses import JSONResponse
from pydantic import BaseModel

from shared.problems import MEDIA_TYPE, problem_body

UNPROCESSABLE = 422
"""The request can be read, but says something that cannot be."""


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

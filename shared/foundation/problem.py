"""A refused request as RFC 9457 describes it (problem details for HTTP). Pure: `shared.http` sends it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus

from shared.foundation.errors import BeamcatError, Fault

UNPROCESSABLE = 422
"""The request can be read, but its content is invalid."""
AWAY = 503
"""The same request may succeed later. Such an answer always says when to try again."""
MOST_FAULTS = 100
"""How many faults one answer names. Of the others it gives the number."""
MOST_TOLD_CHARACTERS = 500
"""The longest field and message of a fault: long content of a request is not repeated whole."""


@dataclass(eq=False)
class Problem(BeamcatError):
    """A refused request, with everything that the client needs to correct it."""

    status: int
    detail: str
    errors: Sequence[Fault] = ()
    retry_after_seconds: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    members: Mapping[str, object] = field(default_factory=dict)
    """Additional members of the answer, such as the receipt of a submission that may still arrive."""

    def __str__(self) -> str:
        return self.detail

    def body(self) -> dict[str, object]:
        """The problem as a JSON object. If there are very many faults, it has the first ones and the number of all."""
        errors: dict[str, object] = {}
        if self.errors:
            errors["errors"] = [_shown(fault) for fault in self.errors[:MOST_FAULTS]]
        if len(self.errors) > MOST_FAULTS:
            errors["errors_count"] = len(self.errors)
        return problem_body(self.status, self.detail, **errors, **self.members)


def problem_body(status: int, detail: str, **members: object) -> dict[str, object]:
    """The JSON object of a problem."""
    return {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail, **members}


def invalid(errors: Sequence[Fault]) -> Problem:
    """The problem of a readable request, with every fault."""
    sentences = (shortened(f"{fault.field}: {fault.message}") for fault in errors[:5])
    return Problem(UNPROCESSABLE, "; ".join(sentences), errors)


def shortened(text: str) -> str:
    """The text, or its beginning and end if it is too long to be repeated."""
    half = MOST_TOLD_CHARACTERS // 2
    return text if len(text) <= MOST_TOLD_CHARACTERS else f"{text[: half - 1]}…{text[-half:]}"


def _shown(fault: Fault) -> dict[str, str]:
    return {"field": shortened(fault.field), "message": shortened(fault.message)}

"""The bodies of requests, and streamed answers."""

from collections.abc import AsyncIterator
from typing import TypeVar

from fastapi import Request
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ValidationError
from pydantic_core import to_json

from services.icat_plus.answers import Answer
from services.icat_plus.logbook import MOST_ENTRY_BYTES
from shared.foundation.errors import Fault
from shared.foundation.problem import Problem, invalid
from shared.foundation.storable import ESCAPED_NUL
from shared.http.door import read_body

B = TypeVar("B", bound=BaseModel)


async def body_of(request: Request, model: type[B], *, absent: bytes = b"", most_bytes: int = MOST_ENTRY_BYTES) -> B:
    """The body as the model. `absent` replaces an empty body.

    Raises:
        Problem: 413, the body is too long; 422, it does not match the model.
    """
    body = await read_body(request, most_bytes, "put large files next to those of the dataset")
    if ESCAPED_NUL in body:
        raise Problem(422, "a text holds the character NUL, which cannot be stored: leave it out")
    try:
        return model.model_validate_json(body or absent)
    except ValidationError as error:
        faults = [
            Fault(field=".".join(map(str, fault["loc"])) or "the body", message=fault["msg"])
            for fault in error.errors(include_url=False, include_input=False)
        ]
        raise invalid(faults) from None


async def streamed(pages: AsyncIterator[list[Answer]]) -> StreamingResponse:
    """A streamed list. A faulty request is answered before the list begins."""
    return StreamingResponse(_array(await anext(pages, []), pages), media_type="application/json")


async def _array(first: list[Answer], pages: AsyncIterator[list[Answer]]) -> AsyncIterator[bytes]:
    """A JSON array. If its last bracket is missing, it was cut off."""
    yield b"["
    comma = b""
    page: list[Answer] | None = first
    while page is not None:
        for answer in page:
            yield comma + to_json(answer)
            comma = b","
        page = await anext(pages, None)
    yield b"]"

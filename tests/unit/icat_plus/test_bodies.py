"""Bodies as the ICAT+ routes read them."""

import pytest
from pydantic import JsonValue, RootModel
from starlette.requests import Request

from services.icat_plus.routes.bodies import body_of
from shared.foundation.problem import Problem


class Anything(RootModel[dict[str, JsonValue]]):
    """A JSON object."""


def a_request(body: bytes) -> Request:
    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": body, "more_body": False}

    return Request({"type": "http", "method": "POST", "headers": []}, receive)


@pytest.mark.parametrize("body", [b"[]", b"no JSON", b'"text"', b"\xff"])
async def test_what_is_no_object_is_refused_as_a_body(body: bytes) -> None:
    with pytest.raises(Problem, match=r"^the body: ") as refused:
        await body_of(a_request(body), Anything)
    assert refused.value.status == 422

"""Bearer tokens in requests: the grant of the caller, and the beamlines that an answer may include."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import Query, Request

from shared.access.grants import Grant
from shared.access.tokens import TokenRefused, Tokens
from shared.foundation.problem import Problem

UNAUTHORIZED, FORBIDDEN = 401, 403

Beamlines = Annotated[
    list[str] | None,
    Query(description="a beamline; repeatable. Without it, all beamlines that the token covers"),
]


@dataclass(frozen=True)
class Bearers:
    """Finds the grant of a request's bearer token."""

    tokens: Tokens
    clock: Callable[[], datetime]

    def grant_of(self, request: Request) -> Grant:
        """The grant of a request.

        Raises:
            Problem: 401, there is no token, or it is not accepted.
        """
        try:
            return self.tokens.grant_of(_bearer_token(request), self.clock())
        except TokenRefused as refused:
            headers = {"WWW-Authenticate": 'Bearer realm="beamcat"'}
            raise Problem(UNAUTHORIZED, str(refused), headers=headers) from refused

    def beamlines_of(self, request: Request, asked: Sequence[str] | None) -> tuple[str, ...] | None:
        """The beamlines that the answer may include, in lower case: the requested ones that the token covers.

        None means all beamlines, and also data without a beamline. It raises the same errors as `grant_of`.
        """
        covered = self.grant_of(request).covered
        if asked is None:
            return covered
        wanted = tuple(dict.fromkeys(name.lower() for name in asked))
        return wanted if covered is None else tuple(name for name in wanted if name in covered)


def _bearer_token(request: Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise TokenRefused("the request has no bearer token: send the header 'Authorization: Bearer <token>'")
    return token.strip()

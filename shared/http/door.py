"""Middleware of every HTTP service: it limits bodies, and handles clients that disconnect early."""

import logging
from collections.abc import Mapping

from fastapi import Request
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.foundation.problem import Problem
from shared.http.problems import SERVER_ERRORS, problem

logger = logging.getLogger(__name__)

MOST_BODY_BYTES = 16 * 1024 * 1024
"""The largest body of a request, and of an answer that is not streamed. A page is always smaller."""
TOO_LARGE = 413


class Door:
    """The outermost ASGI middleware of an application.

    A body that is announced as too large is refused before it is read; any other is refused at the limit. Requests with
    both Content-Length and Transfer-Encoding are refused: if a proxy uses one and the server the other, the end of one
    request looks like the beginning of another (request smuggling).
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if (refusal := _refusal(Headers(scope=scope))) is not None:
            await problem(*refusal, {"Connection": "close"})(scope, receive, send)
            return
        try:
            await self._app(scope, _bounded(receive), send)
        except Exception as error:
            cause = error.__cause__ if isinstance(error, RuntimeError) else error
            if not isinstance(cause, (Problem, *SERVER_ERRORS)):
                raise
            logger.warning("a streamed answer was broken off: %s", cause)


def _refusal(headers: Mapping[str, str]) -> tuple[int, str] | None:
    length = headers.get("content-length")
    if length is not None and "transfer-encoding" in headers:
        return 400, "the request has Content-Length and Transfer-Encoding; send one of them"
    if length is not None and length.isdecimal() and int(length[:20]) > MOST_BODY_BYTES:
        return TOO_LARGE, _too_large(MOST_BODY_BYTES)
    return None


def _bounded(receive: Receive) -> Receive:
    taken = 0

    async def bounded() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > MOST_BODY_BYTES:
            raise HTTPException(TOO_LARGE, _too_large(MOST_BODY_BYTES), {"Connection": "close"})
        return message

    return bounded


async def read_body(request: Request, most_bytes: int, cure: str) -> bytes:
    """The body of a request, read no further than the limit of its route.

    Raises:
        Problem: 413, with `cure`.
        ClientDisconnect: the client left before it had sent the whole body.
    """
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > most_bytes:
            raise Problem(TOO_LARGE, f"{_too_large(most_bytes)}; {cure}")
    return bytes(body)


def _too_large(most_bytes: int) -> str:
    return f"the body has more than {most_bytes} bytes"

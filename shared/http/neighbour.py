"""The HTTP client of another beamcat service. It sends the token that services have for each other."""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
from pydantic_core import from_json

from shared.foundation.errors import Fault
from shared.foundation.problem import AWAY, Problem
from shared.http.bearer import UNAUTHORIZED
from shared.http.door import MOST_BODY_BYTES
from shared.runtime.backoff import Backoff

TIMEOUT = httpx.Timeout(15.0, connect=5.0, pool=5.0)
"""The other service may take up to 10 s for a costly query."""
STREAM_TIMEOUT = httpx.Timeout(75.0, connect=5.0, pool=5.0)
"""A further part of a streamed answer may wait up to a minute for its turn."""
LIMITS = httpx.Limits(max_connections=50, max_keepalive_connections=10)
MOST_ANSWER_BYTES = 2 * MOST_BODY_BYTES
"""The most bytes read of one answer. An answer is smaller, unless it is streamed or something is wrong."""
MOST_LINE_BYTES = 4 * MOST_BODY_BYTES
"""The most bytes of one line of a streamed answer: one document and those made from it."""
RETRY_AFTER_SECONDS = 5
PASSED_ON = range(400, 500)
"""Errors that the caller can correct, so the other service's answer is passed on; but not a wrong token of ours."""
MOST_VALUES, MOST_URL_BYTES = 1000, 32_000
"""The most values of one parameter, and about the most bytes of them, in the URL of one question."""

Params = Mapping[str, Any]
NOTHING: Params = {}


class Neighbour:
    """One other service. Its connections stay open from the first request on."""

    def __init__(
        self, name: str, url: str, token_file: Path, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self._name = name
        self._url = url.rstrip("/")
        self._token_file = token_file
        self._transport = transport

    async def get(self, path: str, params: Params = NOTHING) -> Any:  # noqa: ANN401  JSON
        """The answer as JSON. Parameters that are None are left out.

        Raises:
            Problem: 503, the service does not answer or does not accept our token; other refusals are passed on.
        """
        content, _ = await self.content(path, params)
        return from_json(content)

    async def content(self, path: str, params: Params = NOTHING) -> tuple[bytes, Mapping[str, str]]:
        """The bytes of the answer and its headers. It raises the same errors as `get`."""
        async with self._answer(self._client, path, params) as response:
            body = bytearray()
            async for part in response.aiter_bytes():
                body += part
                if len(body) > MOST_ANSWER_BYTES:
                    raise self._away("its answer is too large")
            return bytes(body), response.headers

    async def lines(self, path: str, params: Params = NOTHING) -> AsyncIterator[Any]:
        """The lines of a streamed answer of any length, each read as JSON. It raises the same errors as `get`."""
        async with self._answer(self._streams, path, params) as response:
            line = bytearray()
            async for part in response.aiter_bytes():
                *ends, rest = part.split(b"\n")
                for end in ends:
                    yield from_json(bytes(line + end))
                    line.clear()
                line += rest
                if len(line) > MOST_LINE_BYTES:
                    raise self._away("a line of its answer is too large")

    @asynccontextmanager
    async def _answer(self, client: httpx.AsyncClient, path: str, params: Params) -> AsyncIterator[httpx.Response]:
        said = {name: value for name, value in params.items() if value is not None}
        headers = {"Authorization": f"Bearer {self._token()}"}
        try:
            async with client.stream("GET", f"{self._url}{path}", params=said, headers=headers) as response:
                if not response.is_success:
                    raise self._refusal(response.status_code, await response.aread())
                yield response
        except httpx.HTTPError as error:
            raise self._away(type(error).__name__) from error

    async def until_stopped(self, backoff: Backoff) -> None:
        """Keep the connections open until the service stops, then close them."""
        try:
            await backoff.sleep(float("inf"))
        finally:
            for name in {"_client", "_streams"} & self.__dict__.keys():
                await self.__dict__[name].aclose()

    @cached_property
    def _client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(timeout=TIMEOUT, limits=LIMITS, transport=self._transport, trust_env=False)

    @cached_property
    def _streams(self) -> httpx.AsyncClient:
        """Connections for streamed answers. They last as long as their readers take, and delay no other request."""
        return httpx.AsyncClient(timeout=STREAM_TIMEOUT, limits=LIMITS, transport=self._transport, trust_env=False)

    def _token(self) -> str:
        """The token, as the file has it now."""
        try:
            return self._token_file.read_text(encoding="utf-8").strip()
        except OSError as error:
            raise self._away(f"our token cannot be read from {self._token_file.name}: {error.strerror}") from error

    def _refusal(self, status: int, body: bytes) -> Problem:
        if status not in PASSED_ON or status == UNAUTHORIZED:
            return self._away(f"it answers {status}")
        said = from_json(body)
        errors = [Fault(fault["field"], fault["message"]) for fault in said.get("errors", ())]
        return Problem(status, said["detail"], errors, RETRY_AFTER_SECONDS if status == 429 else None)  # noqa: PLR2004

    def _away(self, why: str) -> Problem:
        words = f"the {self._name} service does not answer ({why}); ask again"
        return Problem(AWAY, words, retry_after_seconds=RETRY_AFTER_SECONDS)


def lots(values: Sequence[object]) -> Iterator[list[str]]:
    """The values of a parameter as texts, in lots that fit into a URL."""
    lot: list[str] = []
    size = 0
    for text in map(str, values):
        size += len(quote(text)) + len("&investigation=")
        if lot and (len(lot) == MOST_VALUES or size > MOST_URL_BYTES):
            yield lot
            lot, size = [], len(quote(text))
        lot.append(text)
    if lot:
        yield lot

"""HTTP with the standard library. It sends and receives JSON, and never redirects or retries."""

from __future__ import annotations

import json
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import HTTPRedirectHandler, Request, build_opener

from beamcat_client.addresses import NO_TOKEN
from beamcat_client.errors import BeamcatError, InvalidRequest, NotAuthorised, NotFound, Unavailable


@dataclass(frozen=True)
class Answer:
    """An HTTP answer. `body` is its JSON object, or empty if the answer is not from the service itself."""

    status: int
    body: dict[str, Any]
    is_problem: bool
    """Whether it is a problem of RFC 9457, which only the service itself sends, never a proxy before it."""
    retry_after_seconds: float | None = None

    @property
    def detail(self) -> str:
        """The message of the service."""
        return str(self.body.get("detail") or f"status {self.status}")


class _NoRedirects(HTTPRedirectHandler):
    """Follows no redirects, because a redirected POST would become a GET without a body."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        """Return None: the redirect itself is the answer."""


class Http:
    """One service, at its URL."""

    def __init__(self, url: str, token: str | None, timeout_seconds: float, token_told: str = NO_TOKEN) -> None:
        if not url.startswith(("http://", "https://")):
            raise ValueError(f"the URL {url!r} does not begin with http:// or https://")
        self.url = url.rstrip("/")
        self._token = token
        self._token_told = token_told
        self._timeout_seconds = timeout_seconds
        self._opener = build_opener(_NoRedirects)

    def request(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> Answer:
        """The answer, with any status.

        Raises:
            Unavailable: there was no answer.
        """
        request = Request(self.url + path, body, {"Accept": "application/json", **(headers or {})}, method=method)  # noqa: S310 - the scheme is checked above
        if body is not None:
            request.add_header("Content-Type", "application/json")
        if self._token:
            request.add_unredirected_header("Authorization", f"Bearer {self._token}")
        try:
            with self._open(request) as response:
                return _answer(response)
        except (OSError, HTTPException) as error:
            reason = error.reason if isinstance(error, URLError) else error
            raise Unavailable(f"{self.url} does not answer ({reason or type(error).__name__})") from error

    def told(self, answer: Answer) -> str:
        """The message of a refusal. If the token is refused, it includes where the token comes from."""
        return f"{answer.detail} ({self._token_told})" if answer.status in (401, 403) else answer.detail

    def _open(self, request: Request) -> Any:
        try:
            return self._opener.open(request, timeout=self._timeout_seconds)
        except HTTPError as answer:
            return answer  # any status is an answer

    def ask(self, method: str, path: str, body: bytes | None = None) -> dict[str, Any]:
        """The JSON object of an answer with a 2xx status.

        Raises:
            Unavailable: no answer, or 429 or 5xx.
            NotAuthorised: 401 or 403.
            NotFound: 404.
            InvalidRequest: 400, 413 or 422, with the service's message.
            BeamcatError: any other refusal, or an answer that is not JSON.
        """
        answer = self.request(method, path, body)
        if 200 <= answer.status < 300:  # noqa: PLR2004 - HTTP's success statuses
            if not answer.body:
                raise BeamcatError(
                    f"{self.url}{path.partition('?')[0]} did not answer with JSON: is this beamcat, or a proxy?"
                )
            return answer.body
        message = f"{self.url}{path.partition('?')[0]}: {self.told(answer)}"
        if answer.status in (401, 403):
            raise NotAuthorised(message)
        if answer.status == 404:  # noqa: PLR2004 - as HTTP has it
            raise NotFound(message)
        if answer.status in (408, 429) or answer.status >= 500:  # noqa: PLR2004 - as HTTP has it
            raise Unavailable(message, answer.retry_after_seconds)
        if answer.status in (400, 413, 422) and answer.is_problem:
            raise InvalidRequest(message, answer.body)
        raise BeamcatError(message)


def _answer(response: Any) -> Answer:
    media_type = response.headers.get_content_type()
    text = response.read()
    try:
        body = json.loads(text)
    except ValueError:
        body = {}
    retry_after = response.headers.get("Retry-After", "")
    return Answer(
        response.status,
        body if isinstance(body, dict) else {},
        media_type == "application/problem+json",
        float(retry_after) if retry_after.isdigit() else None,
    )

"""Another server that a backfill reads from, over HTTP."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from clients.cli.connection.api import AWAY, NOT_PERMITTED, Unreachable
from clients.cli.terminal.output import FAILED, Failed, fail

TIMEOUT_SECONDS = 120.0
"""For a page of a large catalogue."""
TRIES = 5
FIRST_PAUSE_SECONDS = 1.0


class Refused(Failed):
    """The server refused a question; the message is its reason. It ends the command unless somebody can do better."""


@dataclass(frozen=True)
class Remote:
    """The server at an address. It is asked again if it is away for a moment."""

    url: str
    bearer: str = ""
    transport: httpx.BaseTransport | None = None
    sleep: Callable[[float], None] = time.sleep
    _http: list[httpx.Client] = field(default_factory=list)

    def get(self, route: str, fields: Mapping[str, Any]) -> Any:  # noqa: ANN401  whatever JSON it is
        """The answer as JSON."""
        answer = self.ask("GET", route, fields)
        try:
            return answer.json()
        except ValueError:
            fail(f"{self.url}{route} did not answer with JSON: is the address right?")

    def text(self, route: str, fields: Mapping[str, Any]) -> str:
        """The answer as text."""
        return self.ask("GET", route, fields).text

    def ask(self, method: str, route: str, fields: Mapping[str, Any]) -> httpx.Response:
        """The answer.

        Raises:
            Refused: the server refuses the question.
            Unreachable: it does not answer.
        """
        trouble = ""
        for number in range(TRIES):
            if number:
                self.sleep(FIRST_PAUSE_SECONDS * 2 ** (number - 1))
            try:
                answer = self._client().request(method, f"{self.url}{route}", params=dict(fields))
            except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
                fail(f"{self.url} is no address ({error})")
            except httpx.TransportError as error:
                trouble = f"{self.url} does not answer ({error})"
            else:
                if answer.status_code not in AWAY:
                    return self._permitted(answer)
                trouble = f"{self.url} answered {answer.status_code}"
        raise Unreachable(f"{trouble}; the same command goes on where it was")

    def _permitted(self, answer: httpx.Response) -> httpx.Response:
        if answer.is_error:
            reason = _reason(answer)
            if answer.status_code in NOT_PERMITTED:
                fail(f"{self.url} refuses to be read: {reason}; name its token or session in BACKFILL_TOKEN")
            raise Refused(f"{self.url} refuses: {reason}", FAILED)
        return answer

    def _client(self) -> httpx.Client:
        if not self._http:
            headers = {"Authorization": f"Bearer {self.bearer}"} if self.bearer else {}
            self._http.append(httpx.Client(timeout=TIMEOUT_SECONDS, transport=self.transport, headers=headers))
        return self._http[0]


def _reason(answer: httpx.Response) -> str:
    try:
        problem = answer.json()
        return str(problem.get("message") or problem.get("detail") or problem)
    except (ValueError, AttributeError):
        return answer.text[:300]

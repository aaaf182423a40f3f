"""The gateway and the search service, as the command line reaches them."""

import time
from collections.abc import Sequence
from typing import Any

import httpx

from clients.cli.output import UNREACHABLE, Failed, fail
from clients.cli.surroundings import environment

TIMEOUT_SECONDS = 30.0
LEAST_SECONDS = 1.0
"""For an answer, however near the deadline is."""
MOST_SUBMITTED = 1000
MOST_CHECKED = 100
"""At once: so few that the answer comes well within the time, also where two services are asked about each."""


CONTENT_REFUSED = (httpx.codes.BAD_REQUEST, httpx.codes.REQUEST_ENTITY_TOO_LARGE)
"""One item may be why all of a request are refused."""


class Unreachable(Failed):
    """A service does not answer, or asks for the same call later."""

    def __init__(self, message: str, retry_after_seconds: float | None = None, *, is_pace: bool = False) -> None:
        super().__init__(message, UNREACHABLE)
        self.retry_after_seconds = retry_after_seconds
        self.is_pace = is_pace
        """Whether it answers, and only wants less at once."""


class Api:
    """Both services. What they refuse is told in their own words; what does not answer ends the command."""

    def __init__(self, environment: dict[str, str], transport: httpx.BaseTransport | None = None) -> None:
        self.search_url = environment.get("BEAMCAT_SEARCH_URL", "http://127.0.0.1:18005")
        self.gateway_url = environment.get("BEAMCAT_GATEWAY_URL", "http://127.0.0.1:18000")
        self.stomp_address = (
            environment.get("BEAMCAT_STOMP_HOST", "127.0.0.1"),
            _port(environment.get("BEAMCAT_STOMP_PORT", "61613")),
        )
        self._token = environment.get("BEAMCAT_TOKEN", "")
        self._http = httpx.Client(timeout=TIMEOUT_SECONDS, transport=transport)
        self.deadline: float | None = None
        """When the last answer is waited for, by the monotonic clock."""

    def search(self, route: str, /, **parameters: object) -> Any:  # noqa: ANN401  whatever JSON it is
        """The JSON that search answers."""
        wanted = {name: str(value) for name, value in parameters.items() if value is not None}
        return _json(self._ask("GET", f"{self.search_url}{route}", params=wanted))

    def look_up(self, route: str) -> Any:  # noqa: ANN401  whatever JSON it is
        """What search answers to the holder of the token, or nothing where it has no such thing."""
        answer = self._ask("GET", f"{self.search_url}{route}", headers=self._bearing())
        return None if answer.status_code == httpx.codes.NOT_FOUND else _json(answer)

    def receipts(self, ids: Sequence[str]) -> dict[str, dict[str, Any] | None]:
        """How far submissions have come, by receipt; nothing of what search has not heard of.

        What has no room in one answer is left out.
        """
        url, fields = f"{self.search_url}/receipts", {"ids": ",".join(ids)}
        answer = _json(self._ask("GET", url, params=fields, headers=self._bearing()))
        return dict.fromkeys(answer["unknown"]) | {receipt["receipt_id"]: receipt for receipt in answer["receipts"]}

    def text(self, route: str) -> str:
        """A text that search answers; where it has none, its reason ends the command."""
        answer = self._ask("GET", f"{self.search_url}{route}")
        if answer.is_error:
            fail(_problem(answer))
        return answer.text

    def describe(self, route: str) -> Any:  # noqa: ANN401  whatever JSON it is
        """What the gateway says of techniques and kinds."""
        return _json(self._ask("GET", f"{self.gateway_url}{route}"))

    def submit(self, submissions: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Hand in datasets in order; the gateway's answer for each."""
        return self._in_batches("/datasets:batch", submissions, MOST_SUBMITTED)

    def announce(self, investigation: dict[str, Any]) -> Any:  # noqa: ANN401  whatever JSON it is
        """Say that the user office planned an investigation; the gateway's receipt."""
        return _json(self._post("/investigations", investigation))

    def check(self, submissions: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The full verdict on each submission by itself, or why it would not even be taken; nothing is published."""
        return self._in_batches("/datasets:check-batch", submissions, MOST_CHECKED)

    def _in_batches(self, path: str, submissions: list[dict[str, Any]], most: int) -> list[dict[str, Any]]:
        results: list[dict[str, Any]] = []
        for start in range(0, len(submissions), most):
            some = submissions[start : start + most]
            answer = self._post(path, {"datasets": some})
            if answer.status_code in CONTENT_REFUSED and len(some) > 1:
                results += self._in_batches(path, some, len(some) // 2)
            elif answer.status_code in CONTENT_REFUSED:
                results.append({"status": answer.status_code, "detail": _problem(answer)})
            else:
                results += _json(answer)["results"]
        return results

    def _post(self, path: str, body: object) -> httpx.Response:
        return self._ask("POST", f"{self.gateway_url}{path}", json=body, headers=self._bearing())

    def _bearing(self) -> dict[str, bytes]:
        return {"Authorization": f"Bearer {self._token}".encode()} if self._token else {}

    def _ask(self, method: str, url: str, **options: Any) -> httpx.Response:  # noqa: ANN401  as httpx takes them
        try:
            answer = self._http.request(method, url, timeout=self._patience(), **options)
        except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
            fail(f"{url} is no address ({error}): correct BEAMCAT_GATEWAY_URL or BEAMCAT_SEARCH_URL")
        except httpx.TransportError as error:
            raise Unreachable(
                f"{url} does not answer ({error}); is beamcat up? (BEAMCAT_GATEWAY_URL, BEAMCAT_SEARCH_URL)"
            ) from error
        if answer.status_code in (httpx.codes.TOO_MANY_REQUESTS, httpx.codes.SERVICE_UNAVAILABLE):
            is_pace = answer.status_code == httpx.codes.TOO_MANY_REQUESTS
            raise Unreachable(_problem(answer), _seconds(answer.headers.get("Retry-After", "")), is_pace=is_pace)
        return answer

    def _patience(self) -> float:
        """Seconds for an answer."""
        left = TIMEOUT_SECONDS if self.deadline is None else self.deadline - time.monotonic()
        return min(TIMEOUT_SECONDS, max(left, LEAST_SECONDS))


def connect() -> Api:
    """The services that the environment names, else those that run in this folder."""
    return Api(environment())


def _json(answer: httpx.Response) -> Any:  # noqa: ANN401  whatever JSON it is
    if answer.is_error:
        fail(_problem(answer))
    try:
        return answer.json()
    except ValueError:
        fail(f"{answer.url} answered no JSON: is this beamcat? (BEAMCAT_GATEWAY_URL, BEAMCAT_SEARCH_URL)")


def _seconds(said: str) -> float | None:
    """What Retry-After says; a proxy may say a date, which is nothing here."""
    return float(said) if said.isdecimal() else None


def _port(said: str) -> int:
    return int(said) if said.isdecimal() else fail(f"BEAMCAT_STOMP_PORT is {said!r}; give a number")


def _problem(answer: httpx.Response) -> str:
    try:
        problem = answer.json()
        faults = [f"{fault['field']}: {fault['message']}" for fault in problem.get("errors", ())]
        return "; ".join(faults) or str(problem.get("detail", answer.text))
    except ValueError:
        return f"{answer.url} answered {answer.status_code}: {answer.text[:300]}"

"""The HTTP interfaces of the gateway and of search."""

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NoReturn

import httpx

from beamcat_client.addresses import GATEWAY_URL, SEARCH_URL, STOMP, Catalogue
from clients.cli.connection.address import address_of, catalogue, without_password
from clients.cli.terminal.output import UNREACHABLE, Failed, fail

TIMEOUT_SECONDS = 30.0
LEAST_SECONDS = 1.0
"""The least time for an answer, even if the deadline is near."""
AWAY = (
    httpx.codes.TOO_MANY_REQUESTS,
    httpx.codes.BAD_GATEWAY,
    httpx.codes.SERVICE_UNAVAILABLE,
    httpx.codes.GATEWAY_TIMEOUT,
)
"""The status codes with which a service, or a proxy before it, says that the same call may succeed later."""
MOST_SUBMITTED = 1000
MOST_CHECKED = 100
"""The most in one request: the answer comes well within the timeout, even if two services judge each."""
NOT_PERMITTED = (401, 403)
CONTENT_REFUSED = (httpx.codes.BAD_REQUEST, httpx.codes.REQUEST_ENTITY_TOO_LARGE)
"""The status codes with which a whole request is refused, perhaps because of a single item."""


class Unreachable(Failed):
    """A service does not answer, or asks to repeat the call later."""

    def __init__(self, message: str, retry_after_seconds: float | None = None, *, is_pace: bool = False) -> None:
        super().__init__(message, UNREACHABLE)
        self.retry_after_seconds = retry_after_seconds
        self.is_pace = is_pace
        """Whether the service works, and only asks for fewer requests."""


class Api:
    """Both services of one beamcat. A refusal ends the command in the service's words, and so does a missing answer.

    An address that nobody named ends it too, as soon as it is needed: beamcat never guesses one.
    """

    def __init__(self, named: Catalogue | Mapping[str, str], transport: httpx.BaseTransport | None = None) -> None:
        self._named = named if isinstance(named, Catalogue) else Catalogue(named)
        self._http = httpx.Client(timeout=TIMEOUT_SECONDS, transport=transport)
        self.deadline: float | None = None
        """The deadline of the last answer, on the monotonic clock."""

    @property
    def search_url(self) -> str:
        """The address of search."""
        return address_of(self._named, SEARCH_URL, "search service")

    @property
    def gateway_url(self) -> str:
        """The address of the gateway."""
        return address_of(self._named, GATEWAY_URL, "gateway")

    @property
    def stomp_address(self) -> tuple[str, int]:
        """The address that accepts frames of ICAT's clients."""
        host, port = (address_of(self._named, name, "broker for ICAT's clients") for name in STOMP)
        return host, int(port) if port.isdecimal() else fail(f"BEAMCAT_STOMP_PORT is {port!r}; give a number")

    @property
    def catalogue(self) -> str:
        """The catalogue that is asked, and who named it, in words."""
        return f"the catalogue {without_password(self.search_url)} (named by {self._named.origin})"

    def nothing(self, what: str) -> str:
        """The sentence that says that the catalogue does not contain something."""
        return f"{what} in {self.catalogue}"

    def try_out(self) -> None:
        """Check search, the gateway if it is named, and the token. If one is not beamcat's, the command ends."""
        if "datasets" not in self.search("/datasets", limit=1):
            fail(f"{self.search_url} is not the search service of a beamcat")
        if GATEWAY_URL not in self._named.variables:
            return
        if "techniques" not in self.describe("/techniques"):
            fail(f"{self.gateway_url} is not the gateway of a beamcat")
        if self._named.token:
            answer = self._post("/datasets:check", {})  # what is checked does not matter: the token is looked at first
            if answer.status_code in NOT_PERMITTED:
                self._refused(answer)

    def search(self, route: str, /, **parameters: object) -> Any:  # noqa: ANN401  whatever JSON it is
        """The answer of search, as JSON."""
        wanted = {name: str(value) for name, value in parameters.items() if value is not None}
        return self._json(self._ask("GET", f"{self.search_url}{route}", params=wanted))

    def pages(self, route: str, /, **parameters: object) -> Iterator[dict[str, Any]]:
        """The pages of a list, each fetched when it is needed. Only the first is asked for the total count."""
        while True:
            page: dict[str, Any] = self.search(route, **parameters)
            yield page
            if page["next"] is None:
                return
            parameters |= {"cursor": page["next"], "count": None}

    def sheet(self, route: str, /, **parameters: object) -> tuple[str, str | None]:
        """A page of a list as CSV, and the cursor of the next page."""
        wanted = {name: str(value) for name, value in parameters.items() if value is not None}
        answer = self._ask("GET", f"{self.search_url}{route}", params=wanted)
        if answer.is_error:
            self._refused(answer)
        following = answer.links.get("next")
        return answer.text, httpx.URL(following["url"]).params["cursor"] if following else None

    def look_up(self, route: str) -> Any:  # noqa: ANN401  whatever JSON it is
        """The answer of search to the holder of the token, or None for a 404."""
        answer = self._ask("GET", f"{self.search_url}{route}", headers=self._bearing())
        return None if answer.status_code == httpx.codes.NOT_FOUND else self._json(answer)

    def receipts(self, ids: Sequence[str]) -> dict[str, dict[str, Any] | None]:
        """The state of each receipt, or None if search does not know it.

        Receipts that do not fit into one answer are left out.
        """
        url, fields = f"{self.search_url}/receipts", {"ids": ",".join(ids)}
        answer = self._json(self._ask("GET", url, params=fields, headers=self._bearing()))
        return dict.fromkeys(answer["unknown"]) | {receipt["receipt_id"]: receipt for receipt in answer["receipts"]}

    def text(self, route: str) -> str:
        """A text that search returns. If there is none, the command ends with the reason."""
        answer = self._ask("GET", f"{self.search_url}{route}")
        if answer.is_error:
            self._refused(answer)
        return answer.text

    def describe(self, route: str) -> Any:  # noqa: ANN401  whatever JSON it is
        """The gateway's description of techniques and kinds, as JSON."""
        return self._json(self._ask("GET", f"{self.gateway_url}{route}"))

    def submit(self, submissions: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Submit datasets in order. The result is the gateway's answer for each."""
        return self._in_batches("/datasets:batch", submissions, MOST_SUBMITTED)

    def announce(self, investigation: dict[str, Any]) -> Any:  # noqa: ANN401  whatever JSON it is
        """Announce an investigation, as the user office does. The result is the gateway's receipt."""
        return self._json(self._post("/investigations", investigation))

    def check(self, submissions: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The full verdict on each submission alone, or why the gateway would refuse it. Publishes nothing."""
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
                results += map(self._with_token_origin, self._json(answer)["results"])
        return results

    def _post(self, path: str, body: object) -> httpx.Response:
        return self._ask("POST", f"{self.gateway_url}{path}", json=body, headers=self._bearing())

    def _bearing(self) -> dict[str, bytes]:
        return {"Authorization": f"Bearer {self._named.token}".encode()} if self._named.token else {}

    def _ask(self, method: str, url: str, **options: Any) -> httpx.Response:  # noqa: ANN401  as httpx takes them
        try:
            answer = self._http.request(method, url, timeout=self._timeout_seconds(), **options)
        except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
            fail(f"{url} is no address ({error}): correct it where it is named, which is {self._named.origin}")
        except httpx.TransportError as error:
            raise Unreachable(
                f"{url} does not answer ({error}); is beamcat up? (named by {self._named.origin})"
            ) from error
        if answer.status_code in AWAY:
            is_pace = answer.status_code == httpx.codes.TOO_MANY_REQUESTS
            raise Unreachable(_problem(answer), _seconds(answer.headers.get("Retry-After", "")), is_pace=is_pace)
        return answer

    def _timeout_seconds(self) -> float:
        """The timeout of a call, in seconds."""
        left = TIMEOUT_SECONDS if self.deadline is None else self.deadline - time.monotonic()
        return min(TIMEOUT_SECONDS, max(left, LEAST_SECONDS))

    def _json(self, answer: httpx.Response) -> Any:  # noqa: ANN401  whatever JSON it is
        if answer.is_error:
            self._refused(answer)
        try:
            return answer.json()
        except ValueError:
            fail(f"{answer.url} did not answer with JSON: is this beamcat? (named by {self._named.origin})")

    def _refused(self, answer: httpx.Response) -> NoReturn:
        """End the command with the service's reason, and for a wrong token with where it comes from."""
        told = _problem(answer)
        if answer.status_code in NOT_PERMITTED:
            told = f"{told}; {self._named.token_told}"
        elif answer.status_code == httpx.codes.NOT_FOUND:
            told = f"{told} (asked: {without_password(str(answer.url))}, named by {self._named.origin})"
        fail(told)

    def _with_token_origin(self, result: dict[str, Any]) -> dict[str, Any]:
        """One answer of a batch. If the token is not valid for it, add where the token comes from."""
        if result.get("status") not in NOT_PERMITTED:
            return result
        return {**result, "detail": f"{result.get('detail')}; {self._named.token_told}"}


def connect() -> Api:
    """The services of the beamcat that the command line, the folder or the profile names."""
    return Api(catalogue())


def _seconds(said: str) -> float | None:
    """The seconds in a Retry-After header. A date, which a proxy may send, is ignored."""
    return float(said) if said.isdecimal() else None


def _problem(answer: httpx.Response) -> str:
    try:
        problem = answer.json()
        faults = [f"{fault['field']}: {fault['message']}" for fault in problem.get("errors", ())]
        return "; ".join(faults) or str(problem.get("detail", answer.text))
    except (ValueError, AttributeError, KeyError, TypeError):  # not a problem of beamcat's
        if "html" in answer.headers.get("Content-Type", ""):
            return f"{answer.url} answered {answer.status_code} with a web page: is there a proxy in between?"
        return f"{answer.url} answered {answer.status_code}: {answer.text[:300]}"

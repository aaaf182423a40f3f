"""The limit of concurrent requests of a service, shared fairly between addresses."""

import logging
from collections import Counter

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Receive, Scope, Send

from shared.access.admission import address_of
from shared.foundation.problem import AWAY
from shared.http.problems import problem
from shared.runtime.metrics import HTTP_REFUSED

logger = logging.getLogger(__name__)

OPERATIONS = ("/live", "/ready", "/metrics")
"""The routes of monitoring. They are answered even when all others are refused."""
MOST_OPERATIONS = 32
"""The most concurrent requests for them."""


class Places:
    """Places for requests. An address may hold at most as many as are free, so a newcomer always finds one."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._taken: Counter[str] = Counter()

    def take(self, address: str) -> bool:
        """Take a place for an address. It returns whether there was one."""
        if self._taken[address] >= self.most - self._taken.total():
            return False
        self._taken[address] += 1
        return True

    def give_back(self, address: str) -> None:
        """Return the place of a finished request."""
        self._taken[address] -= 1
        if not self._taken[address]:
            del self._taken[address]


class RequestLimit:
    """ASGI middleware that answers 503 with `Retry-After` to requests above the limit."""

    def __init__(self, app: ASGIApp, most: int) -> None:
        self._app = app
        self._places = Places(most)
        self._operations = Places(MOST_OPERATIONS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        places = self._operations if scope["path"] in OPERATIONS else self._places
        address = address_of((scope.get("client") or ("",))[0])
        if not places.take(address):
            HTTP_REFUSED.inc()
            detail = (
                f"{address} has too many requests in progress: at most {places.most} run at once, and one address "
                "may have as many as are free; send fewer at a time, and send this one again in a second"
            )
            await problem(AWAY, detail)(scope, receive, send)
            return
        try:
            await self._app(scope, receive, send)
        except ClientDisconnect:
            logger.debug("%s left before it had sent its request or read its answer", address)
        finally:
            places.give_back(address)

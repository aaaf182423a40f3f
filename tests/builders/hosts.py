"""Services that call each other without a network: each host name leads to an application."""

from collections.abc import Mapping

import httpx
from starlette.types import ASGIApp


class Hosts(httpx.AsyncBaseTransport):
    """Applications by host name. `apps` may be filled after it was passed on."""

    def __init__(self, apps: Mapping[str, ASGIApp] = {}) -> None:  # it is copied
        self.apps = dict(apps)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The answer of the application of the host. A host without one does not answer."""
        if (app := self.apps.get(request.url.host)) is None:
            raise httpx.ConnectError(f"{request.url.host} is away", request=request)
        return await httpx.ASGITransport(app).handle_async_request(request)

"""The other services, at the addresses of the settings."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial

import httpx

from services.icat_plus.settings import IcatPlusSettings
from shared.http.neighbour import Neighbour
from shared.runtime.backoff import Backoff


@dataclass(frozen=True)
class Neighbours:
    """The clients of search, logbook and archive."""

    search: Neighbour
    logbook: Neighbour
    archive: Neighbour

    @classmethod
    def of(cls, settings: IcatPlusSettings, transport: httpx.AsyncBaseTransport | None = None) -> "Neighbours":
        """The services at the addresses of the settings."""
        token = settings.neighbours.service_token_file
        return cls(
            Neighbour("search", settings.neighbours.search_service_url, token, transport),
            Neighbour("logbook", settings.logbook_service_url, token, transport),
            Neighbour("archive", settings.archive_service_url, token, transport),
        )

    def connections(self, backoff: Backoff) -> Sequence[Callable[[], Awaitable[None]]]:
        """The tasks that close the connections when the service stops."""
        return [partial(neighbour.until_stopped, backoff) for neighbour in (self.search, self.logbook, self.archive)]

"""The dependencies of the routes."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, tzinfo

from services.icat_plus.access import Access
from services.icat_plus.dataset_query import is_id
from services.icat_plus.neighbours.archive import ArchiveService
from services.icat_plus.neighbours.logbook import LogbookService
from services.icat_plus.neighbours.search import Row, SearchService
from services.icat_plus.shipments.publisher import ShipmentPublisher
from shared.events.identity import Identities
from shared.foundation.errors import Fault
from shared.foundation.problem import invalid
from shared.foundation.times import TimeInvalid, read_time
from shared.kafka.confirmation import Confirmations
from shared.vocabulary.techniques import TechniqueBook


@dataclass(frozen=True)
class Dependencies:
    """The other services, access, the publisher, and the facility's identities, techniques and time."""

    search: SearchService
    logbook: LogbookService
    archive: ArchiveService
    access: Access
    confirmations: Confirmations
    shipments: ShipmentPublisher
    identities: Identities
    techniques: TechniqueBook
    zone: tzinfo
    clock: Callable[[], datetime]

    async def investigation(self, number: str | None, beamlines: tuple[str, ...] | None) -> Row | None:
        """The investigation that a client names by its id."""
        if number is None or not is_id(number):
            return None
        return await self.search.investigation(int(number), beamlines)

    def time(self, name: str, text: str | None, *, end_of_day: bool = False) -> datetime | None:
        """The time in a field of a request.

        Raises:
            Problem: 422, it cannot be read.
        """
        try:
            return read_time(text, self.zone, end_of_day=end_of_day) if text else None
        except TimeInvalid as error:
            raise invalid([Fault(name, str(error))]) from None

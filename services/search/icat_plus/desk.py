"""What all routes of this package stand on."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import TypeVar

from fastapi import Request
from fastapi.responses import Response
from pydantic import BaseModel, ValidationError
from pydantic_core import to_json

from services.search.icat_plus.access import Access
from services.search.icat_plus.archive_service import ArchiveService
from services.search.icat_plus.asking import IcatReader, Row, too_large
from services.search.icat_plus.datasets import Datasets
from services.search.icat_plus.logbook import MOST_ENTRY_BYTES, Place, Written, entry_of, message_of, written_answer
from services.search.icat_plus.logbook_service import LogbookService
from services.search.icat_plus.shipping import ShippingDesk
from services.search.query.catalogue import CatalogueReader
from services.search.query.faults import QueryInvalid
from services.search.query.naming import Naming
from shared.access.grants import Grant
from shared.events.identity import Identities
from shared.foundation.errors import Fault
from shared.foundation.problem import Problem, invalid
from shared.foundation.storable import ESCAPED_NUL
from shared.foundation.times import TimeInvalid, read_time
from shared.http.door import MOST_BODY_BYTES, read_body
from shared.kafka.confirmation import Confirmations
from shared.vocabulary.techniques import TechniqueBook

B = TypeVar("B", bound=BaseModel)


@dataclass(frozen=True)
class Desk:
    """Readers, other services, access, the way to Kafka, and the facility's names and time."""

    reader: CatalogueReader
    icat: IcatReader
    logbook: LogbookService
    archive: ArchiveService
    datasets: Datasets
    access: Access
    confirmations: Confirmations
    shipping: ShippingDesk
    identities: Identities
    naming: Naming
    techniques: TechniqueBook
    zone: tzinfo
    clock: Callable[[], datetime]

    async def investigation(self, number: str | None, beamlines: tuple[str, ...] | None) -> Row | None:
        """The investigation that a client names by its id."""
        if number is None or not (number.isascii() and number.isdigit() and len(number) < 19):  # noqa: PLR2004
            return None
        return await self.icat.investigation(int(number), beamlines)

    async def write(self, written: Written, place: Place, grant: Grant) -> Response:
        """Write into the logbook, and answer once Kafka has it.

        Raises:
            Problem: 429, this source has written too much; 503, Kafka has not confirmed in time.
        """
        entry = entry_of(written, place, self.identities, self.clock(), self.zone)
        await self.confirmations.publish([message_of(entry)], grant.name)
        return answered(written_answer(entry, self.zone))

    def time(self, name: str, text: str | None, *, end_of_day: bool = False) -> datetime | None:
        """A time that a client gives.

        Raises:
            QueryInvalid: it is none.
        """
        try:
            return read_time(text, self.zone, end_of_day=end_of_day) if text else None
        except TimeInvalid as error:
            raise QueryInvalid([Fault(name, str(error))]) from None


def answered(answer: object) -> Response:
    """An answer as JSON.

    Raises:
        QueryInvalid: it is too large for one answer.
    """
    body = to_json(answer)
    if len(body) > MOST_BODY_BYTES:
        raise too_large()
    return Response(body, media_type="application/json")


async def body_of(request: Request, model: type[B], *, absent: bytes = b"", most_bytes: int = MOST_ENTRY_BYTES) -> B:
    """The body as the model has it; read no further than it may be long. `absent` stands for an empty one.

    Raises:
        Problem: 413 if it is too long, 422 if it is none.
    """
    body = await read_body(request, most_bytes, "put large files beside the dataset's")
    if ESCAPED_NUL in body:
        raise Problem(422, "a text holds the character NUL, which cannot be kept: leave it out")
    try:
        return model.model_validate_json(body or absent)
    except ValidationError as error:
        faults = [
            Fault(field=".".join(map(str, fault["loc"])) or "the body", message=fault["msg"])
            for fault in error.errors(include_url=False, include_input=False)
        ]
        raise invalid(faults) from None

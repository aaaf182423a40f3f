"""What all routes of this package stand on."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any, TypeVar

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
from services.search.query.faults import Fault, QueryInvalid
from services.search.query.filters import read_time
from services.search.query.grammar import FilterInvalid
from services.search.query.naming import Naming
from shared.access.grants import Grant
from shared.events.identity import Identities
from shared.foundation.problem import FieldFault, Problem, invalid
from shared.foundation.storable import ESCAPED_NUL
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
        except FilterInvalid as error:
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


def takes(model: type[BaseModel]) -> dict[str, Any]:
    """What OpenAPI says of a route whose body is read by `body_of`."""
    schema = model.model_json_schema()
    content = {"application/json": {"schema": _inlined(schema, schema.pop("$defs", {}))}}
    return {"requestBody": {"required": True, "content": content}}


def _inlined(schema: Any, definitions: Mapping[str, Any], within: Collection[str] = ()) -> Any:  # noqa: ANN401  JSON
    """A schema by itself; what lies in a thing of its own kind is only called an object."""
    if isinstance(schema, list):
        return [_inlined(one, definitions, within) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return {"type": "object"} if name in within else _inlined(definitions[name], definitions, {*within, name})
    return {name: _inlined(one, definitions, within) for name, one in schema.items()}


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
            FieldFault(field=".".join(map(str, fault["loc"])) or "the body", message=fault["msg"])
            for fault in error.errors(include_url=False, include_input=False)
        ]
        raise invalid(faults) from None

"""`GET /numbers`: which datasets have the numbers by which ICAT's clients know them."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request, Response

from services.search.projections.datasets.statements import numbers
from services.search.query.catalogue import CatalogueReader
from services.search.routes.fields import Numbers, several
from shared.http.answers import json_response
from shared.http.bearer import Beamlines, Bearers
from shared.postgres.database import Questions


def add_numbers(router: APIRouter, bearers: Bearers, reader: CatalogueReader) -> None:
    """Add `/numbers`."""

    @router.get("/numbers")
    async def list_numbers(
        request: Request,
        number: Annotated[Numbers, several("the number of a dataset")] = None,
        dataset_id: UUID | None = None,
        beamlines: Beamlines = None,
    ) -> Response:
        """The id and the beamline of each dataset of these numbers, or of this id; it needs a bearer token."""
        statement = numbers(number, dataset_id, bearers.beamlines_of(request, beamlines))
        async with reader.connection(Questions.QUICK) as connection:
            rows = await connection.fetch(statement.text, *statement.arguments)
        return json_response({"datasets": [dict(row) for row in rows]})

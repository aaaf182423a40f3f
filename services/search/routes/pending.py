"""The route of what waits for its inputs."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from services.search.query.catalogue import CatalogueReader
from services.search.query.pending import read_pending, read_pending_query
from services.search.query.query import MOST_ROWS
from shared.events.identity import Identities
from shared.http.answers import json_response


def add_pending(router: APIRouter, reader: CatalogueReader, identities: Identities) -> None:
    """Add `/pending`."""
    any_of = "; several are separated by commas"
    of_path = Query(description="the path of a dataset")

    @router.get("/pending")
    async def list_pending(  # noqa: PLR0913, PLR0917  # each is a field of the URL
        beamline: Annotated[str | None, Query(description=f"where it was measured{any_of}")] = None,
        proposal: Annotated[str | None, Query(description=f"in any spelling{any_of}")] = None,
        producer: Annotated[str | None, Query(description=f"who submitted it, as /producers/name{any_of}")] = None,
        kind: Annotated[str | None, Query(description=f"its kind{any_of}")] = None,
        waits_for: Annotated[str | None, Query(description="the path of an input that is missing")] = None,
        path: Annotated[str | None, of_path] = None,
        limit: Annotated[int, Query(ge=1, le=MOST_ROWS)] = 50,
        cursor: str | None = None,
    ) -> Response:
        """Submissions that wait for their inputs, the oldest first, with what is missing and what may be meant."""
        said = {
            "beamline": beamline,
            "proposal": proposal,
            "producer": producer,
            "kind": kind,
            "waits_for": waits_for,
            "path": path,
            "cursor": cursor,
        }
        query = read_pending_query(said, limit, identities)
        return json_response(await read_pending(reader, query))

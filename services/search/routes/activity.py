"""The route of activity, for watchers."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from services.search.query.activity import read_filter, read_watch_cursor, watch, write_watch_cursor
from services.search.query.catalogue import CatalogueReader
from services.search.query.faults import FaultCollector
from services.search.query.query import MOST_ROWS
from shared.events.states import ACTIVITY_STATES
from shared.http.answers import json_response


def add_activity(router: APIRouter, reader: CatalogueReader) -> None:
    """Add `/activity`."""
    several = "; several are separated by commas"

    @router.get("/activity")
    async def list_activity(
        after: Annotated[str | None, Query(description="`next` of the answer before; without it: from now on")] = None,
        beamline: Annotated[str | None, Query(description=f"where it was measured{several}")] = None,
        proposal: Annotated[str | None, Query(description=f"in any spelling{several}")] = None,
        state: Annotated[str | None, Query(description=f"{', '.join(ACTIVITY_STATES)}{several}")] = None,
        limit: Annotated[int, Query(ge=1, le=MOST_ROWS)] = MOST_ROWS,
    ) -> Response:
        """What was committed and rejected and began to wait since then; ask again with `next`, at once if `more`."""
        wanted = read_filter(beamline, proposal, state)
        fields = FaultCollector()
        reached = fields.parsed("after", after, read_watch_cursor)
        fields.check()
        page = await watch(reader, reached, wanted, limit)
        return json_response(
            {"activity": page.activity, "next": write_watch_cursor(page.reached), "more": page.has_more}
        )

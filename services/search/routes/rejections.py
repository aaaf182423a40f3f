"""The routes of rejections: the list, the summary, and one rejection."""

from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Annotated
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, HTTPException, Query
from fastapi.responses import Response, StreamingResponse

from services.search.cursors import read_cursor, write_cursor
from services.search.projections.rejections.statements import ORDER, SUMMARY_SPAN, RejectionQuery, State
from services.search.query.catalogue import CatalogueReader
from services.search.query.faults import FaultCollector, dataset_at
from services.search.query.query import MOST_ROWS
from services.search.query.rejections import summary_answer
from services.search.routes.answers import rejection_parts
from services.search.settings import SearchSettings
from shared.events.identity import Identities, PathInvalid
from shared.foundation.times import read_time
from shared.host.service import Resources
from shared.http.answers import json_response

Limit = Annotated[int, Query(ge=1, le=MOST_ROWS)]


@dataclass(frozen=True)
class RejectionFields:
    """The fields of the URL that select rejections."""

    code: str | None = None
    finding: Annotated[str | None, Query(description="the code of a finding")] = None
    stage: str | None = None
    producer: str | None = None
    receipt_id: str | None = None
    path: Annotated[str | None, Query(description="the dataset's; one that no dataset can have, as it was said")] = None
    beamline: str | None = None
    since: str | None = None
    until: Annotated[str | None, Query(description="a date alone is the whole day")] = None
    state: Annotated[State, Query(description="resolved: what was refused is catalogued after all")] = "all"


def add_rejections(router: APIRouter, reader: CatalogueReader, resources: Resources[SearchSettings]) -> None:
    """The routes under `/rejections`."""
    identities, zone = resources.identities, ZoneInfo(resources.settings.facility.time_zone)

    @router.get("/rejections")
    async def list_rejections(
        given: Annotated[RejectionFields, Depends()], limit: Limit = 50, cursor: str | None = None
    ) -> Response:
        """Rejections, newest first. A page of the open or the resolved may be short, and still have a `next`."""
        rows, last = await reader.rejections(query_of(given, identities, zone, limit, cursor))
        return json_response({"rejections": rows, "next": write_cursor(ORDER, last) if last else None})

    @router.get("/rejections/summary")
    async def summarize_rejections(given: Annotated[RejectionFields, Depends()]) -> Response:
        """Rejections by code and producer, of the last 30 days unless `since` is given; most open ones first."""
        query = query_of(given, identities, zone, since=resources.clock() - SUMMARY_SPAN)
        return json_response(summary_answer(await reader.rejection_summary(query), query.since))

    @router.get("/rejections/{rejection_id}")
    async def show_rejection(rejection_id: UUID) -> Response:
        """One rejection, with the original bytes to correct and send again."""
        row = await reader.rejection(rejection_id)
        if row is None:
            raise HTTPException(404, "no such rejection")
        return StreamingResponse(rejection_parts(row), media_type="application/json")


def query_of(
    given: RejectionFields,
    identities: Identities,
    zone: tzinfo,
    limit: int = 50,
    cursor: str | None = None,
    since: datetime | None = None,
) -> RejectionQuery:
    """The query that the fields express. `since` applies if the fields do not give it.

    Raises:
        QueryInvalid: with every fault of the fields.
    """
    fields = FaultCollector()
    begin = fields.parsed("since", given.since, lambda text: read_time(text, zone))
    end = fields.parsed("until", given.until, lambda text: read_time(text, zone, end_of_day=True))
    after = fields.parsed("cursor", cursor, lambda text: read_cursor(text, ORDER, datetime))
    fields.check()
    dataset_id, words = _subject(given.path, identities)
    return RejectionQuery(
        given.code,
        given.finding,
        given.stage,
        given.producer,
        given.receipt_id,
        dataset_id,
        words,
        given.beamline.strip().lower() if given.beamline else None,
        begin or since,
        end,
        given.state,
        limit,
        after,
    )


def _subject(path: str | None, identities: Identities) -> tuple[UUID | None, str | None]:
    """The dataset at a path; or the path itself if no dataset can have it, which may be why it was rejected."""
    if not path:
        return None, None
    try:
        return dataset_at(identities, path), None
    except PathInvalid:
        return None, path

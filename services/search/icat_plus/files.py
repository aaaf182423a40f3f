"""The files of datasets, as producers listed them, and what is asked of those who keep them."""

from collections.abc import AsyncIterator, Sequence
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic_core import from_json

from services.search.icat_plus.acquisition import Limit, Skip, known_numbers, permitted_numbers, whole_numbers
from services.search.icat_plus.answers import Answer, datafile_answer, file_location
from services.search.icat_plus.asking import MOST_ROWS, Row
from services.search.icat_plus.datasets import streamed
from services.search.icat_plus.desk import Desk, answered, body_of
from services.search.icat_plus.logging_in import SessionId
from services.search.icat_plus.tape import Requester, report_message, status_answer
from services.search.index.question import Query as DatasetQuery
from shared.foundation.problem import Problem
from shared.http.description import asks, takes

SAMPLE_FIELDS = dict.fromkeys(("investigationId", "sampleId", "groupName", "resourceId"), "no file is found by it")
DatasetIds = Annotated[str, Query(alias="datasetIds", description="ids of datasets, separated by commas")]


def add(router: APIRouter, desk: Desk) -> None:
    """The routes of files."""
    _add_listing(router, desk)
    _add_tape(router, desk)


def _add_listing(router: APIRouter, desk: Desk) -> None:

    @router.get("/catalogue/{session_id}/datafile")
    async def list_datafiles(
        session_id: SessionId,
        ids: Annotated[str | None, Query(alias="datasetId", description="the dataset's id")] = None,
        location: str | None = None,
        skip: Skip = 0,
        limit: Limit = MOST_ROWS,
    ) -> Response:
        """The files that a producer listed: those of a dataset, or the one at a path."""
        grant = await desk.access.by_session(session_id)
        location = desk.identities.file(location) if location else None
        query = _files_query(desk, ids, location)
        found = await desk.reader.find(query) if query else {"datasets": []}
        rows = [row for row in found["datasets"] if row["number"] is not None and grant.permits(row["beamline"])]
        pages = _pages(desk, rows, location, skip, limit)
        return StreamingResponse(streamed(await anext(pages, []), pages), media_type="application/json")

    @router.get("/catalogue/{session_id}/files", openapi_extra=asks(SAMPLE_FIELDS))
    async def list_sample_files(session_id: SessionId) -> Response:
        """None: beamcat keeps no files about samples."""
        await desk.access.by_session(session_id)
        return answered([])

    @router.get("/catalogue/{session_id}/files/download", openapi_extra=asks(SAMPLE_FIELDS))
    async def download_sample_file(session_id: SessionId) -> Response:
        """None."""
        await desk.access.by_session(session_id)
        raise Problem(404, "beamcat keeps no files about samples")


def _add_tape(router: APIRouter, desk: Desk) -> None:
    @router.get("/ids/{session_id}/datasets/status")
    async def show_status(session_id: SessionId, ids: DatasetIds) -> Response:
        """Where the files of datasets are, in the order asked: ONLINE, RESTORING or ARCHIVED."""
        numbers = await permitted_numbers(desk, await desk.access.by_session(session_id), ids)
        files = await desk.archive.whereabouts(numbers)
        return answered([status_answer(each, files[each], desk.zone) for each in numbers])

    @router.post("/ids/{session_id}/datasets/restore", openapi_extra=takes(Requester))
    async def restore(request: Request, session_id: SessionId, ids: DatasetIds) -> Response:
        """Ask the archive for the files of datasets; answered once that is durable."""
        grant = await desk.access.by_session(session_id)
        requester = await body_of(request, Requester, absent=b"{}")
        numbers = await known_numbers(desk, grant, ids)
        messages = [report_message(each, requester, grant, desk.clock()) for each in numbers]
        await desk.confirmations.publish(messages, grant.name)
        return Response()


def _files_query(desk: Desk, ids: str | None, location: str | None) -> DatasetQuery | None:
    if ids:
        return DatasetQuery(numbers=whole_numbers(ids))
    if location is None or not location.startswith("/"):
        return None
    steps = location.split("/")
    folders = ["/".join(steps[:depth]) for depth in range(2, len(steps))]
    return DatasetQuery(dataset_ids=tuple(desk.identities.dataset(folder) for folder in folders)) if folders else None


async def _pages(
    desk: Desk, rows: Sequence[Row], location: str | None, skip: int, limit: int
) -> AsyncIterator[list[Answer]]:
    """The files of one dataset after the other's."""
    for row in rows:
        files = [file for file, where in await _files(desk, row) if location in (None, where)]
        page = files[skip : skip + limit]
        skip, limit = max(0, skip - len(files)), limit - len(page)
        yield page
        if limit <= 0:
            return


async def _files(desk: Desk, row: Row) -> list[tuple[Answer, str]]:
    """A dataset's files, each with where it is."""
    event = await desk.reader.event(row["dataset_id"])
    files = from_json(event)["document"]["files"] if event else []
    return [
        (datafile_answer(row["number"], row["path"], file), file_location(row["path"], file["path"])) for file in files
    ]

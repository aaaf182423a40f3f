"""The files of datasets, as producers listed them, and restore requests to the archive."""

from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from services.icat_plus.answers import Answer, datafile_answer, file_location
from services.icat_plus.dependencies import Dependencies
from services.icat_plus.neighbours.search import MOST_ROWS
from services.icat_plus.routes.bodies import body_of, streamed
from services.icat_plus.routes.fields import Limit, SessionId, Skip, whole_numbers
from services.icat_plus.routes.permissions import known_numbers, permitted_numbers
from services.icat_plus.tape import Requester, report_message, status_answer
from shared.access.grants import Grant
from shared.events.identity import Identities
from shared.foundation.problem import Problem
from shared.http.answers import bounded_response
from shared.http.description import asks, takes

SAMPLE_FIELDS = dict.fromkeys(
    ("investigationId", "sampleId", "groupName", "resourceId"), "finds nothing: beamcat keeps no files about samples"
)
MOST_FOLDERS = 500
"""The most folders in which the dataset of a file is searched."""
DatasetIds = Annotated[str, Query(alias="datasetIds", description="ids of datasets, separated by commas")]


def add(router: APIRouter, dependencies: Dependencies) -> None:
    """The routes of files."""
    _add_listing(router, dependencies)
    _add_tape(router, dependencies)


def _add_listing(router: APIRouter, dependencies: Dependencies) -> None:

    @router.get("/catalogue/{session_id}/datafile")
    async def list_datafiles(
        session_id: SessionId,
        ids: Annotated[str | None, Query(alias="datasetId", description="the dataset's id")] = None,
        location: str | None = None,
        skip: Skip = 0,
        limit: Limit = MOST_ROWS,
    ) -> Response:
        """List the files that producers listed: those of a dataset, or the one at a path."""
        grant = await dependencies.access.by_session(session_id)
        location = dependencies.identities.file(location) if location else None
        asked = _documents_query(dependencies.identities, ids, location)
        return await streamed(_pages(dependencies, grant, asked, location, skip, limit))

    @router.get("/catalogue/{session_id}/files", openapi_extra=asks(SAMPLE_FIELDS))
    async def list_sample_files(session_id: SessionId) -> Response:
        """List the files of samples. The list is empty, because beamcat keeps no files about samples."""
        await dependencies.access.by_session(session_id)
        return bounded_response([])

    @router.get("/catalogue/{session_id}/files/download", openapi_extra=asks(SAMPLE_FIELDS))
    async def download_sample_file(session_id: SessionId) -> Response:
        """Download a file of a sample. There is none, because beamcat keeps no files about samples."""
        await dependencies.access.by_session(session_id)
        raise Problem(404, "beamcat keeps no files about samples")


def _add_tape(router: APIRouter, dependencies: Dependencies) -> None:
    @router.get("/ids/{session_id}/datasets/status")
    async def show_status(session_id: SessionId, ids: DatasetIds) -> Response:
        """Show the status of the files of datasets, in the requested order: ONLINE, RESTORING or ARCHIVED."""
        numbers = await permitted_numbers(dependencies, await dependencies.access.by_session(session_id), ids)
        files = await dependencies.archive.whereabouts(numbers)
        return bounded_response([status_answer(each, files[each], dependencies.zone) for each in numbers])

    @router.post("/ids/{session_id}/datasets/restore", openapi_extra=takes(Requester))
    async def restore(request: Request, session_id: SessionId, ids: DatasetIds) -> Response:
        """Ask the archive for the files of datasets. The answer comes once the request is durable."""
        grant = await dependencies.access.by_session(session_id)
        requester = await body_of(request, Requester, absent=b"{}")
        numbers = await known_numbers(dependencies, grant, ids)
        messages = [report_message(each, requester, grant, dependencies.clock()) for each in numbers]
        await dependencies.confirmations.publish(messages, grant.name)
        return Response()


def _documents_query(identities: Identities, ids: str | None, location: str | None) -> dict[str, Any] | None:
    """The parameters of `GET /documents`: the named datasets, or those whose folder may contain the file at a path."""
    if ids:
        numbers = whole_numbers(ids)
        return {"number": numbers} if numbers else None
    if location is None or not location.startswith("/"):
        return None
    steps = location.split("/")
    folders = ["/".join(steps[:depth]) for depth in range(2, len(steps))]
    return {"dataset_id": [str(identities.dataset(folder)) for folder in folders[:MOST_FOLDERS]]} if folders else None


async def _pages(
    dependencies: Dependencies, grant: Grant, asked: dict[str, Any] | None, location: str | None, skip: int, limit: int
) -> AsyncIterator[list[Answer]]:
    """The files of all datasets, one dataset after the other."""
    if asked is None:
        return
    async with aclosing(dependencies.search.documents(asked, grant.covered)) as found:
        async for each in found:
            files = [file for file, where in _files(each.document.event) if location in (None, where)]
            page = files[skip : skip + limit]
            skip, limit = max(0, skip - len(files)), limit - len(page)
            yield page
            if limit <= 0:
                return


def _files(event: Mapping[str, Any]) -> list[tuple[Answer, str]]:
    """A dataset's files with their paths."""
    number, path = event["commit"]["number"], event["document"]["path"]
    return [
        (datafile_answer(number, path, file), file_location(path, file["path"])) for file in event["document"]["files"]
    ]

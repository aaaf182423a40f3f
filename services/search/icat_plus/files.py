"""The files of datasets, as producers listed them, and what is asked of those who keep them."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic_core import from_json

from services.search.icat_plus.acquisition import Limit, Skip, whole_numbers
from services.search.icat_plus.answers import datafile_answer, file_location
from services.search.icat_plus.asking import MOST_ROWS, Row
from services.search.icat_plus.desk import Desk, answered
from services.search.icat_plus.logging_in import SessionId
from services.search.query import Query as DatasetQuery
from shared.identity import PathInvalid, normalise_path
from shared.problems import Problem


def add(router: APIRouter, desk: Desk) -> None:
    """The routes of files."""

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
        query = _files_query(desk, ids, location)
        found = await desk.reader.find(query) if query else {"datasets": []}
        rows = [row for row in found["datasets"] if row["number"] is not None and grant.permits(row["beamline"])]
        files = [file for row in rows for file in await _files(desk, row) if location in (None, file[1])]
        return answered([file for file, _ in files[skip : skip + limit]])

    @router.get("/catalogue/{session_id}/files")
    async def list_sample_files(session_id: SessionId) -> Response:
        """None: beamcat keeps no files about samples."""
        await desk.access.by_session(session_id)
        return answered([])

    @router.get("/catalogue/{session_id}/files/download")
    async def download_sample_file(session_id: SessionId) -> Response:
        """None."""
        await desk.access.by_session(session_id)
        raise Problem(404, "beamcat keeps no files about samples")

    @router.post("/ids/{session_id}/datasets/restore")
    async def restore(session_id: SessionId) -> Response:
        """Not here: whoever keeps the files restores them, and tells."""
        await desk.access.by_session(session_id)
        raise Problem(501, "beamcat moves no files: ask the archive, which reports here when it has restored them")


def _files_query(desk: Desk, ids: str | None, location: str | None) -> DatasetQuery | None:
    if ids:
        return DatasetQuery(numbers=whole_numbers(ids))
    try:
        path = normalise_path(location) if location else None
    except PathInvalid:
        return None
    if path is None:
        return None
    steps = path.split("/")
    folders = ["/".join(steps[:depth]) for depth in range(2, len(steps))]
    return DatasetQuery(dataset_ids=tuple(desk.identities.dataset(folder) for folder in folders)) if folders else None


async def _files(desk: Desk, row: Row) -> list[tuple[dict[str, Any], str]]:
    """A dataset's files, each with where it is."""
    event = await desk.reader.event(row["dataset_id"])
    files = from_json(event)["document"]["files"] if event else []
    return [
        (datafile_answer(row["number"], row["path"], file), file_location(row["path"], file["path"])) for file in files
    ]

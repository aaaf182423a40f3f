"""`/catalogue`: datasets and investigations, within a session."""

from dataclasses import replace
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BeforeValidator

from services.icat_plus.answers import number_of, type_answer
from services.icat_plus.dataset_query import dataset_query
from services.icat_plus.datasets import dataset_pages
from services.icat_plus.dependencies import Dependencies
from services.icat_plus.neighbours.search import InvestigationQuery
from services.icat_plus.proposals import type_name
from services.icat_plus.routes.acquisition import listed
from services.icat_plus.routes.bodies import streamed
from services.icat_plus.routes.fields import SessionId, investigation_query
from shared.access.grants import Grant
from shared.foundation.problem import Problem
from shared.http.answers import bounded_response
from shared.http.bearer import FORBIDDEN
from shared.http.description import asks
from shared.vocabulary.vocabulary import Vocabulary

DATASET_FIELDS = {
    "investigationIds": "ids of investigations, separated by commas",
    "datasetIds": "ids of datasets, separated by commas",
    "sampleId": "the sample's id",
    "instrumentName": "beamlines, separated by commas",
    "datasetType": "acquisition or processed",
    "search": "words, like `q` of `GET /datasets`",
    "techniquePids": "PIDs separated by commas: those of `GET /catalogue/techniques`, or of narrower terms",
    "parameters": "filters, like `parameters` of `GET /datasets`",
    "startDate": "ISO 8601; started at this time or later",
    "endDate": "ISO 8601; started at this time or earlier",
    "nested": "true: adds the datasets made from each, as `outputDatasets`",
    "sortBy": "startDate (the default) or name",
    "sortOrder": "1: ascending; -1: descending (the default)",
    "skip": "the number of datasets to skip",
    "limit": "the most datasets in the answer; without it, all are listed",
}
Circle = Literal["released", "embargoed", "participant", "instrumentscientist"]
"""ICAT+'s name for a filter of investigations."""
CIRCLE = "released: none, because no investigation has a release date; otherwise, all that the session may see"
QUERY = asks(
    DATASET_FIELDS,
    datasetType={"type": "string", "enum": ["acquisition", "processed"]},
    nested={"type": "boolean"},
    sortBy={"type": "string", "enum": ["startDate", "name"]},
    sortOrder={"type": "integer", "enum": [1, -1]},
    skip={"type": "integer", "minimum": 0},
    limit={"type": "integer", "minimum": 0},
)


def add(router: APIRouter, dependencies: Dependencies) -> None:
    """The routes of a session."""
    _add_datasets(router, dependencies)
    _add_investigations(router, dependencies)


def _add_datasets(router: APIRouter, dependencies: Dependencies) -> None:
    @router.get("/catalogue/datasets", openapi_extra=QUERY)
    async def find(request: Request) -> Response:
        """Find the datasets that satisfy every condition. The bearer token is the id of the session."""
        scheme, _, session_id = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            raise Problem(FORBIDDEN, "there is no session id: send it as `Authorization: Bearer …`")
        return await _found(dependencies, await dependencies.access.by_session(session_id.strip()), request)

    @router.get("/catalogue/{session_id}/dataset", openapi_extra=QUERY)
    async def find_in_session(request: Request, session_id: SessionId) -> Response:
        """Find the datasets that satisfy every condition. The id of the session is in the URL."""
        return await _found(dependencies, await dependencies.access.by_session(session_id), request)


async def _found(dependencies: Dependencies, grant: Grant, request: Request) -> Response:
    """The datasets that match a URL and that a grant covers."""
    wanted = dataset_query(dict(request.query_params), dependencies.techniques)
    return await streamed(dataset_pages(dependencies.search, wanted, grant.covered, dependencies.zone))


def _add_investigations(router: APIRouter, dependencies: Dependencies) -> None:
    @router.get("/catalogue/{session_id}/investigation")
    async def list_investigations(
        session_id: SessionId,
        wanted: Annotated[InvestigationQuery, Depends(investigation_query(dependencies))],
        kind: Annotated[Circle | None, BeforeValidator(str.lower), Query(alias="filter", description=CIRCLE)] = None,
        release: Annotated[
            str | None, Query(alias="releaseDates", description="finds nothing: beamcat has no release dates")
        ] = None,
        username: Annotated[str | None, Query(description="finds nothing: beamcat has no users")] = None,
        parameters: Annotated[str | None, Query(description="finds nothing: investigations have no parameters")] = None,
    ) -> Response:
        """List investigations. A query by release date, user or parameter finds nothing."""
        beamlines = (await dependencies.access.by_session(session_id)).covered
        if release or username or parameters or kind == "released":
            return bounded_response([])
        return await listed(dependencies, replace(wanted, beamlines=beamlines))

    @router.get("/catalogue/{session_id}/investigation/id/{number}/investigationusers")
    async def list_users(session_id: SessionId, number: str) -> Response:
        """List the users. The list is empty, because beamcat has no user database."""
        grant = await dependencies.access.by_session(session_id)
        if await dependencies.investigation(number, grant.covered) is None:
            raise Problem(404, "there is no such investigation")
        return bounded_response([])

    @router.get("/catalogue/investigationtypes")
    async def list_types() -> Response:
        """List the types of all investigations, which are the letters of their proposals."""
        names = sorted({type_name(name) for name in await dependencies.search.proposals()})
        return bounded_response([type_answer(name) for name in names])


def add_vocabulary(router: APIRouter, dependencies: Dependencies, vocabulary: Vocabulary) -> None:
    """The routes that need no session."""
    known = [
        {"id": number_of("technique", each.pid), "pid": each.pid, "name": each.name, "description": each.title}
        for each in dependencies.techniques.techniques
    ]
    terms = {
        name: {
            "_id": name,
            "name": name,
            "value": "",
            "units": term.unit or "",
            "description": term.description,
        }
        for name, term in vocabulary.terms.items()
    }

    @router.get("/catalogue/techniques")
    async def list_techniques() -> Response:
        """List the described techniques."""
        return bounded_response(known)

    @router.get("/catalogue/parameters")
    async def list_parameters(name: str | None = None) -> Response:
        """List the parameters of the vocabulary, or the one with a name. Their `value` is empty."""
        if name is None:
            return bounded_response(list(terms.values()))
        term = vocabulary.resolve(name)
        return bounded_response([terms[term.name]] if term else [])

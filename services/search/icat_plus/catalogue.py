"""`/catalogue`: the datasets and investigations that people ask for, within a session."""

from dataclasses import replace
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BeforeValidator

from services.search.icat_plus.access import FORBIDDEN
from services.search.icat_plus.acquisition import listed, slots_of, whole_numbers
from services.search.icat_plus.answers import number_of, type_answer
from services.search.icat_plus.asking import Row, Slots
from services.search.icat_plus.datasets import Wanted, streamed, wanted_of
from services.search.icat_plus.desk import Desk, answered
from services.search.icat_plus.logging_in import SessionId
from services.search.icat_plus.proposals import type_name
from shared.access.grants import Grant
from shared.events.identity import sample_key
from shared.foundation.problem import Problem
from shared.http.description import asks
from shared.vocabulary.vocabulary import Vocabulary

DATASET_FIELDS = {
    "investigationIds": "ids of investigations, apart by commas",
    "datasetIds": "ids of datasets, apart by commas",
    "sampleId": "the sample's id",
    "instrumentName": "beamlines, apart by commas",
    "datasetType": "acquisition or processed",
    "search": "words, as `q` of `GET /datasets`",
    "techniquePids": "PIDs apart by commas, as `GET /catalogue/techniques` has them or of narrower terms",
    "parameters": "filters, as `parameters` of `GET /datasets`",
    "startDate": "ISO 8601; started then or later",
    "endDate": "ISO 8601; started then or earlier",
    "nested": "true: with the datasets made from each, as `outputDatasets`",
    "sortBy": "startDate (the default) or name",
    "sortOrder": "1: ascending; -1: descending (the default)",
    "skip": "datasets to leave out",
    "limit": "most datasets of the answer; without it all are listed",
}
Circle = Literal["released", "embargoed", "participant", "instrumentscientist"]
"""What ICAT+ calls a filter of investigations."""
CIRCLE = "embargoed: all, none has a release date; released: none; the others: all that the session may see"
QUERY = asks(
    DATASET_FIELDS,
    datasetType={"type": "string", "enum": ["acquisition", "processed"]},
    nested={"type": "boolean"},
    sortBy={"type": "string", "enum": ["startDate", "name"]},
    sortOrder={"type": "integer", "enum": [1, -1]},
    skip={"type": "integer", "minimum": 0},
    limit={"type": "integer", "minimum": 0},
)


def add(router: APIRouter, desk: Desk) -> None:
    """The routes of a session."""
    _add_datasets(router, desk)
    _add_investigations(router, desk)


def _add_datasets(router: APIRouter, desk: Desk) -> None:
    @router.get("/catalogue/datasets", openapi_extra=QUERY)
    async def find(request: Request) -> Response:
        """Datasets that satisfy every condition. The session's id comes as a bearer token."""
        scheme, _, session_id = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            raise Problem(FORBIDDEN, "no session: send its id as `Authorization: Bearer …`")
        return await found(desk, await desk.access.by_session(session_id.strip()), request)

    @router.get("/catalogue/{session_id}/dataset", openapi_extra=QUERY)
    async def find_in_session(request: Request, session_id: SessionId) -> Response:
        """The same, with the session's id in the URL."""
        return await found(desk, await desk.access.by_session(session_id), request)


async def found(desk: Desk, grant: Grant, request: Request) -> Response:
    """The datasets that a URL asks for and a grant may know of."""
    said = dict(request.query_params)
    wanted = await _narrowed(
        desk, grant, said, wanted_of(said, desk.identities, desk.zone, desk.naming, desk.techniques)
    )
    if wanted is None:
        return answered([])
    pages = desk.datasets.pages(wanted)
    first: list[dict[str, Any]] = await anext(
        pages, []
    )  # what is wrong with the query shows here, before an answer has begun
    return StreamingResponse(streamed(first, pages), media_type="application/json")


async def _narrowed(desk: Desk, grant: Grant, said: dict[str, str], wanted: Wanted) -> Wanted | None:
    """The query within what ids name and the grant permits; nothing if that is nothing."""
    query, beamlines = wanted.query, grant.covered
    values = dict(query.values)
    if beamlines is not None:
        asked = values.get("beamline", beamlines)
        values["beamline"] = tuple(name for name in asked if name in beamlines)
    investigations: tuple[UUID, ...] | None = None
    if said.get("investigationIds"):
        slots = await desk.icat.investigations(Slots(numbers=whole_numbers(said["investigationIds"])))
        investigations = tuple(slot["investigation_id"] for slot in slots)
    if said.get("sampleId"):
        samples = await desk.icat.samples(investigations, whole_numbers(said["sampleId"]))
        investigations = tuple(sample["investigation_id"] for sample in samples)
        values["sample"] = tuple(sample_key(sample["name"]) for sample in samples)
    if investigations == () or values.get("beamline") == () or query.numbers == ():
        return None
    return replace(wanted, query=replace(query, values=values, investigations=investigations))


def _add_investigations(router: APIRouter, desk: Desk) -> None:
    @router.get("/catalogue/{session_id}/investigation")
    async def list_investigations(
        session_id: SessionId,
        slots: Annotated[Slots, Depends(slots_of(desk))],
        kind: Annotated[Circle | None, BeforeValidator(str.lower), Query(alias="filter", description=CIRCLE)] = None,
        release: Annotated[str | None, Query(alias="releaseDates", description="none has one here")] = None,
        username: Annotated[str | None, Query(description="none has users here")] = None,
        parameters: Annotated[str | None, Query(description="none has parameters here")] = None,
    ) -> Response:
        """Investigations; none is known by release, user or parameter."""
        beamlines = (await desk.access.by_session(session_id)).covered
        if release or username or parameters or kind == "released":
            return answered([])
        return await listed(desk, replace(slots, beamlines=beamlines))

    @router.get("/catalogue/{session_id}/investigation/id/{number}/investigationusers")
    async def list_users(session_id: SessionId, number: str) -> Response:
        """Nobody: beamcat has no user database."""
        if await _slot(desk, session_id, number) is None:
            raise Problem(404, "there is no such investigation")
        return answered([])

    @router.get("/catalogue/investigationtypes")
    async def list_types() -> Response:
        """The types of all investigations: the letters of their proposals."""
        names = sorted({type_name(name) for name in await desk.icat.proposals()})
        return answered([type_answer(name) for name in names])


async def _slot(desk: Desk, session_id: str, number: str | None) -> Row | None:
    return await desk.investigation(number, (await desk.access.by_session(session_id)).covered)


def add_vocabulary(router: APIRouter, desk: Desk, vocabulary: Vocabulary) -> None:
    """What needs no session."""
    known = [
        {"id": number_of("technique", each.pid), "pid": each.pid, "name": each.name, "description": each.title}
        for each in desk.techniques.techniques
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
        """The techniques that are described."""
        return answered(known)

    @router.get("/catalogue/parameters")
    async def list_parameters(name: str | None = None) -> Response:
        """The parameters of the vocabulary, or the one of a name; `value` is empty: these are what values are of."""
        if name is None:
            return answered(list(terms.values()))
        term = vocabulary.resolve(name)
        return answered([terms[term.name]] if term else [])

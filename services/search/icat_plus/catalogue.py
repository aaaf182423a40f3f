"""`/catalogue`, `/tracking`, `/samplemetadata` and `/ids`: what people ask, within a session."""

from dataclasses import replace
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BeforeValidator

from services.search.icat_plus.access import FORBIDDEN, permitted
from services.search.icat_plus.acquisition import Limit, Number, Skip, listed, slots_of, whole_numbers
from services.search.icat_plus.answers import (
    acquisition_sample,
    number_of,
    parcel_answers,
    sample_answer,
    type_answer,
)
from services.search.icat_plus.asking import MOST_ROWS, Row, Slots
from services.search.icat_plus.datasets import Wanted, streamed, wanted_of
from services.search.icat_plus.desk import Desk, answered
from services.search.icat_plus.logging_in import SessionId
from services.search.icat_plus.proposals import type_name
from shared.identity import proposal_key, sample_key
from shared.problems import Problem
from shared.tokens import Grant
from shared.vocabulary import Vocabulary

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
FIELDS = [
    {"name": name, "in": "query", "description": text, "schema": {"type": "string"}}
    for name, text in DATASET_FIELDS.items()
]


def add(router: APIRouter, desk: Desk) -> None:
    """The routes of a session."""
    _add_datasets(router, desk)
    _add_investigations(router, desk)
    _add_samples(router, desk)


def _add_datasets(router: APIRouter, desk: Desk) -> None:
    @router.get("/catalogue/datasets", openapi_extra={"parameters": FIELDS})
    async def find(request: Request) -> Response:
        """Datasets that satisfy every condition. The session's id comes as a bearer token."""
        scheme, _, session_id = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            raise Problem(FORBIDDEN, "no session: send its id as `Authorization: Bearer …`")
        return await found(desk, await desk.access.by_session(session_id.strip()), request)

    @router.get("/catalogue/{session_id}/dataset", openapi_extra={"parameters": FIELDS})
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
    query, beamlines = wanted.query, permitted(grant)
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
        beamlines = permitted(await desk.access.by_session(session_id))
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
    return await desk.investigation(number, permitted(await desk.access.by_session(session_id)))


def _add_samples(router: APIRouter, desk: Desk) -> None:
    @router.get("/catalogue/{session_id}/samples")
    async def list_samples(
        session_id: SessionId,
        number: Number = None,
        ids: Annotated[str | None, Query(alias="sampleIds")] = None,
        search: str | None = None,
        skip: Skip = 0,
        limit: Limit = MOST_ROWS,
    ) -> Response:
        """Samples of which there are datasets, by name."""
        grant = await desk.access.by_session(session_id)
        slot = await desk.investigation(number, permitted(grant))
        if (number and slot is None) or not (number or ids):
            return answered([])
        samples = await desk.icat.samples([slot["investigation_id"]] if slot else None, whole_numbers(ids))
        found = [one for one in samples if sample_key(search or "") in sample_key(one["name"])]
        slots = await _slots_of(desk, grant, found)
        known = [one for one in found if one["investigation_id"] in slots]
        return answered(
            [sample_answer(one, slots[one["investigation_id"]], desk.zone) for one in known[skip : skip + limit]]
        )

    @router.get("/samplemetadata/{session_id}/samples/acquisition")
    async def list_acquired(
        session_id: SessionId,
        proposal: str,
        beamline: str,
        start: Annotated[str | None, Query(alias="startDate", description="the day the session began")] = None,
        parameters: Annotated[str | None, Query(description="no sample has parameters here")] = None,
    ) -> Response:
        """The samples of a proposal on a beamline, of which there are datasets."""
        grant = await desk.access.by_session(session_id)
        wanted = Slots(beamlines=permitted(grant), on=(beamline.lower(),), proposals=(proposal_key(proposal),))
        slots = {slot["investigation_id"]: slot for slot in await desk.icat.investigations(wanted)}
        samples = [] if parameters or not slots else await desk.icat.samples(list(slots), None)
        answers = [acquisition_sample(one, slots[one["investigation_id"]], desk.zone) for one in samples]
        return answered([one for one in answers if start is None or one["sessionStartDate"] == start])

    @router.get("/tracking/{session_id}/parcel")
    async def list_parcels(session_id: SessionId, number: Number = None) -> Response:
        """The parcels in which an investigation's samples came, as far as its datasets tell of them."""
        slot = await _slot(desk, session_id, number)
        samples = await desk.icat.samples([slot["investigation_id"]], None) if slot else []
        return answered(parcel_answers(samples, slot) if slot else [])


async def _slots_of(desk: Desk, grant: Grant, samples: list[Row]) -> dict[UUID, Row]:
    ids = tuple({one["investigation_id"] for one in samples})
    slots = await desk.icat.investigations(Slots(beamlines=permitted(grant), ids=ids)) if ids else []
    return {slot["investigation_id"]: slot for slot in slots}


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

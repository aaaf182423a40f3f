"""`/dataacquisition/{apiKey}/…`: what beamlines ask and say, with an API key in the URL."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import tzinfo
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BeforeValidator

from services.search.icat_plus.access import check_beamline
from services.search.icat_plus.answers import (
    Answer,
    Row,
    investigation_answer,
    measured_answer,
    page_answer,
    registered_answer,
)
from services.search.icat_plus.asking import EVERY_ROW, MOST_ROWS, SlotOrder, Slots
from services.search.icat_plus.datasets import numbers_of, streamed
from services.search.icat_plus.desk import Desk, answered, body_of
from services.search.icat_plus.logbook import Pictured, Place, Written
from services.search.icat_plus.tape import Restored, access_answers, report_message
from services.search.index.question import Query as DatasetQuery
from services.search.query.faults import QueryInvalid
from services.search.query.query import MOST_ROWS as MOST_DATASETS
from shared.access.grants import Grant
from shared.events.identity import proposal_key
from shared.foundation.errors import Fault
from shared.foundation.problem import Problem
from shared.http.description import takes

ROWS_AT_ONCE = 1000

Key = Annotated[str, Path(description="a token of the tokens file")]
Number = Annotated[str | None, Query(alias="investigationId")]
Proposal = Annotated[str | None, Query(alias="investigationName", description="the proposal, in any spelling")]
Beamline = Annotated[str | None, Query(alias="instrumentName", description="the beamline, in any letter case")]
Skip = Annotated[int, Query(ge=0, lt=EVERY_ROW)]
Limit = Annotated[int, Query(ge=0, le=EVERY_ROW)]


def add(router: APIRouter, desk: Desk) -> None:
    """The routes with an API key."""
    _add_reading(router, desk)
    _add_writing(router, desk)


def slots_of(desk: Desk) -> Callable[..., Awaitable[Slots]]:
    """What every list of investigations heeds, as a dependency of its route."""

    async def slots(  # noqa: PLR0913, PLR0917  # each is a field of the URL
        beamline: Beamline = None,
        proposal: Proposal = None,
        ids: str | None = None,
        start: Annotated[str | None, Query(alias="startDate")] = None,
        end: Annotated[str | None, Query(alias="endDate")] = None,
        search: str | None = None,
        sort: Annotated[SlotOrder, BeforeValidator(str.lower), Query(alias="sortBy")] = "startdate",
        order: Annotated[Literal["1", "-1"], Query(alias="sortOrder", description="-1: descending")] = "1",
        skip: Skip = 0,
        limit: Limit = MOST_ROWS,
    ) -> Slots:
        return Slots(
            on=_listed(beamline, str.lower),
            proposals=_listed(proposal, proposal_key),
            numbers=whole_numbers(ids),
            begin=desk.time("startDate", start),
            end=desk.time("endDate", end, end_of_day=True),
            search=search,
            sort=sort,
            descending=order == "-1",
            skip=skip,
            limit=min(limit, MOST_ROWS),
        )

    return slots


def _listed(said: str | None, read: Callable[[str], str]) -> tuple[str, ...] | None:
    """Names separated by commas; None if none is asked for."""
    names = [read(name.strip()) for name in (said or "").split(",") if name.strip()]
    return tuple(names) or None


async def listed(desk: Desk, slots: Slots, answer: Callable[[Row, tzinfo], Answer] = investigation_answer) -> Response:
    """These investigations, each with where it stands in the whole."""
    rows = await desk.icat.investigations(replace(slots, counted=True))
    return answered(
        [
            answer(row, desk.zone) | {"meta": {"page": page_answer(row["total"], slots.skip, slots.limit)}}
            for row in rows
        ]
    )


def _add_reading(router: APIRouter, desk: Desk) -> None:
    @router.get("/dataacquisition/{key}/investigation")
    async def list_investigations(key: Key, slots: Annotated[Slots, Depends(slots_of(desk))]) -> Response:
        """The investigations of a proposal on a beamline, with the dates at which they are really measured."""
        grant = desk.access.by_key(key)
        for beamline in slots.on or ():
            check_beamline(grant, beamline)
        return await listed(desk, replace(slots, beamlines=grant.covered), measured_answer)

    @router.get("/dataacquisition/{key}/dataset")
    async def list_registered(
        key: Key, number: Number = None, search: str | None = None, skip: Skip = 0, limit: Limit = EVERY_ROW
    ) -> Response:
        """The datasets of an investigation that are committed: how a beamline sees that its own have arrived."""
        slot = await desk.investigation(number, desk.access.by_key(key).covered)
        if slot is None:
            return answered([])
        pages = _registered(desk, slot, search, skip, limit)
        return StreamingResponse(streamed(await anext(pages, []), pages), media_type="application/json")


async def _registered(desk: Desk, slot: Row, search: str | None, skip: int, limit: int) -> AsyncIterator[list[Answer]]:
    """Some at a time: a session of serial crystallography has tens of thousands."""
    while limit > 0:
        size = min(limit, ROWS_AT_ONCE)
        rows = await desk.icat.registered(slot["investigation_id"], skip, size, search)
        yield [registered_answer(row, slot, desk.zone) for row in rows]
        if len(rows) < size:
            return
        skip, limit = skip + size, limit - size


def _add_writing(router: APIRouter, desk: Desk) -> None:
    @router.post("/dataacquisition/{key}/dataset/restore", openapi_extra=takes(Restored))
    async def report(request: Request, key: Key, ids: Annotated[str, Query(alias="datasetId")]) -> Response:
        """The archive tells what became of a restoration; answered once it is durable, with those who asked for it."""
        grant = desk.access.by_key(key)
        restored = await body_of(request, Restored)
        numbers = await known_numbers(desk, grant, ids)
        files = await desk.archive.whereabouts(numbers)
        messages = [report_message(each, restored, grant, desk.clock()) for each in numbers]
        await desk.confirmations.publish(messages, grant.name)
        return answered(
            [answer for each in numbers for answer in access_answers(each, files[each], restored.level, desk.zone)]
        )

    @router.post("/dataacquisition/{key}/notification", openapi_extra=takes(Written))
    async def notify(
        request: Request, key: Key, number: Number = None, proposal: Proposal = None, beamline: Beamline = None
    ) -> Response:
        """Write into the logbook; answered once it is durable."""
        grant = desk.access.by_key(key)
        place = await place_of(desk, grant, number, proposal, beamline)
        return await desk.write(await body_of(request, Written), place, grant)

    @router.post("/dataacquisition/{key}/base64", openapi_extra=takes(Pictured))
    async def picture(
        request: Request, key: Key, number: Number = None, proposal: Proposal = None, beamline: Beamline = None
    ) -> Response:
        """Put an image or another file into the logbook; answered once it is durable."""
        grant = desk.access.by_key(key)
        place = await place_of(desk, grant, number, proposal, beamline)
        return await desk.write(await body_of(request, Pictured), place, grant)


async def place_of(desk: Desk, grant: Grant, number: str | None, proposal: str | None, beamline: str | None) -> Place:
    """Where an entry belongs: to the investigation that is named, else to the one that is on now, if one is known.

    Raises:
        Problem: 403, its writer may not speak for that beamline; 404, no such investigation.
    """
    if number is not None:
        slot = await desk.investigation(number, grant.covered)
        if slot is None:
            raise Problem(404, f"there is no investigation {number[:50]}")
        return Place(slot["proposal"], slot["beamline"], slot["number"])
    check_beamline(grant, beamline)
    proposal = proposal_key(proposal or "") or None
    slot = await desk.icat.at(proposal, beamline, desk.clock()) if proposal and beamline else None
    return Place(proposal, beamline or None, slot["number"] if slot else None)


async def permitted_numbers(desk: Desk, grant: Grant, ids: str) -> list[int]:
    """Of the datasets that are named by their ids those that are catalogued, and of which the grant's holder may know.

    Raises:
        QueryInvalid: they are no ids, or too many.
    """
    numbers = tuple(dict.fromkeys(whole_numbers(ids) or ()))
    if len(numbers) > MOST_DATASETS:
        raise QueryInvalid([Fault("ids of datasets", f"at most {MOST_DATASETS} at a time: ask in parts")])
    found = await desk.reader.find(DatasetQuery(numbers=numbers, limit=MOST_DATASETS))
    known = {row["number"] for row in found["datasets"] if grant.permits(row["beamline"])}
    return [number for number in numbers if number in known]


async def known_numbers(desk: Desk, grant: Grant, ids: str) -> list[int]:
    """All that are named; further errors as of `permitted_numbers`.

    Raises:
        Problem: 404, one of them is none, or none is named.
    """
    numbers = await permitted_numbers(desk, grant, ids)
    if not numbers or len(numbers) < len(set(whole_numbers(ids) or ())):
        raise Problem(404, f"there is no such dataset, or {grant.name} may not speak for its beamline")
    return numbers


def whole_numbers(ids: str | None) -> tuple[int, ...] | None:
    """Ids, separated by commas.

    Raises:
        QueryInvalid: they are none.
    """
    faults: list[Fault] = []
    numbers = numbers_of({"ids": ids or ""}, "ids", faults)
    if faults:
        raise QueryInvalid(faults)
    return numbers

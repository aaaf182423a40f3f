"""`/catalogue/{session_id}/samples` and `/samplemetadata`: sample sheets, and samples of which there are datasets."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from services.search.icat_plus.acquisition import Limit, Number, Skip, whole_numbers
from services.search.icat_plus.answers import Answer, acquisition_sample, sample_answer
from services.search.icat_plus.asking import MOST_ROWS, Row, Slots
from services.search.icat_plus.desk import Desk, answered
from services.search.icat_plus.logging_in import SessionId
from services.search.icat_plus.parcels import Showing
from services.search.icat_plus.travelling import Travelling
from shared.access.grants import Grant
from shared.events.identity import proposal_key, sample_key


def add(router: APIRouter, desk: Desk) -> None:
    """The routes of samples."""

    @router.get("/catalogue/{session_id}/samples")
    async def list_samples(
        session_id: SessionId,
        number: Number = None,
        ids: Annotated[str | None, Query(alias="sampleIds")] = None,
        search: str | None = None,
        skip: Skip = 0,
        limit: Limit = MOST_ROWS,
    ) -> Response:
        """Samples, by name: those of which there are datasets, and those to whose sheets parcels refer."""
        grant = await desk.access.by_session(session_id)
        numbers = whole_numbers(ids)
        slot = await desk.investigation(number, grant.covered)
        if (number and slot is None) or not (number or ids):
            return answered([])
        slots = [slot] if slot else await _slots_of_samples(desk, grant, numbers or ())
        found = await _samples(desk, slots, numbers)
        chosen = [one for one in found if sample_key(search or "") in sample_key(one["name"])]
        return answered(chosen[skip : skip + limit])

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
        wanted = Slots(beamlines=grant.covered, on=(beamline.lower(),), proposals=(proposal_key(proposal),))
        slots = {slot["investigation_id"]: slot for slot in await desk.icat.investigations(wanted)}
        samples = [] if parameters or not slots else await desk.icat.samples(list(slots), None)
        answers = [acquisition_sample(one, slots[one["investigation_id"]], desk.zone) for one in samples]
        return answered([one for one in answers if start is None or one["sessionStartDate"] == start])


async def _samples(desk: Desk, slots: Sequence[Row], numbers: Sequence[int] | None) -> list[Answer]:
    """The samples of investigations, or those of these numbers among them."""
    ids = [slot["investigation_id"] for slot in slots]
    measured = await desk.icat.samples(ids, numbers)
    declared = await desk.shipping.declarations.of(ids)
    answers = []
    for slot in slots:
        investigation_id = slot["investigation_id"]
        names = Showing(Travelling(investigation_id, declared), slot, desk.zone).sheets() | {
            one["sample_number"]: one["name"] for one in measured if one["investigation_id"] == investigation_id
        }
        answers += [
            sample_answer({"sample_number": number, "name": name}, slot, desk.zone)
            for number, name in names.items()
            if numbers is None or number in numbers
        ]
    return sorted(answers, key=lambda one: (one["name"], one["id"]))


async def _slots_of_samples(desk: Desk, grant: Grant, numbers: Sequence[int]) -> list[Row]:
    """The investigations that have samples or sheets of these numbers."""
    ids: set[UUID] = {one["investigation_id"] for one in await desk.icat.samples(None, numbers)}
    for number in numbers:
        ids.update(await desk.shipping.declarations.holding("sheet", str(number)))
    return await desk.icat.investigations(Slots(beamlines=grant.covered, ids=tuple(ids))) if ids else []

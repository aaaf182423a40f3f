"""`/catalogue/{session_id}/samples` and `/samplemetadata`: sample sheets, and samples with datasets."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from services.icat_plus.answers import Answer, acquisition_sample, sample_answer
from services.icat_plus.dependencies import Dependencies
from services.icat_plus.neighbours.search import MOST_ROWS, InvestigationQuery, Row
from services.icat_plus.routes.fields import Limit, Number, SessionId, Skip, whole_numbers
from services.icat_plus.shipments.answers import ShipmentAnswers
from services.icat_plus.shipments.tree import ShipmentTree
from shared.access.grants import Grant
from shared.events.identity import proposal_key, sample_key
from shared.http.answers import bounded_response


def add(router: APIRouter, dependencies: Dependencies) -> None:
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
        """List samples by name: those with datasets, and those whose sheets parcels refer to."""
        grant = await dependencies.access.by_session(session_id)
        numbers = whole_numbers(ids)
        named = await dependencies.investigation(number, grant.covered)
        if (number and named is None) or not (number or ids):
            return bounded_response([])
        investigations = [named] if named else await _investigations_of_samples(dependencies, grant, numbers or ())
        found = await _samples(dependencies, investigations, numbers)
        chosen = [one for one in found if sample_key(search or "") in sample_key(one["name"])]
        return bounded_response(chosen[skip : skip + limit])

    @router.get("/samplemetadata/{session_id}/samples/acquisition")
    async def list_acquired(
        session_id: SessionId,
        proposal: str,
        beamline: str,
        start: Annotated[str | None, Query(alias="startDate", description="the day on which the session began")] = None,
        parameters: Annotated[str | None, Query(description="finds nothing: samples have no parameters")] = None,
    ) -> Response:
        """List the samples with datasets of a proposal on a beamline."""
        grant = await dependencies.access.by_session(session_id)
        wanted = InvestigationQuery(
            beamlines=grant.covered, at_beamlines=(beamline.lower(),), proposals=(proposal_key(proposal),)
        )
        rows, _ = await dependencies.search.investigations(wanted)
        known = {row["investigation_id"]: row for row in rows}
        samples = [] if parameters else await dependencies.search.samples(known)
        answers = [acquisition_sample(one, known[one["investigation_id"]], dependencies.zone) for one in samples]
        return bounded_response([one for one in answers if start is None or one["sessionStartDate"] == start])


async def _samples(
    dependencies: Dependencies, investigations: Sequence[Row], numbers: Sequence[int] | None
) -> list[Answer]:
    """The samples of investigations, or those with these numbers."""
    ids = [row["investigation_id"] for row in investigations]
    measured = await dependencies.search.samples(ids)
    declared = await dependencies.shipments.declarations.of(ids)
    answers = []
    for investigation in investigations:
        investigation_id = investigation["investigation_id"]
        tree = ShipmentTree(investigation_id, declared)
        names = ShipmentAnswers(tree, investigation, dependencies.zone).sheets() | {
            one["sample_number"]: one["name"] for one in measured if one["investigation_id"] == investigation_id
        }
        answers += [
            sample_answer({"sample_number": number, "name": name}, investigation, dependencies.zone)
            for number, name in names.items()
            if numbers is None or number in numbers
        ]
    return sorted(answers, key=lambda one: (one["name"], one["id"]))


async def _investigations_of_samples(dependencies: Dependencies, grant: Grant, numbers: Sequence[int]) -> list[Row]:
    """The investigations that have samples or sheets with these numbers."""
    sheets = tuple(map(str, numbers))
    wanted = InvestigationQuery(beamlines=grant.covered)
    declared, _ = await dependencies.search.investigations(replace(wanted, declared="sheet", declared_ids=sheets))
    ids = {one["investigation_id"] for one in await dependencies.search.samples_by_number(numbers)}
    ids |= dependencies.shipments.declarations.holding("sheet", sheets)
    return [*declared, *await dependencies.search.investigations_of(ids - _ids(declared), wanted)]


def _ids(investigations: Sequence[Row]) -> set[UUID]:
    return {row["investigation_id"] for row in investigations}

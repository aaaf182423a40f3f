"""What the sender of a request may write to: places in the logbook, and datasets by their numbers."""

from fastapi import Response

from services.icat_plus.access import check_beamline
from services.icat_plus.dependencies import Dependencies
from services.icat_plus.handler import logbook_event
from services.icat_plus.logbook import Place, Written, entry_of, written_answer
from services.icat_plus.routes.fields import whole_numbers
from shared.access.grants import Grant
from shared.events.identity import proposal_key
from shared.foundation.errors import Fault
from shared.foundation.problem import Problem, invalid
from shared.http.answers import bounded_response

MOST_DATASETS = 500
"""The most datasets that one request may name."""


async def place_of(
    dependencies: Dependencies, grant: Grant, number: str | None, proposal: str | None, beamline: str | None
) -> Place:
    """The place of an entry: the named investigation, or else the current one, if there is one.

    Raises:
        Problem: 403, the writer may not speak for that beamline; 404, there is no such investigation.
    """
    if number is not None:
        investigation = await dependencies.investigation(number, grant.covered)
        if investigation is None:
            raise Problem(404, f"there is no investigation {number[:50]}")
        return Place(investigation["proposal"], investigation["beamline"], investigation["number"])
    check_beamline(grant, beamline)
    proposal = proposal_key(proposal or "") or None
    current = None
    if proposal and beamline:
        current = await dependencies.search.investigation_at(proposal, beamline, dependencies.clock())
    return Place(proposal, beamline or None, current["number"] if current else None)


async def write(dependencies: Dependencies, written: Written, place: Place, grant: Grant) -> Response:
    """Write an entry of the logbook, and answer once Kafka has confirmed it.

    Raises:
        Problem: 429, this source has written too much; 503, Kafka has not confirmed in time.
    """
    entry = entry_of(written, place, dependencies.identities, dependencies.clock(), dependencies.zone)
    await dependencies.confirmations.publish([logbook_event(entry)], grant.name)
    return bounded_response(written_answer(entry, dependencies.zone))


async def permitted_numbers(dependencies: Dependencies, grant: Grant, ids: str) -> list[int]:
    """The named datasets that are catalogued and that the grant covers.

    Raises:
        Problem: 422, these are not ids, or there are too many.
    """
    numbers = whole_numbers(ids) or ()
    if len(numbers) > MOST_DATASETS:
        raise invalid([Fault("ids of datasets", f"at most {MOST_DATASETS} at a time: split the request")])
    known = await dependencies.search.permitted_numbers(numbers, grant.covered)
    return [number for number in numbers if number in known]


async def known_numbers(dependencies: Dependencies, grant: Grant, ids: str) -> list[int]:
    """All named datasets. It raises the same errors as `permitted_numbers`, and one more.

    Raises:
        Problem: 404, a dataset is unknown, or none is named.
    """
    numbers = await permitted_numbers(dependencies, grant, ids)
    if not numbers or len(numbers) < len(whole_numbers(ids) or ()):
        raise Problem(404, f"there is no such dataset, or {grant.name} may not speak for its beamline")
    return numbers

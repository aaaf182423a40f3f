"""The routes of search that other services ask: who may read what, and what the answers hold."""

from typing import Any

import httpx
import pytest

from services.icat_plus.neighbours.search import InvestigationQuery
from shared.access.tokens import create_token
from tests.builders.search.records import IDENTITIES, NOON
from tests.integration.icat_plus.conftest import Facility

pytestmark = pytest.mark.integration

ROUTES = (
    "/numbers?number=1&number=2",
    "/investigations",
    "/investigations/at?proposal=mx1111&beamline=id30a-3&time=2024-11-30T12:00:00Z",
    f"/investigations/{IDENTITIES.investigation('42')}/datasets",
    "/samples",
    f"/declarations?investigation={IDENTITIES.investigation('42')}",
    "/documents",
)
"""Each says something of `id30a-3`."""


async def ask(facility: Facility, path: str, token: str | None = None, **params: Any) -> httpx.Response:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with httpx.AsyncClient(transport=facility.hosts, base_url="http://search", headers=headers) as client:
        return await client.get(path, params=params or None)


async def filled(facility: Facility) -> None:
    for number, beamline in ((42, "ID30A-3"), (43, "id29")):
        ref = await facility.register(number, beamline=beamline)
        await facility.commit(f"/data/{number}", number - 41, ref, sample=f"s{number}")


@pytest.mark.parametrize("path", [*ROUTES, "/proposals"])
async def test_nothing_is_told_without_a_token(facility: Facility, path: str) -> None:
    assert (await ask(facility, path)).status_code == 401
    assert (await ask(facility, path, "unknown")).status_code == 401
    assert (await ask(facility, path, facility.key)).status_code == 200


@pytest.mark.parametrize("path", [path for path in ROUTES if path[:13] != "/declarations"])
async def test_an_answer_is_about_the_beamlines_of_the_token_alone(facility: Facility, path: str) -> None:
    await filled(facility)
    own, other = (create_token(facility.tokens_file, name, [name]) for name in ("id30a-3", "id29"))
    whole, foreign = (await ask(facility, path, own)).text, (await ask(facility, path, other)).text
    here = {"ID30A-3", "s42", "/data/42"}
    assert any(text in whole for text in here), whole
    assert not any(text in foreign for text in here), foreign
    separator = "&" if "?" in path else "?"
    narrowed = (await ask(facility, f"{path}{separator}beamlines=id29", facility.key)).text
    assert not any(text in narrowed for text in here), narrowed


async def test_documents_come_with_their_investigation_and_on_request_with_what_was_made_from_them(
    facility: Facility,
) -> None:
    ref = await facility.register(42, title="as planned")
    await facility.commit("/data/raw", 1, ref)
    await facility.commit("/data/made", 2, ref, inputs=["/data/raw"])
    await facility.register(42, title="as changed")
    [found] = [each async for each in facility.search.documents({"number": [1], "outputs": True}, None)]
    assert (found.total, found.document.event["commit"]["number"]) == (1, 1)
    assert found.document.investigation is not None
    assert found.document.investigation["title"] == "as changed"
    assert [output.event["document"]["path"] for output in found.outputs] == ["/data/made"]
    both = [each async for each in facility.search.documents({"investigation_number": [42], "sort": "name"}, None)]
    assert [(each.total, each.outputs) for each in both] == [(2, []), (2, [])]
    nothing = facility.search.documents({"investigation_number": [43]}, None)
    assert [each async for each in nothing] == []


async def test_what_is_wrong_with_a_question_about_documents_is_told_before_an_answer_has_begun(
    facility: Facility,
) -> None:
    answer = await ask(facility, "/documents", facility.key, sort="start", parameters="nonsense~lt~x")
    assert answer.status_code == 422
    assert [each["field"] for each in answer.json()["errors"]] == ["parameters"]


async def test_a_list_of_investigations_tells_how_many_there_are_and_a_page_beyond_them_does_not(
    facility: Facility,
) -> None:
    await filled(facility)
    rows, total = await facility.search.investigations(InvestigationQuery(limit=1, descending=True))
    assert ([row["number"] for row in rows], total) == ([43], 2)
    assert rows[0]["started"] == NOON
    assert await facility.search.investigations(InvestigationQuery(skip=5)) == ([], 0)

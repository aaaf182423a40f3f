"""How the archive asks search which datasets there are."""

from pathlib import Path

import httpx
import pytest

from services.archive.catalogue import SearchCatalogue, known_numbers
from shared.http.neighbour import MOST_VALUES, Neighbour
from tests.builders.search.records import dataset_id

ROW = {"number": 42, "dataset_id": str(dataset_id("/data/a")), "beamline": "id29"}


def catalogue(folder: Path, handler: httpx.MockTransport) -> SearchCatalogue:
    (folder / "token").write_text("secret")
    return SearchCatalogue(Neighbour("search", "http://search", folder / "token", handler))


async def test_many_numbers_are_asked_in_lots(tmp_path: Path) -> None:
    asked: list[list[str]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.params.get_list("number"))
        return httpx.Response(200, json={"datasets": [ROW] if "42" in asked[-1] else []})

    found = await catalogue(tmp_path, httpx.MockTransport(answer)).by_number(range(MOST_VALUES + 1))
    assert list(found) == [42]
    assert [len(numbers) for numbers in asked] == [MOST_VALUES, 1]


@pytest.mark.parametrize("status", [503, 429, 500, 401])
async def test_the_stage_waits_while_search_does_not_answer(tmp_path: Path, status: int) -> None:
    def answer(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(status, json={"detail": "too many ask"})

    with pytest.raises(ConnectionError):
        await known_numbers(catalogue(tmp_path, httpx.MockTransport(answer)), [42])

"""Questions to search, as icat_plus asks them."""

from pathlib import Path
from typing import Any
from urllib.parse import parse_qs
from uuid import UUID, uuid4

import httpx

from services.icat_plus.neighbours.search import InvestigationQuery, SearchService
from shared.http.neighbour import MOST_URL_BYTES, MOST_VALUES, Neighbour, lots


class Search:
    """Search that knows nothing, and remembers what it was asked."""

    def __init__(self, folder: Path) -> None:
        (folder / "token").write_text("secret")
        self.asked: list[httpx.Request] = []
        self.service = SearchService(
            Neighbour("search", "http://search", folder / "token", httpx.MockTransport(self._answer))
        )

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        nothing: dict[str, Any] = {"investigations": [], "total": None, "samples": [], "declarations": [], "next": None}
        return httpx.Response(200, json=nothing)

    @property
    def queries(self) -> list[dict[str, list[str]]]:
        return [parse_qs(request.url.query.decode()) for request in self.asked]


async def test_who_asks_for_one_of_no_things_finds_nothing_and_search_is_not_asked_for_everything(
    tmp_path: Path,
) -> None:
    search = Search(tmp_path)
    for field in ("beamlines", "at_beamlines", "proposals", "numbers", "ids", "declared_ids"):
        assert await search.service.investigations(InvestigationQuery(**{field: ()})) == ([], 0)  # type: ignore[arg-type]
    assert await search.service.samples([]) == await search.service.samples_by_number([]) == []
    assert await search.service.investigations_of([]) == []
    assert await search.service.permitted_numbers([], None) == set()
    assert await search.service.declared([]) == ((), (), ())
    assert search.asked == []


async def test_the_beamlines_that_the_asker_may_read_are_passed_on(tmp_path: Path) -> None:
    search = Search(tmp_path)
    await search.service.investigations(InvestigationQuery(beamlines=("id29", "id30a-3"), numbers=(1, 2)))
    [query] = search.queries
    assert (query["beamlines"], query["number"]) == (["id29", "id30a-3"], ["1", "2"])
    assert "proposal" not in query


async def test_more_than_fits_into_a_url_is_asked_for_in_parts(tmp_path: Path) -> None:
    search = Search(tmp_path)
    ids = {uuid4() for _ in range(2_500)}
    await search.service.samples(ids)
    assert len(search.asked) > 1
    assert {UUID(each) for query in search.queries for each in query["investigation"]} == ids
    assert all(len(request.url.query) < 2 * MOST_URL_BYTES for request in search.asked)


def test_lots_keep_all_values_in_their_order_and_end_by_number_and_by_size() -> None:
    numbers = list(range(2 * MOST_VALUES + 1))
    assert [int(text) for lot in lots(numbers) for text in lot] == numbers
    assert [len(lot) for lot in lots(numbers)] == [MOST_VALUES, MOST_VALUES, 1]
    long = ["é" * 255] * 100
    assert [text for lot in lots(long) for text in lot] == long
    assert max(len(lot) for lot in lots(long)) * 255 * 6 <= MOST_URL_BYTES
    assert list(lots([])) == []

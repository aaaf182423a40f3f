"""Another beamcat is read in the order of its commits, page by page."""

import json
from typing import Any

import httpx
import pytest

from clients.cli.backfill import catalogue_source
from clients.cli.backfill.catalogue_source import CatalogueSource
from clients.cli.backfill.remote import Remote
from clients.cli.terminal.output import Failed
from tests.unit.cli.backfill.documents import committed


class Search:
    """The search service of another beamcat, as a transport of httpx. A cursor is the number of the first row."""

    def __init__(self, count: int) -> None:
        self.events = [committed(number) for number in range(count)]
        self.asked: list[str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        fields = request.url.params
        assert (fields["sort"], fields["order"]) == ("committed_at", "asc")
        self.asked.append(request.url.path)
        if request.url.path == "/datasets":
            return httpx.Response(200, json=self._page(int(fields.get("cursor", 0)), int(fields["limit"])))
        if request.headers.get("Authorization") != "Bearer secret":
            return httpx.Response(401, json={"detail": "the token is not known"})
        wanted = fields.get_list("dataset_id")
        return httpx.Response(200, text="".join(f"{json.dumps(line)}\n" for line in self._lines(wanted)))

    def _page(self, first: int, limit: int) -> dict[str, Any]:
        rows = [{"dataset_id": event["commit"]["dataset_id"]} for event in self.events[first : first + limit]]
        following = first + limit
        more = following < len(self.events)
        return {"datasets": rows, "count": len(self.events), "next": str(following) if more else None}

    def _lines(self, wanted: list[str]) -> list[dict[str, Any]]:
        found = [event for event in self.events if event["commit"]["dataset_id"] in wanted]
        return [{"total": len(found), "document": {"event": event}, "outputs": []} for event in found]


def source(search: Search, bearer: str = "secret") -> CatalogueSource:
    return CatalogueSource(Remote("http://search.example", bearer, httpx.MockTransport(search)))


@pytest.mark.parametrize("count", [0, 1, 10, 25])
def test_every_dataset_is_read_once(monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    monkeypatch.setattr(catalogue_source, "PAGE", 10)
    items = list(source(Search(count)).read(None))
    assert [item.submissions[0]["path"] for item in items] == [f"/data/{number}" for number in range(count)]
    assert not items or items[-1].done == 1.0


def test_reading_goes_on_after_any_dataset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalogue_source, "PAGE", 10)
    search = Search(25)
    whole = list(source(search).read(None))
    for number, item in enumerate(whole, 1):
        rest = source(search).read(json.loads(json.dumps(item.after)))
        assert [each.receipt_ids() for each in rest] == [each.receipt_ids() for each in whole[number:]]


def test_a_dataset_that_moved_to_the_end_meanwhile_hides_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalogue_source, "PAGE", 10)
    search = Search(15)
    whole = list(source(search).read(None))
    search.events.append(search.events.pop(3))
    rest = [item.place for item in source(search).read(whole[3].after)]
    assert set(rest) >= {item.place for item in whole[4:]}


def test_without_its_token_it_is_not_read() -> None:
    with pytest.raises(Failed, match=r"token is not known.*BACKFILL_TOKEN"):
        list(source(Search(1), "another").read(None))

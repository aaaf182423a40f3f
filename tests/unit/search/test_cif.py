"""`GET /datasets/{id}.cif`, over events that are remembered."""

from collections.abc import Collection
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi import APIRouter, FastAPI
from gemmi import cif

from services.search.routes import cif as exporting
from services.search.routes.cif import add_cif, ancestors
from shared.events.dataset import DatasetCommitted, Document
from tests.builders.described import VOCABULARY
from tests.builders.mmcif import TYPICAL, result, sweep
from tests.builders.search.records import Topics


class RememberedEvents:
    """The committed events of some datasets."""

    def __init__(self, *documents: Document) -> None:
        topics = Topics()
        self.asked: list[UUID] = []
        self._events = {}
        for one in documents:
            event = topics.committed(one.path).value or b""
            committed = DatasetCommitted.model_validate_json(event).model_copy(update={"document": one})
            self._events[one.dataset_id] = committed.model_dump_json().encode()

    async def documents(self, ids: Collection[UUID]) -> dict[UUID, bytes]:
        self.asked += ids
        return {one: self._events[one] for one in ids if one in self._events}


async def answer_of(dataset_id: UUID, *documents: Document) -> httpx.Response:
    app, router = FastAPI(), APIRouter()
    add_cif(router, RememberedEvents(*documents), VOCABULARY)
    app.include_router(router)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://search") as client:
        return await client.get(f"/datasets/{dataset_id}.cif")


async def test_a_result_is_answered_with_all_that_it_was_made_from() -> None:
    integrated = result({"Process_program": "XDS"}, [sweep(1)], "XDS")
    merged = result(TYPICAL, [integrated, sweep(2)])
    answer = await answer_of(merged.dataset_id, sweep(1), sweep(2), integrated, merged)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("chemical/x-mmcif")
    block = cif.read_string(answer.text).sole_block()
    assert list(block.find_values("_reflns_shell.Rmerge_I_obs")) == ["0.02", "0.9"]
    assert len(list(block.find_values("_pdbx_related_exp_data_set.ordinal"))) == 3


async def test_what_is_no_result_of_crystallography_is_refused_in_words() -> None:
    answer = await answer_of(sweep(1).dataset_id, sweep(1))
    assert answer.status_code == 406
    assert "this is mx.raw.datacollection" in answer.json()["detail"]


async def test_what_is_not_catalogued_is_not_found() -> None:
    assert (await answer_of(uuid4())).status_code == 404


async def test_an_ancestor_is_asked_for_once_however_many_results_share_it() -> None:
    first, second = (result({}, [sweep(1)], name) for name in ("a", "b"))
    merged = result(TYPICAL, [first, second])
    events = RememberedEvents(sweep(1), first, second)
    found = await ancestors(events, merged)
    assert [one.path for one in found] == [first.path, second.path, sweep(1).path]
    assert len(events.asked) == 3


async def test_an_answer_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporting, "MOST_ANCESTORS", 2)
    merged = result(TYPICAL, [sweep(number) for number in range(1, 6)])
    assert len(await ancestors(RememberedEvents(*(sweep(number) for number in range(1, 6))), merged)) == 2
